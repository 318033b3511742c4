/**
 * Request/reply between services, on NATS (Nest's own transport and packet). A call is never in the way of a lane.
 * Failures carry a canonical gRPC code, a stable token and a message that says what to do.
 */
import { z } from 'zod';
import { Actor } from './envelope.js';
import { Grant } from './grants.js';
import { Port, Verdict } from './network.js';
import { MOST_WITNESSED_PORTS, NodeViewPart, UserKey, Witnessed } from './edge.js';
import { EndName, InForce } from './questions.js';
import { PolicyProgressView } from './api/container-clusters.js';
import { EnforcementLoss, EntityLabelsState, LabelOrigin, LabelState, RefusedAnnotation } from './events.js';
import { RuleClass } from './policy.js';
import { Instant } from './ids.js';
import { EndsSeen, EndsSeenRequest, FlowKinds, FlowKindsRequest } from './stored-flows.js';
import { NodeName, Text } from './text.js';

export interface CallContract<Req extends z.ZodType = z.ZodType, Res extends z.ZodType = z.ZodType> {
  readonly service: string;
  readonly method: string;
  readonly request: Req;
  readonly response: Res;
  readonly deadlineMs: number;
}
const DEADLINE_MS = 5_000;

/** Of what a person asks for. On a busy machine an owner takes its time, and ends what it has begun: who gave up would not know. */
const PATIENT_MS = 30_000;

/** `name` is `service.method`. */
function call<Req extends z.ZodType, Res extends z.ZodType>(
  name: `${string}.${string}`,
  request: Req,
  response: Res,
  deadlineMs = DEADLINE_MS,
): CallContract<Req, Res> {
  const [service = '', method = ''] = name.split('.');
  return { service, method, request, response, deadlineMs };
}

export const CANONICAL_CODES = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'RESOURCE_EXHAUSTED',
  'ABORTED',
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
] as const;
export const CallFailure = z.object({
  code: z.enum(CANONICAL_CODES),
  errors: z.array(z.object({ token: Text, message: Text })).min(1),
});
export type CallFailure = z.infer<typeof CallFailure>;

const Position = z.number().int().nonnegative();
/**
 * By owner, up to which of its events something is to be seen: what a caller has written and had acknowledged. An owner sees its own; for
 * what others decided it waits until that has reached it.
 */
export const Positions = z.object({
  inventory: Position.optional(),
  'label-resolver': Position.optional(),
  'policy-compute': Position.optional(),
});
export type Positions = z.infer<typeof Positions>;

/** What the gateway asks an owner of REST collections. `ids` are the ids of the path, outermost first. */
export const ResourceRequest = z.object({
  org: z.number().int(),
  actor: Actor,
  /** The API's word, e.g. `rule_sets`, `rule_sets/sec_rules`, `container_clusters/container_workload_profiles`. */
  collection: Text,
  /** `list | get | create | update | delete`, or the collection's own action (`bulk_create`, `pairing_key`, …). */
  op: Text,
  pversion: Text.optional(),
  ids: z.array(Text),
  query: z.record(Text, Text),
  body: z.unknown(),
  /** Only of what lies within one of these, before and after; absent: of everything. It is for the owner to judge. */
  within: z.array(Grant).optional(),
  /** What the caller may do with what is shown, where that lies within one of these; null: all of it. Absent: everything with all of it. */
  caps: z.record(Text, z.array(Grant).nullable()).optional(),
  /** What the caller wrote before. */
  after: Positions.optional(),
  /** ETags of what the caller has read; whoever can refuses to change what is another since. */
  ifMatch: Text.optional(),
  /** Its id: what is written for it is known by it. */
  request: z.uuid().optional(),
  /** Milliseconds of the epoch: what is not written by then is not done, because the caller has given up. */
  until: z.number().optional(),
});
export type ResourceRequest = z.infer<typeof ResourceRequest>;
/** What a call did to one object, field by field, in the API's words: for the audit trail. */
export const ObjectChange = z.object({
  resource: z.record(Text, z.unknown()),
  changes: z.record(Text, z.object({ before: z.unknown(), after: z.unknown() })),
});
export type ObjectChange = z.infer<typeof ObjectChange>;
/** `body` of a list is an array; `total` counts before, `matched` after filtering. `position`: of the last event that it wrote, if it wrote any. */
export const ResourceResponse = z.object({
  body: z.unknown().optional(),
  total: z.number().int().optional(),
  matched: z.number().int().optional(),
  position: Position.optional(),
  change: ObjectChange.optional(),
  /** Of those items of a bulk call that were done. */
  changes: z.array(ObjectChange).optional(),
});
export type ResourceResponse = z.infer<typeof ResourceResponse>;

