/** The whole policy of a version in the words of policy documents, as the server has it now. */
import type { ApiClient } from './api.client.js';
import { grouped } from './graph/grouped.js';
import { KINDS } from './policy-kinds.js';
import type { Kind } from './policy-kinds.js';
import { readFileNames } from './policy-names.js';
import { policyWords } from './policy-words.js';
import { idOf } from './word-forms.js';
import type {
  BindingBody,
  FirewallBody,
  IpListBody,
  LabelGroupBody,
  LabelTypeBody,
  RuleSetBody,
  ServiceBody,
  VirtualServiceBody,
} from './policy-bodies.js';
import type { BoundaryBody } from './policy-bodies.js';

export type Words = Readonly<Record<string, unknown>>;
/** By kind; of the firewall settings, which are one, a list of one. */
export type PolicyInWords = Readonly<Record<Kind, readonly Words[]>>;
export const COLLECTIONS = {
  label_groups: 'label_groups',
  ip_lists: 'ip_lists',
  services: 'services',
  virtual_services: 'virtual_services',
  rule_sets: 'rule_sets',
  boundaries: 'enforcement_boundaries',
  firewall_settings: 'firewall_settings',
} as const;
export type Provisioned = keyof typeof COLLECTIONS;

export const NOTHING: PolicyInWords = Object.fromEntries(
  KINDS.map((kind) => [kind, []]),
) as unknown as PolicyInWords;

export interface ReadPolicy {
  readonly policy: PolicyInWords;
  readonly labels: readonly { readonly key: string; readonly value: string }[];
  readonly unsaid: readonly string[];
}

/** What every system starts with is in every system: it is no part of what people wrote. */
const SEEDED = new Set(['All Services', 'Any (0.0.0.0/0 and ::/0)']);
const BUILT_IN_TYPES = new Set(['role', 'app', 'env', 'loc']);
/** The rule set that would let everything out, as long as nobody enabled it. */
const isDormant = ({ name, rules, deny_rules: denyRules = [] }: RuleSetBody): boolean =>
  name === 'Default' && [...rules, ...denyRules].every(({ enabled }) => !enabled);

/** `version`: active, draft or a number. What is marked for deletion in the draft is not there. */
export async function readPolicy(api: ApiClient, version: string): Promise<ReadPolicy> {
  const all = async <T extends { readonly name: string }>(kind: Provisioned): Promise<T[]> => {
    const found = await api.all<T & { readonly update_type?: string | null }>(
      `/sec_policy/${version}/${COLLECTIONS[kind]}`,
    );
    return found
      .filter(({ name, update_type: change }) => !SEEDED.has(name) && change !== 'delete')
      .sort(byName);
  };
  const [names, groups, lists, services, virtual, bindings, sets, boundaries, settings, types] =
    await Promise.all([
      readFileNames(api, version),
      all<LabelGroupBody>('label_groups'),
      all<IpListBody>('ip_lists'),
      all<ServiceBody>('services'),
      all<VirtualServiceBody>('virtual_services'),
      api.all<BindingBody>('/service_bindings'),
      all<RuleSetBody>('rule_sets'),
      all<BoundaryBody>('boundaries'),
      api.get<FirewallBody>(`/sec_policy/${version}/firewall_settings`),
      api.all<LabelTypeBody>('/label_dimensions'),
    ]);
  const words = policyWords(names);
  const bound = grouped(bindings, (binding) => idOf(binding.virtual_service.href));
  const firewall = words.firewallSettings(settings);
  const own = types.filter(({ key }) => !BUILT_IN_TYPES.has(key)).sort((a, b) => (a.key < b.key ? -1 : 1));
  const policy: PolicyInWords = {
    label_types: own.map(words.labelType),
    label_groups: groups.map(words.labelGroup),
    ip_lists: lists.map(words.ipList),
    services: services.map(words.service),
    virtual_services: virtual.map((one) => words.virtualService(one, bound.get(idOf(one.href)) ?? [])),
    rule_sets: sets.filter((set) => !isDormant(set)).map(words.ruleSet),
    boundaries: boundaries.map(words.boundary),
    firewall_settings: Object.keys(firewall).length === 0 ? [] : [firewall],
  };
  return { policy, labels: words.labels(), unsaid: [...words.unsaid(), ...sharedNames(policy)] };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** Services may share a name: documents could not tell them apart. */
function sharedNames({ services }: PolicyInWords): string[] {
  const names = services.map(({ name }) => String(name));
  const shared = new Set(names.filter((name, index) => names.indexOf(name) < index));
  return [...shared].map(
    (name) => `services that share the name "${name}": documents cannot tell them apart`,
  );
}
