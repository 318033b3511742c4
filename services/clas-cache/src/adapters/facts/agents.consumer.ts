/**
 * What C-VENs say → the store. Who speaks is said by the subject, which the server enforces, and by nothing else: a
 * payload that names another node is refused and recorded.
 */
import { describeSpan, PermanentError } from '@ringfence/bus';
import { AgentHeartbeat, NodeAck, NodeSandboxes } from '@ringfence/contracts';
import type { AgentRefusal } from '@ringfence/contracts';
import type { ActorStore } from '../../domain/actor-store.js';
import { read, senderOf } from '../payload.js';
import type { Refusals } from '../nodes/refusals.js';

export type Claim = AgentRefusal['claims'][number]['claim'];

/** A node's credential was used to speak for another. */
export class ForeignClaim extends PermanentError {
  constructor(
    readonly node: string,
    readonly claim: Claim,
    readonly detail: string,
  ) {
    super('foreign-node', `${node} said with its ${claim}: ${detail}`);
  }
}

/** The payload, once it is known to be of the node that the subject names. */
export function ownWord<T extends { readonly node: string }>(claim: Claim, subject: string, said: T): T {
  const sender = senderOf(subject);
  if (said.node !== sender) throw new ForeignClaim(sender, claim, `it is of ${said.node}`);
  return said;
}

export function takeAgentReport(
  store: ActorStore,
  subject: string,
  payload: unknown,
  refusals: Refusals,
): void {
  if (payload === null) return;
  const kind = subject.split('.')[2];
  if (kind === 'heartbeat') takeHeartbeat(store, subject, payload);
  else if (kind === 'sandboxes') takeSandboxes(store, subject, payload, refusals);
}

function takeHeartbeat(store: ActorStore, subject: string, payload: unknown): void {
  const heartbeat = ownWord('heartbeat', subject, read(AgentHeartbeat, subject, payload));
  store.heard(heartbeat, Date.now());
}

/** A Pod that Kubernetes places elsewhere is no reason to refuse the rest of the list: it is not believed, and recorded. */
function takeSandboxes(store: ActorStore, subject: string, payload: unknown, refusals: Refusals): void {
  const node = senderOf(subject);
  const { sandboxes } = read(NodeSandboxes, subject, payload);
  const [foreign, ...more] = store.heardSandboxes(node, sandboxes);
  if (foreign !== undefined)
    refusals.note(node, 'sandbox', `Pod ${foreign} is on another node, says Kubernetes`, 1 + more.length);
}

export function takeAck(store: ActorStore, subject: string, payload: unknown): void {
  if (payload === null) return;
  const ack = ownWord('ack', subject, read(NodeAck, subject, payload));
  describeSpan({ 'k8s.node.name': ack.node, 'ringfence.revision': ack.revision });
  store.acked(ack, Date.now());
}
