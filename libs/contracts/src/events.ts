/**
 * Domain events, by owner. An event's `data` is state-like (the whole new value of what it names), so that a
 * consumer needs no history. Entity segment of the subject and type → schema in `EVENTS`; version 1 unless `raised`.
 * `…State` is what consumers read. Some events carry more, optional here: what their owner shows over REST.
 */
import { z } from 'zod';
import { AgentRefusal } from './agents.js';
import { event, raised } from './event-versions.js';
import type { EventContract } from './event-versions.js';
import { Instant, IntegerId, LabelId, Uuid } from './ids.js';
import {
  Address,
  AdminPorts,
  Cidr,
  EnforcementMode,
  NetworkTypeOfCluster,
  SeenFromOutside,
} from './network.js';
import { MappedLabels } from './observations.js';
import { EntityClass, LabelAssignment } from './policy.js';
import { PROVISIONABLE_TYPES, ServiceBinding } from './policy-objects.js';
import { Text } from './text.js';

const stringMap = z.record(Text, Text);

// ---- inventory -------------------------------------------------------------------------------------------------

/**
 * Who gave a label, as its owner recorded it. `template`: the profile of the namespace, as it was copied from the cluster's template.
 * `name`: the annotation, the Kubernetes label that the label map reads, the pairing profile, or who wrote it.
 */
export const LabelOrigin = z.object({
  label: LabelId,
  by: z.enum(['profile', 'template', 'annotation', 'label-map', 'pairing-profile', 'person', 'csv']),
  name: Text.optional(),
});
export type LabelOrigin = z.infer<typeof LabelOrigin>;

export const ContainerClusterState = z.object({ id: Uuid, name: Text, description: Text });
export const NamespaceState = z.object({
  cluster: Uuid,
  uid: Text,
  name: Text,
  labels: stringMap,
  annotations: stringMap,
  /** The hash of the pairing key that it presents; absent: none. */
  pairingKey: Text.optional(),
});
export type NamespaceState = z.infer<typeof NamespaceState>;

/** A Kubernetes workload: `id` is `kubernetesWorkloadId(cluster, uid)`. */
export const KubernetesWorkloadState = z.object({
  id: Uuid,
  cluster: Uuid,
  uid: Text,
  kind: Text,
  namespace: Text,
  name: Text,
  labels: stringMap,
  annotations: stringMap,
  mapped: MappedLabels,
  /** Where there are other clusters: how they see its Pods. */
  outside: SeenFromOutside.optional(),
});
export type KubernetesWorkloadState = z.infer<typeof KubernetesWorkloadState>;

/** A workload of the control plane: a paired node (`node` and `cluster` set) or an unmanaged host. */
export const WorkloadState = z.object({
  id: Uuid,
  cluster: Uuid.nullable(),
  node: Text.nullable(),
  name: Text,
  hostname: Text,
  description: Text,
  managed: z.boolean(),
  labels: z.array(LabelId),
  mode: EnforcementMode,
  addresses: z.array(Address),
  /** Of hosts that people describe: what rules about subnets are made from. */
  interfaces: z
    .array(
      z.object({
        ...{ address: Text.nullish(), loopback: z.boolean().optional() },
        /** Length of the prefix. */
        cidr_block: z.number().int().nullish(),
      }),
    )
    .readonly()
    .optional(),
  /** Of nodes; null or absent: as the agent is set. */
  adminPorts: AdminPorts.nullable().optional(),
  /** Which flows its agent reports. */
  visibilityLevel: Text.optional(),
  /** Its agent was silent for so long that its addresses are in nobody's rules. */
  lost: z.boolean().optional(),
  /** Of nodes, where there are other clusters: how they see it, as Kubernetes tells; its other addresses may be theirs as well. */
  outside: SeenFromOutside.optional(),
  /** Of a label that was given before this was recorded: none. */
  origins: z.array(LabelOrigin).optional(),
});
export type WorkloadState = z.infer<typeof WorkloadState>;

export const PairingProfileState = z.object({
  id: IntegerId,
  name: Text,
  description: Text,
  enabled: z.boolean(),
  mode: EnforcementMode,
  labels: z.array(LabelId),
  visibilityLevel: Text,
  allowedUsesPerKey: z.union([z.number(), z.literal('unlimited')]),
  /** Seconds. */
  keyLifespan: z.union([z.number(), z.literal('unlimited')]),
  isDefault: z.boolean(),
  externalDataSet: Text.nullable(),
  externalDataReference: Text.nullable(),
  uninterpreted: z.record(Text, z.unknown()),
});
export type PairingProfileState = z.infer<typeof PairingProfileState>;
/** `key` names the key; the secret itself is never in an event. */
const PairingKeyIssue = z.object({ id: IntegerId, key: Text, at: Instant });

/**
 * What is not enforced, one alarm per cause: a cluster or a node as a whole (nobody hears it), or one workload. `places` names
 * a few of them, `count` counts all. Later changes of an open alarm are no event: REST shows them.
 */
