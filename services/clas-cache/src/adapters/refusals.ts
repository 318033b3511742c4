/** What somebody asks for in the cluster and does not get, in words for whoever asked: told at the very object. */
import { refusalWords } from '@ringfence/labels/refusal-words';
import type { ActorStore } from '../domain/actor-store.js';

export interface Refusal {
  readonly object: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly reason: 'LabelRefused' | 'NetworkPolicyRefused';
  readonly message: string;
  /** Equal for the same refusal. */
  readonly identity: string;
}

export function* refusalsOf(
  store: Pick<ActorStore, 'refusedLabels' | 'refusedNetworkPolicies'>,
): Generator<Refusal> {
  for (const { workload: object, refused } of store.refusedLabels())
    for (const each of refused) {
      const { annotation, value, reason } = each;
      yield {
        ...{ object, reason: 'LabelRefused' },
        message: `${annotation}: ${value} gives no label: ${refusalWords(each)}`,
        identity: JSON.stringify([object.uid, annotation, value, reason]),
      };
    }
  for (const { uid, namespace, name, field, message } of store.refusedNetworkPolicies())
    yield {
      ...{ object: { kind: 'NetworkPolicy', namespace, name, uid }, reason: 'NetworkPolicyRefused' },
      message: `${field} ${message}: it isolates whom it may mean, and allows nothing`,
      identity: JSON.stringify([uid, field, message]),
    };
}
