/** Policy objects and commands with defaults: a spec shows only what matters to it. */
import type { ProvisionableType } from '@ringfence/contracts';
import type { KnownElsewhere } from '../domain/draft-rules.js';
import type { PolicyEvent } from '../domain/policy-book.js';
import type { PolicyObject, Stamp, StoredRule, UpdateType } from '../domain/policy-object.js';
import type { PolicyCommand, PolicyIntent } from '../domain/policy.decider.js';

export const STAMP: Stamp = { at: '2026-01-02T03:04:05.000Z', by: { kind: 'user', id: '1' } };
const TOUCHED = { created: STAMP, updated: STAMP };

/** Labels 1–9 are roles, 11–19 apps; workloads are `w1` to `w9`. */
const KNOWN: KnownElsewhere = {
  labelKey: (id) => (/^[1-9]$/.test(id) ? 'role' : /^1[1-9]$/.test(id) ? 'app' : undefined),
  hasWorkload: (id) => /^w[1-9]$/.test(id),
};

export const command = (
  intent: PolicyIntent,
  within?: PolicyCommand['within'],
  stamp: Stamp = STAMP,
): PolicyCommand => ({
  ...{ intent, stamp, known: KNOWN },
  ...(within && { within }),
});

export const ipList = (
  id: string,
  over: Partial<PolicyObject<'ip_lists'>> = {},
): PolicyObject<'ip_lists'> => ({
  id,
  name: `list ${id}`,
  description: '',
  ranges: [{ from: '10.0.0.0/8', to: null, exclusion: false, description: '' }],
  fqdns: [],
  ...over,
});

export const service = (
  id: string,
  over: Partial<PolicyObject<'services'>> = {},
): PolicyObject<'services'> => ({
  id,
  name: `service ${id}`,
  description: '',
  ports: [{ proto: 6, from: 443 }],
  ...over,
});

export const labelGroup = (
  id: string,
  over: Partial<PolicyObject<'label_groups'>> = {},
): PolicyObject<'label_groups'> => ({
  id,
  name: `group ${id}`,
  description: '',
  key: 'role',
  labels: [],
  subGroups: [],
  ...over,
});

export const rule = (id: string, over: Partial<StoredRule> = {}): StoredRule => ({
  id,
  enabled: true,
  description: '',
  providers: [{ kind: 'ams' }],
  consumers: [{ kind: 'ams' }],
  services: [{ kind: 'ports', ports: { proto: 6, from: 80 } }],
  unscopedConsumers: false,
  resolveProvidersAs: ['workloads'],
  resolveConsumersAs: ['workloads'],
  ...over,
});

export const ruleSet = (
  id: string,
  over: Partial<PolicyObject<'rule_sets'>> = {},
): PolicyObject<'rule_sets'> => ({
  id,
  name: `rules ${id}`,
  description: '',
  enabled: true,
  scopes: [],
  rules: [],
  denyRules: [],
  iptablesRules: [],
  ...over,
});

export const boundary = (
  id: string,
  over: Partial<PolicyObject<'enforcement_boundaries'>> = {},
): PolicyObject<'enforcement_boundaries'> => ({
  id,
  name: `boundary ${id}`,
  enabled: true,
  providers: [{ kind: 'ams' }],
  consumers: [{ kind: 'ams' }],
  services: [{ kind: 'ports', ports: { proto: 6, from: 23 } }],
  ...over,
});

/** As the decider marks rules that are new at `STAMP`. */
export const stamped = (object: PolicyObject<'rule_sets'>): PolicyObject<'rule_sets'> => ({
  ...object,
  rules: object.rules.map((each) => ({ ...each, touched: TOUCHED })),
  denyRules: object.denyRules.map((each) => ({ ...each, touched: TOUCHED })),
});

export const drafted = (
  type: ProvisionableType,
  object: PolicyObject,
  updateType: UpdateType = 'create',
): Extract<PolicyEvent, { type: 'PolicyObjectDrafted' }> => ({
  type: 'PolicyObjectDrafted',
  data: { type, id: object.id, updateType, object, touched: TOUCHED },
});
export const markedForDeletion = (type: ProvisionableType, id: string): PolicyEvent => ({
  type: 'PolicyObjectDrafted',
  data: { type, id, updateType: 'delete', object: null, touched: TOUCHED },
});
export const reverted = (type: ProvisionableType, id: string): PolicyEvent => ({
  type: 'PolicyObjectReverted',
  data: { type, id },
});
export const provisioned = (
  version: number,
  ...changes: [ProvisionableType, string, UpdateType?][]
): PolicyEvent => ({
  type: 'PolicyProvisioned',
  data: {
    version: String(version),
    note: '',
    workloadsAffected: 0,
    changes: changes.map(([type, id, updateType = 'create']) => ({ type, id, updateType })),
  },
});

/** IP list 2 is in force. */
export const LIST_IS_ACTIVE = [drafted('ip_lists', ipList('2')), provisioned(1, ['ip_lists', '2'])];
export const usingList = (id: string) => rule('1', { consumers: [{ kind: 'ip_list', id }] });
