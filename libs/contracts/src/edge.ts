/**
 * clas-cache ⇄ cven ⇄ kubelink on the cluster's NATS, and what clas-cache sends on to the control plane.
 * A C-VEN reads its node's view as a snapshot (`cmd.clas-cache.node-snapshot`), then applies deltas in order.
 */
import { z } from 'zod';
import { GroupId, Instant, LabelId, LabelSetId } from './ids.js';
import { Address, EnforcementMode, Port, Protocol, Verdict } from './network.js';
import { Endpoint, Group, RuleClass, Unit } from './policy.js';

/**
 * One change of a node's view. `base` is the revision that it builds on; null = a snapshot that replaces everything.
 * Units are *effective*: essential rules and the ClusterIP rules of decisions 18 are already in them. Order of
 * application: groups, endpoints, units; removals last.
 */
export const NodeView = z.object({
  node: z.string(),
  revision: z.number().int(),
  base: z.number().int().nullable(),
  policyVersion: z.number().int(),
  at: Instant,
  groups: z.object({ upsert: z.array(Group), remove: z.array(GroupId) }),
  endpoints: z.object({ upsert: z.array(Endpoint), remove: z.array(z.string()) }),
  units: z.object({ upsert: z.array(Unit), remove: z.array(LabelSetId) }),
  /** Managed namespaces and their mode: what a sandbox that nobody has named yet must get. Whole list when present. */
  namespaces: z.array(z.object({ name: z.string(), mode: EnforcementMode })).optional(),
  /** The node is unpaired: its agent removes everything that it made, says so in its last heartbeat, and rests. */
  unpaired: z.boolean().optional(),
});
export type NodeView = z.infer<typeof NodeView>;

/** cven → clas-cache: this revision is in the kernel of this node. `pods`: uids whose own rules are in the kernel. */
export const NodeAck = z.object({
  node: z.string(),
  bootId: z.string(),
  revision: z.number().int(),
  at: Instant,
  applyMs: z.number(),
  pods: z.array(z.string()),
  failed: z.array(z.object({ pod: z.string(), token: z.string(), message: z.string() })),
});
export type NodeAck = z.infer<typeof NodeAck>;

/** clas-cache → control plane: the policy version and flush that every listed node has in its kernel, and convergence. */
export const ClusterAck = z.object({
  node: z.string(),
  revision: z.number().int(),
  policyVersion: z.number().int(),
  at: Instant,
  workloads: z.array(
    z.object({
      workload: z.string(),
      pods: z.number().int(),
      enforced: z.number().int(),
      addresses: z.array(Address),
    }),
  ),
  failed: z.array(z.object({ pod: z.string(), token: z.string(), message: z.string() })),
});
export type ClusterAck = z.infer<typeof ClusterAck>;

/** cven → clas-cache: a sandbox of CRI, seen before Kubernetes tells its address. */
export const SandboxSeen = z.object({
  node: z.string(),
  podUid: z.string(),
  namespace: z.string(),
  name: z.string(),
  addresses: z.array(Address),
  at: Instant,
});
export type SandboxSeen = z.infer<typeof SandboxSeen>;

/** clas-cache → kubelink: what the Pod's readiness condition must say. */
export const PodReadiness = z.object({
  podUid: z.string(),
  namespace: z.string(),
  name: z.string(),
  ready: z.boolean(),
  reason: z.enum(['PolicyReady', 'PolicyReadyTimeout', 'PolicyPending']),
  message: z.string(),
  gates: z.array(z.string()),
});
export type PodReadiness = z.infer<typeof PodReadiness>;

const flowNumbers = {
  direction: z.enum(['inbound', 'outbound']),
  proto: Protocol,
  /** Destination port; for ICMP the type·256 + code. */
  port: Port,
  verdict: Verdict,
  state: z.enum(['new', 'active']),
  /** Packets that opened a connection: connections for TCP, packets until the first answer for UDP, attempts when blocked. */
  connections: z.number().int(),
  /** From the opener, and back to it. */
  bytesOut: z.number().int(),
  bytesIn: z.number().int(),
  /** The rule that decided, named by the agent from the very policy that was in the kernel; null: the mode's default. */
  rule: z.string().nullable(),
  ruleClass: RuleClass.nullable(),
};
/** cven → clas-cache. One batch per rotation; `id` = node, boot id, rotation number, so that a repeat is recognised. */
export const FlowBatch = z.object({
  id: z.string(),
  node: z.string(),
  revision: z.number().int(),
  policyVersion: z.number().int(),
  from: Instant,
  to: Instant,
  /** Flows that the kernel could not itemise in this interval. */
  overflow: z.number().int(),
  reporters: z.array(
    z.object({
      /** Pod uid, or the node's name for the host itself. */
      id: z.string(),
      mode: EnforcementMode,
      flows: z.array(z.object({ src: Address, dst: Address, ...flowNumbers })),
    }),
  ),
});
export type FlowBatch = z.infer<typeof FlowBatch>;

/** One end of a decorated flow. `kind`: a Kubernetes workload's kind, `Node`, `Workload`, or null for a mere address. */
export const FlowEnd = z.object({
  address: Address,
  workload: z.string().nullable(),
  kind: z.string().nullable(),
  name: z.string().nullable(),
  namespace: z.string().nullable(),
  labels: z.array(LabelId),
  mode: EnforcementMode.nullable(),
  managed: z.boolean(),
  /** The Service whose ClusterIP the address is. */
  service: z.object({ namespace: z.string(), name: z.string() }).nullable(),
});
export type FlowEnd = z.infer<typeof FlowEnd>;

/** clas-cache → flow-ingest: the same batch with a dictionary of ends. `src`, `dst`, `backend` index into `ends`. */
export const DecoratedFlowBatch = z.object({
  id: z.string(),
  cluster: z.string(),
  node: z.string(),
  revision: z.number().int(),
  policyVersion: z.number().int(),
  from: Instant,
  to: Instant,
  overflow: z.number().int(),
  ends: z.array(FlowEnd),
  flows: z.array(
    z.object({
      src: z.number().int(),
      /** What the reporter saw: for the consumer's report of a ClusterIP, the ClusterIP. */
      dst: z.number().int(),
      /** The workload behind the ClusterIP and its target port, where all its backends agree; equal to dst/port otherwise. */
      target: z.number().int(),
      targetPort: Port,
      ...flowNumbers,
    }),
  ),
});
export type DecoratedFlowBatch = z.infer<typeof DecoratedFlowBatch>;

/** HTTP of clas-cache, `POST /v1/credentials`: how kubelink and cven get their NATS credential. */
export const CredentialRequest = z.discriminatedUnion('role', [
  z.object({ role: z.literal('kubelink'), cluster: z.string(), token: z.string() }),
  z.object({ role: z.literal('cven'), pairingKey: z.string(), machineId: z.string(), version: z.string() }),
]);
export type CredentialRequest = z.infer<typeof CredentialRequest>;
export const CredentialResponse = z.object({
  cluster: z.string(),
  /** The node's Kubernetes name for a C-VEN; `kubelink` otherwise. It is the credential's name in subjects. */
  name: z.string(),
  natsUrl: z.string(),
  jwt: z.string(),
  seed: z.string(),
  expiresAt: Instant,
});
export type CredentialResponse = z.infer<typeof CredentialResponse>;
