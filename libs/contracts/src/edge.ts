/**
 * clas-cache ⇄ cven ⇄ kubelink on the cluster's NATS, and what clas-cache sends on to the control plane.
 * A C-VEN reads its node's view as a snapshot (`cmd.clas-cache.node-snapshot`, in parts), then applies deltas in order.
 */
import { z } from 'zod';
import { GroupId, Instant, LabelId, LabelSetId } from './ids.js';
import { Address, EnforcementMode, Isolated, Port, Protocol, Verdict } from './network.js';
import { RefusedNetworkPolicy } from './network-policies.js';
import { Endpoint, Group, LabelSet, PolicyStamp, RuleClass, WireRule } from './policy.js';
import type { Unit } from './policy.js';
import { NodeName, Text } from './text.js';

/**
 * A port of Pods that a Service makes reachable by addresses of nodes (NodePort, load balancer). Every node may be asked to
 * translate to it, and judges whom it then hides by the Pods' rules.
 */
export const NodePortTarget = z.object({
  labelSet: LabelSetId,
  workload: Text.nullable(),
  proto: Protocol,
  port: Port,
});
export type NodePortTarget = z.infer<typeof NodePortTarget>;

export const ApiServer = z.object({ address: Address, port: Port });
export type ApiServer = z.infer<typeof ApiServer>;

/** What one label set must enforce on a node: lists of rules by their place in the message. */
const NodeUnit = z.object({
  labelSet: LabelSet,
  mode: EnforcementMode,
  isolated: Isolated.optional(),
  ingress: z.number().int().nonnegative(),
  egress: z.number().int().nonnegative(),
});

/**
 * One change of a node's view. `base` is the revision that it builds on; null = a snapshot that replaces everything.
 * Units are *effective*: essential rules and the ClusterIP rules of decisions 18 are already in them. Order of
 * application: groups, endpoints, units; removals last.
 */
export const NodeViewMessage = z.object({
  node: Text,
  revision: z.number().int(),
  base: z.number().int().nullable(),
  policyVersion: z.number().int(),
  at: Instant,
  groups: z.object({ upsert: z.array(Group), remove: z.array(GroupId) }),
  endpoints: z.object({ upsert: z.array(Endpoint), remove: z.array(Text) }),
  /** Each list once, however many units share it. */
  rules: z.array(z.array(WireRule)),
  units: z.object({ upsert: z.array(NodeUnit), remove: z.array(LabelSetId) }),
  /** Managed namespaces and their mode: what a sandbox that nobody has named yet must get. Whole list when present. */
  namespaces: z.array(z.object({ name: Text, mode: EnforcementMode })).optional(),
  /** Whole list when present. Of label sets that do not live on the node, units hold the ingress rules for these ports only. */
  nodePorts: z.array(NodePortTarget).optional(),
  /** Where Kubernetes says that its API servers are. Whole list when present. */
  apiServers: z.array(ApiServer).max(64).optional(),
  /** The node is unpaired: its agent removes everything that it made, says so in its last heartbeat, and rests. */
  unpaired: z.boolean().optional(),
});
export type NodeViewMessage = z.infer<typeof NodeViewMessage>;

/** The same with their rules at hand. */
export interface NodeView extends Omit<NodeViewMessage, 'rules' | 'units'> {
  readonly units: { readonly upsert: Unit[]; readonly remove: LabelSetId[] };
}

/** Of 256 KiB each. */
export const MOST_VIEW_PARTS = 256;
/** A part of a snapshot's gzipped JSON. `view` names all of it by its digest: parts of two views never make one. */
export const NodeViewPart = z.object({
  view: Text.max(64),
  /** From 0. */
  part: z.number().int().nonnegative().max(MOST_VIEW_PARTS),
  parts: z.number().int().positive().max(MOST_VIEW_PARTS),
  /** Base64. */
  gzip: Text.max(512 * 1024),
});
export type NodeViewPart = z.infer<typeof NodeViewPart>;

/** What a node asks to be dialled from outside, at its own address. */
export const MOST_WITNESSED_PORTS = 16;
/** Which of the ports answered; `from`: all addresses by which the node may have seen who dialled it. None: nobody was outside. */
export const Witnessed = z.object({
  from: z.array(Address).max(128),
  reached: z.array(Port).max(MOST_WITNESSED_PORTS),
});
export type Witnessed = z.infer<typeof Witnessed>;

/** More Pods than any kubelet takes. What one node may say is bounded everywhere by it. */
export const MOST_SANDBOXES = 1_024;
const Failure = z.object({ pod: Text.max(253), token: Text.max(64), message: Text.max(500) });

/**
 * A place (a Pod, or a node itself) whose kernel does not have what policy says. `asked` is the mode that policy wants;
 * `inForce` the one that the kernel was last seen to have, null: none, or nobody knows. `token` is stable, `message` for people.
 */
