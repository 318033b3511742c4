/**
 * What Kubelink and clas-cache itself said → the store. A payload that cannot be read is counted and left out: the store must not
 * stop at one object, and absence is the closed answer.
 */
import { ClusterObserved, OBSERVATIONS, parseSubject } from '@ringfence/contracts';
import type { z } from 'zod';
import type { ActorStore } from '../../domain/actor-store.js';
import type { Observed } from '../../domain/observed.js';
import { read } from '../payload.js';

const { namespace, networkpolicy, node, workload, pod, service, list } = OBSERVATIONS;
const FORMS: { readonly [K in keyof Observed]: z.ZodType<Observed[K]> } = {
  namespace,
  networkpolicy,
  node,
  workload,
  pod,
  service,
  list,
};
const isObserved = (kind: string): kind is keyof Observed => Object.hasOwn(FORMS, kind);

/** Throws PermanentError for what cannot be read. */
export function takeObservation(store: ActorStore, subject: string, payload: unknown): void {
  const { kind } = parseSubject(subject);
  if (payload === null) return;
  if (isObserved(kind)) observe(store, kind, subject, payload);
  else if (kind === 'cluster')
    store.kubelinkHeard(read(ClusterObserved, subject, payload).observedAt, Date.now());
}

function observe<K extends keyof Observed>(
  store: ActorStore,
  kind: K,
  subject: string,
  payload: unknown,
): void {
  store.observe(kind, read(FORMS[kind], subject, payload));
}
