/**
 * Label sets and the ids that every process must compute alike: clas-cache mints them while the control plane is away,
 * policy-compute mints the same ones from its own facts.
 */
import type { EntityClass, LabelId, LabelSet, LabelSetId } from '@ringfence/contracts';
import { sortedIntegerIds } from './integer-id.js';
import { sha256Hex } from './sha256.js';

export interface LabelSetKey {
  readonly cluster: string;
  /** null for nodes and unmanaged workloads. */
  readonly namespace: string | null;
  readonly class: EntityClass;
  readonly labels: readonly LabelId[];
}

/** Independent of the order and of repetitions of the labels. */
export function labelSetId(key: LabelSetKey): LabelSetId {
  const question = [key.cluster, key.namespace, key.class, ...sortedIntegerIds(key.labels)];
  return sha256Hex(JSON.stringify(question), 20, 'ls-');
}

export function makeLabelSet(key: LabelSetKey): LabelSet {
  return {
    id: labelSetId(key),
    cluster: key.cluster,
    namespace: key.namespace,
    class: key.class,
    labels: sortedIntegerIds(key.labels),
  };
}

/** The id of the Kubernetes workload whose topmost owner has this uid, in UUID v4 form because REST clients check it. */
export function kubernetesWorkloadId(cluster: string, ownerUid: string): string {
  const hex = sha256Hex(JSON.stringify(['kubernetes_workload', cluster, ownerUid]));
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]!;
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
