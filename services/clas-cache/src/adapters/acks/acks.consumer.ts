/** What is in nodes' kernels, and what was said of Pods before a restart → the store. */
import { describeSpan } from '@ringfence/bus';
import { NodeAck, PodReadiness } from '@ringfence/contracts';
import type { ActorStore } from '../../domain/actor-store.js';
import { ownWord, read } from '../payload.js';

export function takeAck(store: ActorStore, subject: string, payload: unknown): void {
  if (payload === null) return;
  const ack = ownWord('ack', subject, read(NodeAck, subject, payload));
  describeSpan({ 'k8s.node.name': ack.node, 'ringfence.revision': ack.revision });
  store.acked(ack, Date.now());
}

export function takeToldReadiness(store: ActorStore, subject: string, payload: unknown): void {
  if (payload !== null) store.toldReadiness(read(PodReadiness, subject, payload));
}
