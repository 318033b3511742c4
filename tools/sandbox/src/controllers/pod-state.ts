/** What a Pod's state means to its controller, and Pods made of templates. */
import { createHash } from 'node:crypto';
import { copyOf, isJsonObject } from '../api/json.js';
import type { Condition, KubeObject, ObjectMeta, Pod, PodTemplate } from '../api/kube-object.js';
import type { Draft } from '../api/kind-client.js';
import { timestamp } from '../api/metadata-rules.js';
import type { ResourceDefinition } from '../api/resource-definition.js';
import { ownerReference } from './owned-objects.js';

export function isEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Counts towards the wanted number: neither ended nor on its way out. */
export function isActive(pod: Pod): boolean {
  return !isEnded(pod) && !isTerminating(pod);
}

function readyCondition(pod: Pod): Condition | undefined {
  return pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');
}

export function isPodReady(pod: Pod): boolean {
  return readyCondition(pod) !== undefined;
}

/** Milliseconds until a ready Pod counts as available; 0 when it does, infinite while it is not ready. */
export function untilAvailableMs(pod: Pod, minReadySeconds: number, now: Date): number {
  const ready = readyCondition(pod);
  if (ready === undefined) return Number.POSITIVE_INFINITY;
  const since = Date.parse(ready.lastTransitionTime ?? '') || 0;
  return Math.max(0, since + minReadySeconds * 1000 - now.getTime());
}

export function podFrom(
  owner: { definition: ResourceDefinition; object: KubeObject },
  template: PodTemplate,
  metadata: Partial<ObjectMeta>,
): Draft<Pod> {
  const { labels, annotations } = template.metadata ?? {};
  return {
    metadata: {
      name: '',
      ...metadata,
      namespace: owner.object.metadata.namespace ?? 'default',
      labels: { ...labels, ...metadata.labels },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ownerReferences: [ownerReference(owner.definition, owner.object)],
    },
    spec: copyOf(template.spec),
  };
}

/** The same for equal templates whatever the order of their keys, in the characters Kubernetes uses for such hashes. */
export function templateHash(template: PodTemplate): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(sorted(template)))
    .digest();
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return [...digest.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

/** Replaces the condition of the same type; the transition time moves only when the status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  next: Condition,
  now: Date,
): Condition[] {
  const present = conditions?.find(({ type }) => type === next.type);
  const isSame = present?.status === next.status;
  const lastTransitionTime =
    isSame && present.lastTransitionTime ? present.lastTransitionTime : timestamp(now);
  return [...(conditions ?? []).filter(({ type }) => type !== next.type), { ...next, lastTransitionTime }];
}

/** A number, or a share of `total` such as "25%". */
export function shareOf(
  value: number | string | undefined,
  total: number,
  round: (value: number) => number,
): number {
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value ?? '0', 10) / 100) * total);
}