const notInForce = {
  /** Pod uid, or the node's name for the node itself. */
  id: Text.max(253),
  asked: EnforcementMode,
  inForce: EnforcementMode.nullable(),
  token: Text.max(64),
  message: Text.max(500),
  since: Instant,
};
export const NotInForce = z.object(notInForce);
export type NotInForce = z.infer<typeof NotInForce>;
/** More than this are counted, not named. */
export const MOST_NOT_IN_FORCE = 500;

/** cven → clas-cache: this revision is in the kernel of this node. `pods`: uids whose own rules are in the kernel. */
export const NodeAck = z.object({
  node: NodeName,
  bootId: Text.max(64),
  revision: z.number().int(),
  /** Of the node's own table, which waits for its confirmation; absent: no other than that of the Pods'. */
  hostRevision: z.number().int().optional(),
  at: Instant,
  applyMs: z.number(),
  pods: z.array(Text.max(253)).max(MOST_SANDBOXES),
  failed: z.array(Failure).max(MOST_SANDBOXES),
  /** Absent from agents that do not tell it. */
  notInForce: z.array(NotInForce).max(MOST_NOT_IN_FORCE).optional(),
});
export type NodeAck = z.infer<typeof NodeAck>;

/** clas-cache → control plane: the policy version and flush that every listed node has in its kernel, and convergence. */
export const ClusterAck = z.object({
  node: NodeName,
  revision: z.number().int(),
  policyVersion: z.number().int(),
  /** When the node acknowledged last. */
  at: Instant,
  /** When clas-cache said this: the later word counts. */
  saidAt: Instant.optional(),
  workloads: z
    .array(
      z.object({
        workload: Text.max(64),
        pods: z.number().int(),
        enforced: z.number().int(),
        addresses: z.array(Address).max(16 * MOST_SANDBOXES),
      }),
    )
    .max(MOST_SANDBOXES),
  failed: z.array(Failure).max(MOST_SANDBOXES),
  /** What clas-cache found by comparing what it told with what the node acknowledged, joined with the node's own words. */
  notInForce: z
    .array(
      z.object({
        ...notInForce,
        workload: Text.max(64).nullable(),
        namespace: Text.max(253).nullable(),
        name: Text.max(253),
      }),
    )
    .max(MOST_NOT_IN_FORCE)
    .optional(),
  /** All of them, named or not. */
  notInForceCount: z.number().int().optional(),
});
export type ClusterAck = z.infer<typeof ClusterAck>;

export const MOST_BEHIND = 100;
export const MOST_REFUSED_POLICIES = 100;
/**
 * clas-cache → control plane, every few seconds and when it changes: that it lives, what it lacks to be in sync, and how
 * its cluster stands as a whole. When it is not heard, nobody knows what is in force there.
 */
export const ClusterPulse = z.object({
  at: Instant,
  /** Words for what is missing; empty: it is in sync. */
  missing: z.array(Text.max(300)).max(16),
  policyVersion: z.number().int(),
  /** Pods of managed namespaces and paired nodes. */
  places: z.number().int(),
  notInForceCount: z.number().int(),
  /** Absent from clas-caches that do not tell it. */
  policy: z
    .object({
      /** What every node was told from. */
      told: PolicyStamp,
      /** What every node that is heard has in its kernel; null: something else than anybody told, or nothing. */
      inForce: PolicyStamp.nullable(),
      /** Nodes that have not acknowledged what they were told; more are counted, not named. */
      behind: z.array(NodeName).max(MOST_BEHIND),
      behindCount: z.number().int(),
    })
    .optional(),
  /** Kubernetes' NetworkPolicies that cannot be read; more are counted, not named. Absent: not known, or not told yet. */
  refusedNetworkPolicies: z
    .object({ named: z.array(RefusedNetworkPolicy).max(MOST_REFUSED_POLICIES), count: z.number().int() })
    .optional(),
});
export type ClusterPulse = z.infer<typeof ClusterPulse>;
export const PULSE_EVERY_SECONDS = 10;

/**
 * cven → clas-cache: every sandbox of the node, as one last value per node, told again whenever anything of it changes.
 * Whose list it is says the subject, which the server enforces.
 */
export const NodeSandboxes = z.object({
  bootId: Text.max(64),
  /** Counts the lists of one boot. */
  sequence: z.number().int(),
  at: Instant,
  sandboxes: z
    .array(
      z.object({
        podUid: Text.min(1).max(253),
        namespace: Text.max(253),
        name: Text.max(253),
        addresses: z.array(Address).max(16),
      }),
    )
    .max(MOST_SANDBOXES),
});
export type NodeSandboxes = z.infer<typeof NodeSandboxes>;

