/**
 * Explain, asked of the cluster itself: only clas-cache has what decides there (addresses of Pods, ClusterIPs, essential
 * rules, what the agents acknowledged). Core NATS, control server: `ask.<cluster>.<token>` down, `answer.<cluster>.<token>`
 * up; the token is the asker's and fresh for each question, the cluster is who the server says it is.
 */
import { z } from 'zod';
import { Text } from './text.js';
import { Address, EnforcementMode, Port, Verdict } from './network.js';
import { Instant, LabelId, Uuid } from './ids.js';
import { RuleClass } from './policy.js';

/** Ends as people name them: an id, `namespace/name`, `pod:`, `workload:`, `service:` or `node:` in front, an address. */
export const EndName = Text.min(1).max(512);
const words = Text.max(1_000);

export const ClusterQuestion = z.object({
  from: EndName,
  to: EndName,
  port: Port,
  /** −1 is a word of rules; a packet has one protocol. */
  proto: z.number().int().min(0).max(255),
});
export type ClusterQuestion = z.infer<typeof ClusterQuestion>;

/** Whether the kernel at one end has what the verdict was computed from. */
export const InForce = z.object({
  state: z.enum(['yes', 'no', 'unknown']),
  node: Text.max(253).nullable(),
  /** The mode that the kernel was last known to have, where it differs from what is asked. */
  mode: EnforcementMode.nullable(),
  since: Instant.nullable(),
  /** Empty: in force. */
  message: words,
});
export type InForce = z.infer<typeof InForce>;

/** One end of the connection, as its own kernel judges it. */
export const JudgedEnd = z.object({
  name: words,
  /** Whose place it is; absent: an older cluster does not say. */
  workload: Uuid.nullable().optional(),
  labels: z.array(LabelId).max(64),
  mode: EnforcementMode,
  /** `passes`: nothing of ours looks at such a packet there (loopback). */
  decision: z.enum(['allow', 'deny', 'none', 'passes']),
  verdict: Verdict,
  ruleClass: RuleClass.nullable(),
  ref: Text.max(512).nullable(),
  /** The other end as this end sees it, and the port: a ClusterIP at the source, the Pod's own port at the destination. */
  sees: z.object({ address: Address, port: Port }),
  inForce: InForce,
});
export type JudgedEnd = z.infer<typeof JudgedEnd>;

export const ClusterAnswer = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('judged'),
    policyVersion: z.number().int(),
    revision: z.number().int(),
    verdict: Verdict,
    /** Null: nothing of ours at that end. */
    egress: JudgedEnd.nullable(),
    ingress: JudgedEnd.nullable(),
    /** What is worth knowing beside it: other Pods of the same names that are judged otherwise, assumed addresses. */
    notes: z.array(words).max(16),
  }),
  z.object({ kind: z.literal('unknown-end'), end: z.enum(['from', 'to']), message: words }),
  z.object({ kind: z.literal('ambiguous-end'), end: z.enum(['from', 'to']), message: words }),
  z.object({ kind: z.literal('not-ready'), message: words }),
]);
export type ClusterAnswer = z.infer<typeof ClusterAnswer>;
