/**
 * The policy lane: what policy-compute says (per label set, never per Pod), what label-resolver says (settings), and
 * the commit that closes a version. Control NATS, stream POLICY, latest value per subject; an empty payload is a tombstone.
 */
import { z } from 'zod';
import { GroupId, Instant, IntegerId, LabelId, LabelSetId, RuleListId } from './ids.js';
import {
  Address,
  AdminPorts,
  Cidr,
  EnforcementMode,
  Isolated,
  Port,
  PortRange,
  Protocol,
} from './network.js';
import { Text } from './text.js';

export const EntityClass = z.enum(['pod', 'service', 'node', 'unmanaged', 'virtual_service']);
export type EntityClass = z.infer<typeof EntityClass>;

/** What Pods (and other entities) share; everything is computed per label set. `namespace` is null for nodes and unmanaged workloads. */
export const LabelSet = z.object({
  id: LabelSetId,
  cluster: Text,
  namespace: Text.nullable(),
  class: EntityClass,
  labels: z.array(LabelId),
});
export type LabelSet = z.infer<typeof LabelSet>;

/** Total order of evaluation, the same everywhere: the first rule of the first class that matches decides. */
export const RULE_CLASSES = ['essential', 'override_deny', 'allow', 'deny'] as const;
export const RuleClass = z.enum(RULE_CLASSES);
export type RuleClass = z.infer<typeof RuleClass>;

export const WireRule = z.object({
  /** href of the rule in its active form, or `essential/<name>`. Several wire rules may come from one rule. */
  ref: Text,
  class: RuleClass,
  /** Any of these; never empty. */
  ports: z.array(PortRange),
  /** Any of these; an empty list matches nobody. */
  peers: z.array(GroupId),
  /** Only these workloads of the label set (a rule that names workloads); absent: all of the label set. */
  onlyWorkloads: z.array(Text).optional(),
  /**
   * The provider is Services of the cluster: their ports count, and not those named here. Only the cluster knows which; who does not
   * know of this finds nobody among the peers.
   */
  servicePorts: z.boolean().optional(),
});
export type WireRule = z.infer<typeof WireRule>;

/** What everybody who matches the same selectors enforces. Rules are sorted: class, then rule set, then rule. */
export const RuleList = z.object({
  id: RuleListId,
  ingress: z.array(WireRule),
  egress: z.array(WireRule),
});
export type RuleList = z.infer<typeof RuleList>;

/** What one label set must enforce: the rules of these lists, one list after the other. Of Services: what those behind them must. */
export const UnitOfLists = z.object({
  labelSet: LabelSet,
  mode: EnforcementMode,
  lists: z.array(RuleListId),
});
export type UnitOfLists = z.infer<typeof UnitOfLists>;

/** The same with its rules at hand. */
export const Unit = z.object({
  labelSet: LabelSet,
  mode: EnforcementMode,
  /** Absent: in neither direction, or in full anyway. */
  isolated: Isolated.optional(),
  ingress: z.array(WireRule),
  egress: z.array(WireRule),
});
export type Unit = z.infer<typeof Unit>;

/** A peer group by definition, never by its list of Pods. An address is in it if any of the parts says so. */
export const Group = z.object({
  id: GroupId,
  /** Each once, as the workloads. */
  labelSets: z.array(LabelSetId),
  /** Endpoints of these workloads (a rule that names workloads). */
  workloads: z.array(Text),
  /** Normalised, disjoint, exclusions already taken out, sorted. */
  cidrs: z.array(Cidr),
  /** Stored and shown; not enforced yet. */
  fqdns: z.array(Text),
  /** The addresses of the node that hosts the Pod in question ("container host"). */
  ownHost: z.boolean(),
  /** Label sets of Services: the workloads behind them. Only the cluster knows who that is, and says it in `workloads`. */
  behindServices: z.array(LabelSetId).optional(),
});
export type Group = z.infer<typeof Group>;

/** Nobody is in it but who is in its parts. */
export const makeGroup = (id: string, parts: Partial<Omit<Group, 'id'>>): Group => ({
  id,
  labelSets: [],
  workloads: [],
  cidrs: [],
  fqdns: [],
  ownHost: false,
  ...parts,
});

/** Address(es) that belong to a label set. Pods, nodes and unmanaged workloads alike. */
export const Endpoint = z.object({
  /** Pod uid, node name, or workload id. */
  id: Text,
  /** The (Kubernetes) workload that it belongs to. */
  workload: Text.nullable(),
  labelSet: LabelSetId,
  class: EntityClass,
  addresses: z.array(Address),
  node: Text.nullable(),
  /** Only for Pods. */
  pod: z
    .object({
      namespace: Text,
      name: Text,
      probePorts: z.array(z.object({ proto: Protocol, port: Port })),
      visibilityLevel: Text.optional(),
    })
    .optional(),
  /** Overrides the unit's mode (nodes of one label set may differ). */
  mode: EnforcementMode.optional(),
  /** Of nodes; absent: as the agent is set. */
  adminPorts: AdminPorts.optional(),
  /** Of nodes, as `pod` has it: which flows its agent reports; absent, or not known to the agent: all. */
  visibilityLevel: Text.optional(),
  /** Of nodes: it is nobody's peer while its agent is not heard. */
  lost: z.boolean().optional(),
});
export type Endpoint = z.infer<typeof Endpoint>;