/** Of policy-compute's resource `second_person`: whether nobody provisions what he has written himself. */
export const SecondPerson = z.strictObject({ required: z.boolean() });
export type SecondPerson = z.infer<typeof SecondPerson>;

export const ExplainRequest = z.object({
  /**
   * `namespace/name` of a workload, Pod or Service, a node's or host's name, an address, an id; `workload:`, `pod:`,
   * `service:` or `node:` in front says which is meant.
   */
  from: Text,
  to: Text,
  port: z.number().int().min(0).max(65_535),
  proto: z.number().int().min(0).max(255).default(6),
  /** Which policy to ask. */
  policy: z.enum(['active', 'draft']).default('active'),
  /** Id of the cluster, where several have such ends. */
  cluster: Text.optional(),
});
/** A label of an end, `role=web`, and who gave it, for programs and for people. Null: given before that was recorded. */
export const ExplainedLabel = z.object({ label: Text, by: LabelOrigin.shape.by.nullable(), from: Text });
/** What an annotation, or the label map, asked for and did not give, and why. */
export const ExplainedRefusal = z.object({
  annotation: Text,
  value: Text,
  reason: RefusedAnnotation.shape.reason,
  message: Text,
});
export const ExplainEnd = z.object({
  name: Text,
  /** Its id. Null: not known. */
  workload: Text.nullable().default(null),
  labels: z.array(Text),
  /** Where each label came from. */
  origins: z.array(ExplainedLabel).default([]),
  refused: z.array(ExplainedRefusal).default([]),
  mode: Text.nullable(),
  verdict: Verdict,
  ruleClass: RuleClass.nullable(),
  rule: z.object({ ref: Text, name: Text }).nullable(),
  reason: Text,
  /** The other end as this one sees it, `address:port`: a ClusterIP, a node that stands in between. Null: not known. */
  sees: Text.nullable(),
  /** Whether the kernel there has what was judged. Null: nobody was asked. */
  inForce: InForce.nullable(),
});
/** `cluster`: the cluster itself judged, with all that its nodes have. `control_plane`: by labels alone, and why. */
export const ExplainBasis = z.enum(['cluster', 'control_plane']);
export const ExplainResponse = z.object({
  verdict: Verdict,
  policyVersion: z.number().int(),
  /** The consumer's egress and the provider's ingress; null for an end that nobody enforces. */
  egress: ExplainEnd.nullable(),
  ingress: ExplainEnd.nullable(),
  summary: Text,
  /** As it was then. Null: as it is. */
  at: Instant.nullable().default(null),
  basis: ExplainBasis,
  /** Beside the answer, for people; never empty where the basis is the control plane. */
  notes: z.array(Text),
  /** Where no rule allows it: the rules that come nearest, and what each misses. */
  nearest: z.array(Text).default([]),
});
export type ExplainResponse = z.infer<typeof ExplainResponse>;

