/** REST bodies of rule sets and of what travels with them: scopes, rules (`sec_rules`) and deny rules. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import {
  deletionMeta,
  Description,
  externalReference,
  Href,
  objectMeta,
  ObjectName,
  provisionableMeta,
  Reference,
  UpdateType,
} from './href.js';
import { labelsQuery, namedQuery } from './filters.js';
import { IptablesRuleBody, IptablesRuleItem } from './iptables-rules.js';
import { Actors, IngressServices, NetworkType, Scopes } from './rule-actors.js';
import { Text } from '../text.js';

const ResolveAs = z
  .array(z.enum(['workloads', 'virtual_services']))
  .min(1)
  .max(2);

/** Kept and given back, without effect on what is enforced: encryption, authentication, Windows, network kinds. */
const uninterpreted = {
  egress_services: z.array(Reference).nullish(),
  sec_connect: z.boolean().nullish(),
  machine_auth: z.boolean().nullish(),
  stateless: z.boolean().nullish(),
  consuming_security_principals: z.array(Reference).nullish(),
  network_type: NetworkType.nullish(),
  use_workload_subnets: z.array(z.enum(['providers', 'consumers'])).nullish(),
  log_flow: z.boolean().nullish(),
} as const;

export const RuleCreate = z.strictObject({
  providers: Actors,
  consumers: Actors,
  ingress_services: IngressServices,
  enabled: z.boolean().optional(),
  description: Description,
  resolve_labels_as: z.strictObject({ providers: ResolveAs, consumers: ResolveAs }).optional(),
  unscoped_consumers: z.boolean().optional(),
  ...uninterpreted,
  ...externalReference,
});
export type RuleCreate = z.infer<typeof RuleCreate>;
export const RuleUpdate = RuleCreate.partial().extend({ update_type: UpdateType.nullish() });
export type RuleUpdate = z.infer<typeof RuleUpdate>;

export const DenyRuleCreate = z.strictObject({
  providers: Actors,
  consumers: Actors,
  ingress_services: IngressServices.min(1),
  enabled: z.boolean().optional(),
  description: Description,
  override: z.boolean().optional(),
  unscoped_consumers: z.boolean().optional(),
  egress_services: z.array(Reference).nullish(),
  network_type: NetworkType.nullish(),
});
export type DenyRuleCreate = z.infer<typeof DenyRuleCreate>;
export const DenyRuleUpdate = DenyRuleCreate.partial();
export type DenyRuleUpdate = z.infer<typeof DenyRuleUpdate>;

/** Rules inside a rule set: an entry with an `href` is that rule, one without is new. The list given is the list that is. */
const NestedRule = z.strictObject({ href: Href.optional(), ...RuleUpdate.shape });
const NestedDenyRule = z.strictObject({ href: Href.optional(), ...DenyRuleUpdate.shape });

/** Rules and deny rules together. */
export const RULES_PER_RULE_SET_MAX = 10_000;

export const RuleSetCreate = z.strictObject({
  name: ObjectName,
  scopes: Scopes,
  description: Description,
  enabled: z.boolean().optional(),
  rules: z.array(NestedRule).max(RULES_PER_RULE_SET_MAX).nullish(),
  deny_rules: z.array(NestedDenyRule).max(RULES_PER_RULE_SET_MAX).nullish(),
  ip_tables_rules: z.array(IptablesRuleBody).max(1_000).nullish(),
  ...externalReference,
});
export type RuleSetCreate = z.infer<typeof RuleSetCreate>;
export const RuleSetUpdate = RuleSetCreate.partial().extend({ update_type: UpdateType.nullish() });
export type RuleSetUpdate = z.infer<typeof RuleSetUpdate>;

const ruleMeta = { href: Href, ...objectMeta, ...deletionMeta, update_type: UpdateType.nullish() } as const;
const sides = {
  providers: z.array(z.looseObject({})),
  consumers: z.array(z.looseObject({})),
  ingress_services: z.array(z.looseObject({})),
} as const;
export const RuleItem = z.looseObject({
  ...ruleMeta,
  enabled: z.boolean(),
  description: Text,
  ...sides,
  resolve_labels_as: z.looseObject({ providers: z.array(Text), consumers: z.array(Text) }),
  unscoped_consumers: z.boolean(),
});
export const DenyRuleItem = z.looseObject({
  ...ruleMeta,
  enabled: z.boolean(),
  description: Text,
  override: z.boolean(),
  ...sides,
  unscoped_consumers: z.boolean(),
});
export const RuleSetItem = z.looseObject({
  ...provisionableMeta,
  name: Text,
  description: Text,
  enabled: z.boolean(),
  scopes: z.array(z.array(z.looseObject({}))),
  rules: z.array(RuleItem),
  deny_rules: z.array(DenyRuleItem),
  ip_tables_rules: z.array(IptablesRuleItem),
});

export const ruleSetCollections = {
  rule_sets: {
    create: RuleSetCreate,
    update: RuleSetUpdate,
    item: RuleSetItem,
    query: { ...namedQuery, ...labelsQuery },
  },
  'rule_sets/sec_rules': {
    create: RuleCreate,
    update: RuleUpdate,
    item: RuleItem,
    query: {
      external_data_set: namedQuery.external_data_set,
      external_data_reference: namedQuery.external_data_reference,
    },
  },
  'rule_sets/deny_rules': { create: DenyRuleCreate, update: DenyRuleUpdate, item: DenyRuleItem },
} as const satisfies CollectionContracts;