const versioned = {
  /** Number of policy-compute's flush that wrote the record; a commit of the same or a higher number closes it. */
  flush: z.number().int(),
  /** Provisioned policy version in force at that flush. */
  policyVersion: z.number().int(),
};
export const UnitRecord = z.object({ ...versioned, unit: UnitOfLists });
export type UnitRecord = z.infer<typeof UnitRecord>;
export const RuleListRecord = z.object({ ...versioned, list: RuleList });
export type RuleListRecord = z.infer<typeof RuleListRecord>;
export const GroupRecord = z.object({ ...versioned, group: Group });
export type GroupRecord = z.infer<typeof GroupRecord>;
export const EndpointRecord = z.object({ ...versioned, endpoint: Endpoint });
export type EndpointRecord = z.infer<typeof EndpointRecord>;

/**
 * How far what label-resolver says is taken in, by kind: the position of its last event that concerns the cluster. Each kind is
 * read by itself, so that one position for all of them would claim what nobody knows.
 */
export const FactPositions = z.object({
  label: z.number().int(),
  profile: z.number().int(),
  entity: z.number().int(),
});
export type FactPositions = z.infer<typeof FactPositions>;
export const NO_FACTS: FactPositions = { label: 0, profile: 0, entity: 0 };

/** Closes a flush: counts of live records per kind after it, and a hash over their ids. Applied at commit only. */
export const CommitRecord = z.object({
  ...versioned,
  at: Instant,
  counts: z.object({
    unit: z.number().int(),
    list: z.number().int(),
    group: z.number().int(),
    endpoint: z.number().int(),
  }),
  hash: Text,
  /** What the records were made from; absent from older ones. */
  facts: FactPositions.optional(),
});
export type CommitRecord = z.infer<typeof CommitRecord>;

/** How a profile gives labels of one type. */
export const LabelAssignment = z.discriminatedUnion('how', [
  z.object({ how: z.literal('none') }),
  z.object({ how: z.literal('any') }),
  z.object({ how: z.literal('restricted'), labels: z.array(LabelId) }),
  z.object({ how: z.literal('fixed'), label: LabelId }),
]);
export type LabelAssignment = z.infer<typeof LabelAssignment>;

/** Settings records, published by label-resolver: kinds `labels`, `profile`, `node`, and `settled` after them. Applied at once, each on its own. */
export const LabelCatalogue = z.object({
  version: z.number().int(),
  types: z.array(Text),
  labels: z.array(z.object({ id: LabelId, key: Text, value: Text })),
});
export type LabelCatalogue = z.infer<typeof LabelCatalogue>;

export const ProfileSettings = z.object({
  id: Text,
  namespace: Text,
  managed: z.boolean(),
  mode: EnforcementMode,
  visibilityLevel: Text.optional(),
  /** By label type; a type that is not named is `any`. */
  assignments: z.record(Text, LabelAssignment),
});
export type ProfileSettings = z.infer<typeof ProfileSettings>;

export const NodeSettings = z.object({
  node: Text,
  workload: Text,
  labels: z.array(LabelId),
  mode: EnforcementMode,
  adminPorts: AdminPorts.optional(),
  visibilityLevel: Text.optional(),
});
export type NodeSettings = z.infer<typeof NodeSettings>;

/** Written after the settings of label-resolver's events up to this position. */
export const SettledRecord = z.object({ position: z.number().int() });
export type SettledRecord = z.infer<typeof SettledRecord>;

/** What somebody has, in terms of what was asked for: a version, and settings as of these positions. */
export const PolicyStamp = z.object({
  policyVersion: z.number().int(),
  facts: FactPositions,
  settled: z.number().int(),
});
export type PolicyStamp = z.infer<typeof PolicyStamp>;

/** Kind segment of `policy.<cluster>.<kind>.<id>` → schema. */
export const POLICY_RECORDS = {
  unit: UnitRecord,
  list: RuleListRecord,
  group: GroupRecord,
  endpoint: EndpointRecord,
  commit: CommitRecord,
  labels: LabelCatalogue,
  profile: ProfileSettings,
  node: NodeSettings,
  settled: SettledRecord,
} as const;
export type PolicyRecordKind = keyof typeof POLICY_RECORDS;

/** A rule of the policy in force by its href, for people: `name` is "rule set / rule". */
export const RuleName = z.object({ ref: Text, ruleSet: IntegerId.nullable(), name: Text });
export type RuleName = z.infer<typeof RuleName>;