const LabelledThen = z.object({
  /** Before it nothing is known. */
  since: Instant.nullable(),
  /** Whatever the names may have meant. */
  entities: z.array(EntityLabelsState),
  /** Those that the entities had, as they were called then, and those that were there then and are gone since. */
  labels: z.array(LabelState.pick({ id: true, key: true, value: true })),
});
const Alarms = z.array(EnforcementLoss);
/** What was so at a moment, as others' events say it. `alarms` null: nobody could be asked. */
const ExplainedMoment = LabelledThen.extend({ at: Instant, alarms: Alarms.nullable() });

const clusterToken = z.object({ cluster: Text, token: Text });

/** One sentence per requirement that a service does not meet. */
const health = [
  z.object({}),
  /** `alarms`: what works, and should not be as it is. */
  z.object({ missing: z.array(Text), alarms: z.array(Text).optional() }),
  2_000,
] as const;

/**
 * An owner says again what is so now: for who mirrors it. `begin` false: only how far that is. `after`: instead, as it was said, all that came
 * after this position of its own.
 */
const resync = [
  z.object({ begin: z.boolean(), after: z.number().int().nonnegative().optional() }),
  z.object({ said: z.number().int(), position: z.number().int(), upto: z.number().int() }),
] as const;

/**
 * Answered when all up to a position of its own is on the stream; and all that it decides from what others have said up to `after`.
 */
const said = [
  z.object({ position: Position.optional(), after: Positions.optional() }),
  z.object({}),
] as const;

