/**
 * The objects that people provision, in their domain form: ids instead of hrefs, names in our own words. policy-compute
 * translates between these and the REST bodies; policy-engine computes on these.
 */
import { z } from 'zod';
import { IntegerId, LabelId, Uuid } from './ids.js';
import { Port, PortRange } from './network.js';
import { Text } from './text.js';

export const ScopeEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('label'), id: LabelId, exclusion: z.boolean().default(false) }),
  z.object({ kind: z.literal('label_group'), id: Uuid, exclusion: z.boolean().default(false) }),
]);
export type ScopeEntry = z.infer<typeof ScopeEntry>;

/** One entry of a rule's side. Entries of one label type are ORed, of different types ANDed; the others are added. */
export const RuleActor = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ams') }),
  z.object({ kind: z.literal('container_host') }),
  z.object({ kind: z.literal('label'), id: LabelId, exclusion: z.boolean().default(false) }),
  z.object({ kind: z.literal('label_group'), id: Uuid, exclusion: z.boolean().default(false) }),
  z.object({ kind: z.literal('workload'), id: Text }),
  z.object({ kind: z.literal('ip_list'), id: IntegerId }),
  z.object({ kind: z.literal('virtual_service'), id: Uuid }),
]);
export type RuleActor = z.infer<typeof RuleActor>;

export const ServiceRef = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('service'), id: IntegerId }),
  z.object({ kind: z.literal('ports'), ports: PortRange }),
]);
export type ServiceRef = z.infer<typeof ServiceRef>;

const resolveAs = z.array(z.enum(['workloads', 'virtual_services']));

export const Rule = z.object({
  id: IntegerId,
  enabled: z.boolean(),
  description: Text,
  providers: z.array(RuleActor),
  consumers: z.array(RuleActor),
  services: z.array(ServiceRef),
  unscopedConsumers: z.boolean(),
  resolveProvidersAs: resolveAs,
  resolveConsumersAs: resolveAs,
  /** On these sides workloads mean, as peers, the subnets of their interfaces instead of their addresses; absent: on none. */
  subnetsOf: z.array(z.enum(['providers', 'consumers'])).optional(),
});
export type Rule = z.infer<typeof Rule>;

export const DenyRule = z.object({
  id: IntegerId,
  enabled: z.boolean(),
  description: Text,
  override: z.boolean(),
  providers: z.array(RuleActor),
  consumers: z.array(RuleActor),
  services: z.array(ServiceRef),
  unscopedConsumers: z.boolean(),
});
export type DenyRule = z.infer<typeof DenyRule>;

/** `scopes: []` means everything, as `[[]]` does. */
export const RuleSet = z.object({
  id: IntegerId,
  name: Text,
  description: Text,
  enabled: z.boolean(),
  scopes: z.array(z.array(ScopeEntry)),
  rules: z.array(Rule),
  denyRules: z.array(DenyRule),
});
export type RuleSet = z.infer<typeof RuleSet>;

/** A deny rule without a scope, the older form. */
export const EnforcementBoundary = z.object({
  id: IntegerId,
  name: Text,
  enabled: z.boolean(),
  providers: z.array(RuleActor),
  consumers: z.array(RuleActor),
  services: z.array(ServiceRef),
});
export type EnforcementBoundary = z.infer<typeof EnforcementBoundary>;

/** `from` is an address or a CIDR (then no `to`); both ends inclusive. Exclusions are taken out of the rest. */
export const IpRange = z.object({
  from: Text,
  to: Text.nullable(),
  exclusion: z.boolean(),
  description: Text,
});
export type IpRange = z.infer<typeof IpRange>;
export const IpList = z.object({
  id: IntegerId,
  name: Text,
  description: Text,
  ranges: z.array(IpRange),
  fqdns: z.array(z.object({ fqdn: Text, description: Text })),
});
export type IpList = z.infer<typeof IpList>;