/** clas-cache → kubelink: what the Pod's readiness condition must say. */
export const PodReadiness = z.object({
  podUid: Text,
  namespace: Text,
  name: Text,
  ready: z.boolean(),
  reason: z.enum(['PolicyReady', 'PolicyReadyTimeout', 'PolicyPending']),
  message: Text,
  gates: z.array(Text),
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
  rule: Text.max(300).nullable(),
  ruleClass: RuleClass.nullable(),
};
const flowBatchHead = {
  /** Node, boot id, rotation number, so that a repeat is recognised. */
  id: Text.max(400),
  node: NodeName,
  revision: z.number().int(),
  policyVersion: z.number().int(),
  from: Instant,
  to: Instant,
  /** Flows that the kernel could not itemise in this interval. */
  overflow: z.number().int(),
};
/** In one batch, of all reporters together: what a batch becomes when both ends are described must still be one message. */
export const MOST_FLOWS = 2_000;

/** cven → clas-cache. One batch per rotation. */
export const FlowBatch = z.object({
  ...flowBatchHead,
  reporters: z
    .array(
      z.object({
        /** Pod uid, or the node's name for the host itself. */
        id: Text.max(253),
        mode: EnforcementMode,
        flows: z.array(z.object({ src: Address, dst: Address, ...flowNumbers })).max(MOST_FLOWS),
      }),
    )
    .max(MOST_FLOWS),
});
export type FlowBatch = z.infer<typeof FlowBatch>;

/** One end of a decorated flow. `kind`: a Kubernetes workload's kind, `Node`, `Workload`, or null for a mere address. */
export const FlowEnd = z.object({
  address: Address,
  workload: Text.max(64).nullable(),
  kind: Text.max(253).nullable(),
  name: Text.max(253).nullable(),
  namespace: Text.max(253).nullable(),
  labels: z.array(LabelId).max(100),
  mode: EnforcementMode.nullable(),
  managed: z.boolean(),
  /** The Service whose ClusterIP the address is. */
  service: z.object({ namespace: Text.max(253), name: Text.max(253) }).nullable(),
});
export type FlowEnd = z.infer<typeof FlowEnd>;

/** clas-cache → flow-ingest: the same batch with a dictionary of ends. `src`, `dst`, `backend` index into `ends`. */
export const DecoratedFlowBatch = z.object({
  ...flowBatchHead,
  cluster: Text.max(64),
  ends: z.array(FlowEnd).max(3 * MOST_FLOWS),
  flows: z
    .array(
      z.object({
        src: z.number().int(),
        /** What the reporter saw: for the consumer's report of a ClusterIP, the ClusterIP. */
        dst: z.number().int(),
        /** The workload behind the ClusterIP and its target port, where all its backends agree; else the Service itself. */
        target: z.number().int(),
        targetPort: Port,
        ...flowNumbers,
      }),
    )
    .max(MOST_FLOWS),
});
export type DecoratedFlowBatch = z.infer<typeof DecoratedFlowBatch>;

/** HTTP of clas-cache, `POST /v1/challenge`: what a C-VEN signs within a minute. */
export const CredentialChallenge = z.object({ cluster: Text, challenge: Text.max(200) });
export type CredentialChallenge = z.infer<typeof CredentialChallenge>;

/** Public half of the NATS user key that an agent made for itself. */
export const UserKey = Text.regex(/^U[A-Z2-7]{55}$/);

export interface ProvenClaim {
  readonly cluster: string;
  readonly machineId: string;
  readonly publicKey: string;
  readonly challenge: string;
}
/** The text under a C-VEN's signature. */
export const credentialProof = ({ cluster, machineId, publicKey, challenge }: ProvenClaim): string =>
  JSON.stringify(['ringfence node credential', cluster, machineId, publicKey, challenge]);

/** Of the service account tokens that agents show: for us, and for nobody else whom it might be shown to. */
export const AGENT_AUDIENCE = 'ringfence';

/** HTTP of clas-cache, `POST /v1/credentials`: how kubelink and cven get their NATS credential. */
export const CredentialRequest = z.discriminatedUnion('role', [
  z.object({
    role: z.literal('kubelink'),
    cluster: Text.min(1).max(64),
    token: Text.min(1).max(200),
    publicKey: UserKey,
  }),
  z.object({
    role: z.literal('cven'),
    pairingKey: Text.min(1).max(400),
    machineId: Text.min(1).max(253),
    version: Text.min(1).max(64),
    publicKey: UserKey,
    challenge: Text.max(200),
    /** Of `credentialProof`, base64. */
    signature: Text.max(200),
    /** The agent's own, bound to its Pod or node (audience `AGENT_AUDIENCE`), where Kubernetes gives it one. */
    serviceAccountToken: Text.max(8_192).optional(),
  }),
]);
export type CredentialRequest = z.infer<typeof CredentialRequest>;
/** For the public key of the request: no secret travels. */
export const CredentialResponse = z.object({
  cluster: Text,
  /** The node's Kubernetes name for a C-VEN; `kubelink` otherwise. It is the credential's name in subjects. */
  name: Text,
  natsUrl: Text,
  /** Empty: the cluster's NATS asks for none. */
  jwt: Text,
  expiresAt: Instant,
});
export type CredentialResponse = z.infer<typeof CredentialResponse>;
