/** What C-VENs say of themselves and of the sandboxes of their nodes → the store. */
import { AgentHeartbeat, NodeSandboxes, parseSubject } from '@ringfence/contracts';
import type { ActorStore } from '../../domain/actor-store.js';
import { ownWord, read, senderOf } from '../payload.js';
import type { Refusals } from '../nodes/refusals.js';

export function takeAgentReport(
  store: ActorStore,
  subject: string,
  payload: unknown,
  refusals: Refusals,
): void {
  if (payload === null) return;
  const { kind } = parseSubject(subject);
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