export const ServiceObject = z.object({
  id: IntegerId,
  name: Text,
  description: Text,
  ports: z.array(PortRange),
});
export type ServiceObject = z.infer<typeof ServiceObject>;

export const LabelGroup = z.object({
  id: Uuid,
  name: Text,
  description: Text,
  key: Text,
  labels: z.array(LabelId),
  subGroups: z.array(Uuid),
});
export type LabelGroup = z.infer<typeof LabelGroup>;

/** A labelled name for what answers at some addresses. `service` names the ports, or `ports` does. */
export const VirtualService = z.object({
  id: Uuid,
  name: Text,
  description: Text,
  applyTo: z.enum(['host_only', 'internal_bridge_network']),
  labels: z.array(LabelId),
  service: IntegerId.nullable(),
  ports: z.array(PortRange),
  addresses: z.array(
    z.object({
      ip: Text.optional(),
      fqdn: Text.optional(),
      port: Port.optional(),
      network: Text.optional(),
      description: Text.optional(),
    }),
  ),
  overrides: z.array(Text),
});
export type VirtualService = z.infer<typeof VirtualService>;

/** A workload that answers for a virtual service. Effective at once, without a draft; it is made and ended, never changed. */
export const ServiceBinding = z.object({
  id: Uuid,
  virtualService: Uuid,
  workload: Text,
  /** Where the workload answers elsewhere: of the service's range that begins at `from`. */
  portOverrides: z.array(
    z.object({ proto: z.number().int(), from: Port, newFrom: Port, newTo: Port.nullable() }),
  ),
});
export type ServiceBinding = z.infer<typeof ServiceBinding>;

/** What the firewall settings say by scope of labels, in the API's words. Empty: of nobody; an empty scope: of all. */
export const FIREWALL_SCOPES = [
  'static_policy_scopes',
  'containers_inherit_host_policy_scopes',
  'blocked_connection_reject_scopes',
  'loopback_interfaces_in_policy_scopes',
  'ip_forwarding_enabled_scopes',
  'rule_hit_count_enabled_scopes',
] as const;
export const FirewallSettings = z.object({
  id: IntegerId,
  name: Text,
  scopes: z.record(z.enum(FIREWALL_SCOPES), z.array(z.array(ScopeEntry))),
  /** Workloads that carry these labels keep other programs' firewall rules; ours come first where `isPrimary`. */
  coexistence: z.array(
    z.object({
      labels: z.array(LabelId),
      isPrimary: z.boolean(),
      mode: z.enum(['enforced', 'illuminated']).nullable(),
    }),
  ),
});
export type FirewallSettings = z.infer<typeof FirewallSettings>;

/** By type, in the API's words, in the order in which clients see it: what is provisioned, and policy is computed from. */
const PROVISIONED_AND_COMPUTED = {
  ip_lists: IpList,
  services: ServiceObject,
  label_groups: LabelGroup,
  rule_sets: RuleSet,
  enforcement_boundaries: EnforcementBoundary,
  virtual_services: VirtualService,
} as const;
const COMPUTED = { ...PROVISIONED_AND_COMPUTED, service_bindings: ServiceBinding } as const;
export type ComputedType = keyof typeof COMPUTED;
export const COMPUTED_TYPES = Object.keys(COMPUTED) as readonly ComputedType[];

/** The collections that are provisioned. What stands here alone is stored, shown and in no policy yet. */
export const PROVISIONABLE = { ...PROVISIONED_AND_COMPUTED, firewall_settings: FirewallSettings } as const;
export type ProvisionableType = keyof typeof PROVISIONABLE;
export const PROVISIONABLE_TYPES = Object.keys(PROVISIONABLE) as readonly ProvisionableType[];

/** Everything that policy is computed from, at one provisioned version. */
export type PolicyObjects = { readonly version: number } & {
  readonly [T in ComputedType]: z.infer<(typeof COMPUTED)[T]>[];
};