const EnforcementAlarm = z.object({
  cluster: Uuid,
  scope: z.enum(['cluster', 'node', 'workload']),
  /** Cluster, node (its name), or workload. */
  id: Text,
  name: Text,
  namespace: Text.nullable(),
  since: Instant,
});
export const EnforcementLoss = EnforcementAlarm.extend({
  count: z.number().int(),
  reasons: z.array(z.object({ token: Text, message: Text })).max(8),
  places: z.array(Text).max(20),
});
export type EnforcementLoss = z.infer<typeof EnforcementLoss>;

const removed = z.object({ id: Text });
const shownReferences = {
  externalDataSet: Text.nullable().optional(),
  externalDataReference: Text.nullable().optional(),
};
const ShownContainerCluster = ContainerClusterState.extend({
  datacenterNat1to1: z.boolean().optional(),
  networkType: NetworkTypeOfCluster.optional(),
});
const ShownWorkload = WorkloadState.extend({
  ...shownReferences,
  interfaces: z.array(z.record(Text, z.unknown())).optional(),
  publicIp: Text.nullable().optional(),
  online: z.boolean().optional(),
  about: z.record(Text, z.unknown()).optional(),
  /** Texts that were given, as empty ones. */
  emptied: z.array(z.enum(['name', 'hostname', 'description'])).optional(),
  /** Of a paired node: the number of its agent. */
  agent: IntegerId.optional(),
});

// ---- label-resolver --------------------------------------------------------------------------------------------

export const LabelState = z.object({
  id: LabelId,
  key: Text,
  value: Text,
  externalDataSet: Text.nullable(),
  externalDataReference: Text.nullable(),
});
export type LabelState = z.infer<typeof LabelState>;

/** Who looks back at what was deleted knows nothing of an id. Null: version 1 said no more than the id. */
export const RemovedLabel = removed.extend({ key: Text.nullable(), value: Text.nullable() });
export type RemovedLabel = z.infer<typeof RemovedLabel>;

export const LabelTypeState = z.object({ id: Uuid, key: Text, displayName: Text });

const ShownLabelType = LabelTypeState.extend({
  ...shownReferences,
  displayInfo: z.record(Text, z.unknown()).optional(),
  isBuiltIn: z.boolean().optional(),
});

export const ProfileState = z.object({
  id: Uuid,
  cluster: Uuid,
  /** Null: the cluster's template. */
  namespace: Text.nullable(),
  name: Text,
  description: Text,
  managed: z.boolean(),
  linked: z.boolean(),
  mode: EnforcementMode,
  assignments: z.record(Text, LabelAssignment),
  /** Label types whose assignment is the template's, as it was copied, and nobody's since. */
  ofTemplate: z.array(Text).optional(),
  /** Which flows of its Pods are reported. */
  visibilityLevel: Text.optional(),
});
export type ProfileState = z.infer<typeof ProfileState>;
const ShownProfile = ProfileState.extend({
  isTemplate: z.boolean().optional(),
  isDiscovered: z.boolean().optional(),
  pairingKey: Text.optional(),
  refusesKey: z.boolean().optional(),
});

/** `annotation` is where the value was read: the annotation, or the Kubernetes label that the label map reads. */
export const RefusedAnnotation = z.object({
  key: Text,
  annotation: Text,
  value: Text,
  reason: z.enum(['no-such-label', 'not-in-list', 'fixed', 'none', 'other-prefix-wins']),
});

/** The labels of one entity, decided. Only managed entities have one; `EntityUnlabelled` ends it. */
export const EntityLabelsState = z.object({
  id: Uuid,
  /** Cluster id, or `global` for unmanaged workloads. */
  cluster: Text,
  class: EntityClass,
  kind: Text,
  namespace: Text.nullable(),
  name: Text,
  labels: z.array(LabelId),
  mode: EnforcementMode,
  refused: z.array(RefusedAnnotation),
  /** Known to the control plane: unmanaged workloads and nodes; empty for what lives in a cluster's own store. */
  addresses: z.array(Address),
  /** Of unmanaged workloads that have some wider than their addresses: the subnets of their interfaces. */
  subnets: z.array(Cidr).optional(),
  node: Text.nullable(),
  /** Of nodes; absent: as the agent is set. */
  adminPorts: AdminPorts.optional(),
  /** Of nodes: which flows its agent reports; absent: all. */
  visibilityLevel: Text.optional(),
  /** Of nodes: no peer is to know its addresses. */
  lost: z.boolean().optional(),
  /** Of Pods and nodes, where there are other clusters: how they see them. */
  outside: SeenFromOutside.optional(),
  /** Of a label that was given before this was recorded: none. */
  origins: z.array(LabelOrigin).optional(),
});
export type EntityLabelsState = z.infer<typeof EntityLabelsState>;

// ---- policy-compute --------------------------------------------------------------------------------------------

