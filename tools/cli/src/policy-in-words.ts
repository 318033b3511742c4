/** The whole policy of a version in the words of a policy file, as the server has it now. */
import type { ApiClient } from './api.client.js';
import { readFileNames } from './policy-names.js';
import { policyWords } from './policy-words.js';
import type { IpListBody, LabelGroupBody, RuleBody, RuleSetBody, ServiceBody } from './policy-words.js';

export type Words = Readonly<Record<string, unknown>>;
/** In the order in which kinds need each other. */
export const KINDS = ['label_groups', 'ip_lists', 'services', 'rule_sets', 'boundaries'] as const;
export type Kind = (typeof KINDS)[number];
export type PolicyInWords = Readonly<Record<Kind, readonly Words[]>>;
export const COLLECTIONS: Readonly<Record<Kind, string>> = {
  label_groups: 'label_groups',
  ip_lists: 'ip_lists',
  services: 'services',
  rule_sets: 'rule_sets',
  boundaries: 'enforcement_boundaries',
};
export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  label_groups: 'label group',
  ip_lists: 'IP list',
  services: 'service',
  rule_sets: 'rule set',
  boundaries: 'boundary',
};

export interface ReadPolicy {
  readonly policy: PolicyInWords;
  readonly labels: readonly { readonly key: string; readonly value: string }[];
  readonly unsaid: readonly string[];
}

/** What every system starts with is in every system: it is no part of what people wrote. */
const SEEDED = new Set(['All Services', 'Any (0.0.0.0/0 and ::/0)']);
/** The rule set that would let everything out, as long as nobody enabled it. */
const isDormant = ({ name, rules, deny_rules: denyRules = [] }: RuleSetBody): boolean =>
  name === 'Default' && [...rules, ...denyRules].every(({ enabled }) => !enabled);

/** `version`: active, draft or a number. What is marked for deletion in the draft is not there. */
export async function readPolicy(api: ApiClient, version: string): Promise<ReadPolicy> {
  const all = async <T extends { readonly name: string }>(kind: Kind): Promise<T[]> => {
    const found = await api.all<T & { readonly update_type?: string | null }>(
      `/sec_policy/${version}/${COLLECTIONS[kind]}`,
    );
    return found.filter(({ name, update_type: change }) => !SEEDED.has(name) && change !== 'delete');
  };
  const [names, groups, lists, services, sets, boundaries] = await Promise.all([
    readFileNames(api, version),
    all<LabelGroupBody>('label_groups'),
    all<IpListBody>('ip_lists'),
    all<ServiceBody>('services'),
    all<RuleSetBody>('rule_sets'),
    all<RuleBody & { readonly name: string }>('boundaries'),
  ]);
  const words = policyWords(names);
  const policy = {
    label_groups: groups.map(words.labelGroup),
    ip_lists: lists.map(words.ipList),
    services: services.map(words.service),
    rule_sets: sets.filter((set) => !isDormant(set)).map(words.ruleSet),
    boundaries: boundaries.map(words.boundary),
  };
  return { policy, labels: words.labels(), unsaid: words.unsaid() };
}