export const CALLS = {
  inventoryResource: call('inventory.resource', ResourceRequest, ResourceResponse, PATIENT_MS),
  labelResource: call('label-resolver.resource', ResourceRequest, ResourceResponse, PATIENT_MS),
  policyResource: call('policy-compute.resource', ResourceRequest, ResourceResponse, PATIENT_MS),
  flowResource: call('flow-ingest.resource', ResourceRequest, ResourceResponse, PATIENT_MS),
  /** Who is an end of stored flows, the newest first. */
  endsSeen: call('flow-ingest.ends-seen', EndsSeenRequest, EndsSeen, PATIENT_MS),
  /** Stored flows added up by kinds of ends. */
  flowKinds: call('flow-ingest.flow-kinds', FlowKindsRequest, FlowKinds, PATIENT_MS),
  /** Cluster id and token → the uplink credential of clas-cache and what it needs to verify its own agents offline. */
  exchangeToken: call(
    'inventory.exchange-token',
    clusterToken,
    z.object({
      natsUrl: Text,
      jwt: Text,
      seed: Text,
      expiresAt: Text,
      clusterName: Text,
    }),
  ),
  /** A C-VEN's activation: pairing key, machine-id of a node that Kubelink reported, and the key that it proved to hold. */
  pairNode: call(
    'inventory.pair-node',
    clusterToken.extend({
      pairingKey: Text,
      machineId: Text,
      version: Text,
      publicKey: UserKey,
      /** The node that Kubernetes says the agent is on, where it was asked: no other may be paired by it. */
      vouchedNode: NodeName.optional(),
    }),
    z.object({ node: Text, workload: Text }),
  ),
  /** Whether anything refers to these labels, and which of these types label groups are of; asked before a label is deleted. */
  labelUsage: call(
    'policy-compute.label-usage',
    z.object({ labels: z.array(Text), keys: z.array(Text).optional() }),
    z.object({
      groupKeys: z.array(Text).optional(),
      used: z.array(
        z.object({
          label: Text,
          by: Text,
          token: Text,
          /** Where in the object, in the words of the API's `usage`. */
          as: z.array(Text).optional(),
        }),
      ),
    }),
  ),
  /** Of label groups in force, the labels that they and the groups in them hold; of what is not there, none. */
  groupLabels: call(
    'policy-compute.group-labels',
    z.object({ groups: z.array(Text) }),
    z.object({ groups: z.array(z.object({ id: Text, labels: z.array(Text) })) }),
  ),
  /** What is asked for, read where writes are taken: a number that is answered after a write is not older than it. */
  askedVersion: call(
    'policy-compute.asked-version',
    z.object({}),
    z.object({ policyVersion: z.number().int(), at: Instant.nullable() }),
    1_000,
  ),
  /** By cluster (`global` concerns all) and kind of entity, the last event. */
  askedSettings: call(
    'label-resolver.asked-settings',
    z.object({}),
    z.object({
      heads: z.array(z.object({ cluster: Text, kind: Text, position: z.number().int(), at: Instant })),
    }),
    1_000,
  ),
  /** What may have been meant by names at a moment, as the owner's events say it. */
  labelledAt: call(
    'label-resolver.labelled-at',
    z.object({ at: Instant, ends: z.array(EndName).max(4) }),
    LabelledThen,
    3_000,
  ),
  /** Which alarms about enforcement were open at a moment: of clusters, of their nodes that are known, and of these workloads. */
  alarmsAt: call(
    'inventory.alarms-at',
    z.object({ at: Instant, clusters: z.array(Text).max(4), workloads: z.array(Text).max(4) }),
    z.object({ alarms: Alarms }),
    1_500,
  ),
  /** A reader of the control server's streams dropped what a cluster said beyond its share, again and again. */
  beyondShare: call(
    'inventory.beyond-share',
    z.object({ cluster: Text, stream: Text, detail: Text, at: Instant }),
    z.object({}),
  ),
  inventoryHealth: call('inventory.health', ...health),
  labelHealth: call('label-resolver.health', ...health),
  policyHealth: call('policy-compute.health', ...health),
  flowHealth: call('flow-ingest.health', ...health),
  inventoryResync: call('inventory.resync', ...resync),
  labelResync: call('label-resolver.resync', ...resync),
  policyResync: call('policy-compute.resync', ...resync),
  inventorySaid: call('inventory.said', ...said),
  labelSaid: call('label-resolver.said', ...said),
  policySaid: call('policy-compute.said', ...said),
  /** How every cluster stands, for the health of the whole. */
  standing: call(
    'inventory.standing',
    z.object({}),
    z.object({
      clusters: z.array(
        z.object({
          ...{ id: Text, name: Text, status: Text, message: Text, notInForce: z.number().int() },
          policy: PolicyProgressView,
          /** NetworkPolicies that cannot be read; absent: not known. */
          refusedNetworkPolicies: z.number().int().optional(),
        }),
      ),
    }),
    2_000,
  ),
  explain: call(
    'policy-compute.explain',
    ExplainRequest.extend({ after: Positions.optional(), then: ExplainedMoment.optional() }),
    ExplainResponse,
  ),
  // Between accounts nobody says that nobody serves: while clas-cache is away every question waits for so long.
  nodeSnapshot: call(
    'clas-cache.node-snapshot',
    z.object({
      node: Text,
      /** Of the view whose first part was answered before; absent: the first one of the present view. */
      further: NodeViewPart.pick({ view: true, part: true }).optional(),
    }),
    NodeViewPart,
    5_000,
  ),
  /** Of a node about itself: who it is, its subject says. */
  witness: call(
    'clas-cache.witness',
    z.object({ ports: z.array(Port).min(1).max(MOST_WITNESSED_PORTS) }),
    Witnessed,
    2_500,
  ),
} as const;

/** Of every service behind the gateway; its bus answers it. */
export const HEALTH_CALLS = [
  CALLS.inventoryHealth,
  CALLS.labelHealth,
  CALLS.policyHealth,
  CALLS.flowHealth,
] as const;

/** Who says again what it decided: an owner, by the call that asks for it. */
export const RESYNC_CALLS = {
  inventory: CALLS.inventoryResync,
  'label-resolver': CALLS.labelResync,
  'policy-compute': CALLS.policyResync,
} as const;
export type Owner = keyof typeof RESYNC_CALLS;

/** Who says when something of its own is on the stream. */
export const SAID_CALLS = {
  inventory: CALLS.inventorySaid,
  'label-resolver': CALLS.labelSaid,
  'policy-compute': CALLS.policySaid,
} as const satisfies Record<Owner, CallContract>;