const objectType = z.enum(PROVISIONABLE_TYPES);
export const PolicyObjectDraft = z.object({
  type: objectType,
  id: Text,
  updateType: z.enum(['create', 'update', 'delete']),
  /** The draft's domain form (see PROVISIONABLE); null when it is marked for deletion or reverted to nothing. */
  object: z.unknown(),
});
/** A rule set's draft is as it was but for these rules, by list: each in the place of the one with its id, new ones last. */
const PolicyRulesDraft = z.object({
  type: z.literal('rule_sets'),
  id: Text,
  updateType: z.enum(['create', 'update', 'delete']),
  lists: z.record(Text, z.object({ written: z.array(z.unknown()), removed: z.array(Text) })),
});
export const PolicyVersionState = z.object({
  version: IntegerId,
  note: Text,
  /** What this version changed. */
  changes: z.array(
    z.object({ type: objectType, id: Text, updateType: z.enum(['create', 'update', 'delete']) }),
  ),
});

const bound = ServiceBinding.extend({ extras: z.record(Text, z.unknown()).optional() });

/** `id` is its SID. */
const SecurityPrincipalState = z.object({ id: Text, name: Text, description: Text });

/** Whether nobody provisions what he wrote himself. */
const SecondPersonState = z.object({ id: Text, required: z.boolean() });

/** Event type → owner, entity segment of `evt.<cluster>.<entity>.<id>`, and what `data` was in every version. */
export const EVENTS = {
  ContainerClusterCreated: event('inventory', 'container-cluster', ShownContainerCluster),
  ContainerClusterChanged: event('inventory', 'container-cluster', ShownContainerCluster),
  ContainerClusterDeleted: event('inventory', 'container-cluster', removed),
  NamespaceDiscovered: event('inventory', 'namespace', NamespaceState),
  NamespaceChanged: event('inventory', 'namespace', NamespaceState),
  NamespaceVanished: event('inventory', 'namespace', z.object({ cluster: Uuid, name: Text })),
  KubernetesWorkloadDiscovered: event('inventory', 'kubernetes-workload', KubernetesWorkloadState),
  KubernetesWorkloadChanged: event('inventory', 'kubernetes-workload', KubernetesWorkloadState),
  KubernetesWorkloadVanished: event('inventory', 'kubernetes-workload', removed),
  WorkloadCreated: event('inventory', 'workload', ShownWorkload),
  WorkloadChanged: event('inventory', 'workload', ShownWorkload),
  WorkloadDeleted: event('inventory', 'workload', removed),
  PairingProfileCreated: event('inventory', 'pairing-profile', PairingProfileState),
  PairingProfileChanged: event('inventory', 'pairing-profile', PairingProfileState),
  PairingProfileDeleted: event('inventory', 'pairing-profile', removed),
  PairingKeyIssued: event('inventory', 'pairing-profile', PairingKeyIssue),
  PairingKeysRevoked: event('inventory', 'pairing-profile', removed),
  AgentRefused: event('inventory', 'agent', AgentRefusal.extend({ cluster: Uuid })),
  EnforcementLost: event('inventory', 'enforcement', EnforcementLoss),
  EnforcementRestored: event('inventory', 'enforcement', EnforcementAlarm),
  LabelCreated: event('label-resolver', 'label', LabelState),
  LabelChanged: event('label-resolver', 'label', LabelState),
  LabelDeleted: raised(event('label-resolver', 'label', removed), RemovedLabel, ({ id }) => ({
    id,
    key: null,
    value: null,
  })),
  LabelTypeCreated: event('label-resolver', 'label-type', ShownLabelType),
  LabelTypeChanged: event('label-resolver', 'label-type', ShownLabelType),
  LabelTypeDeleted: event('label-resolver', 'label-type', z.object({ id: Text, key: Text })),
  ProfileCreated: event('label-resolver', 'profile', ShownProfile),
  ProfileChanged: event('label-resolver', 'profile', ShownProfile),
  ProfileDeleted: event('label-resolver', 'profile', removed),
  EntityLabelled: event('label-resolver', 'entity', EntityLabelsState),
  EntityUnlabelled: event('label-resolver', 'entity', removed),
  PolicyObjectDrafted: event('policy-compute', 'policy-object', PolicyObjectDraft),
  PolicyRulesDrafted: event('policy-compute', 'policy-object', PolicyRulesDraft),
  PolicyObjectReverted: event('policy-compute', 'policy-object', z.object({ type: objectType, id: Text })),
  PolicyProvisioned: event('policy-compute', 'policy-version', PolicyVersionState),
  ServiceBound: event('policy-compute', 'service-binding', bound),
  ServiceUnbound: event('policy-compute', 'service-binding', removed),
  SecurityPrincipalWritten: event('policy-compute', 'security-principal', SecurityPrincipalState),
  SecurityPrincipalDeleted: event('policy-compute', 'security-principal', removed),
  SecondPersonChanged: event('policy-compute', 'second-person', SecondPersonState),
} as const satisfies Record<string, EventContract>;
export type EventType = keyof typeof EVENTS;
