/** Looks at the Pods of the town again and again and tells the book. A look that fails changes nothing: the book knows when it looked last. */
import type { KubernetesApi } from '@ringfence/up';
import { fromWallTime, now } from './clock.js';
import type { PodBook, PodLook } from './pod-book.js';
import { CHURN, GATE, MOODY, OPEN, SHOP } from './town.js';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}
interface KubernetesPod {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly namespace: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly podIP?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly state?: { readonly running?: { readonly startedAt: string } };
    }[];
  };
}

const NAMESPACES = [SHOP, MOODY, CHURN, OPEN];

export async function lookAtPods(kubernetes: KubernetesApi, book: PodBook): Promise<void> {
  const began = now();
  const lists = await Promise.all(
    NAMESPACES.map(
      async (namespace) =>
        (
          (await kubernetes.request('GET', `/api/v1/namespaces/${namespace}/pods`)) as {
            items: KubernetesPod[];
          }
        ).items,
    ),
  );
  book.look(lists.flat().map(lookOf), began, now());
}

function lookOf(pod: KubernetesPod): PodLook {
  const { metadata, spec, status } = pod;
  const { uid, name, namespace, labels = {}, creationTimestamp } = metadata;
  const gate = status?.conditions?.find(({ type }) => type === GATE);
  return {
    ...{ uid, name, namespace },
    role: labels['role'] ?? '',
    node: spec.nodeName ?? '',
    address: status?.podIP ?? null,
    createdAt: fromWallTime(creationTimestamp),
    startedAt: startOf(pod),
    isReady: isProvenReady(pod, gate),
    readyMessage: gate?.message ?? '',
  };
}

function startOf({ status }: KubernetesPod): number | null {
  const started = status?.containerStatuses?.flatMap(({ state }) => state?.running?.startedAt ?? []) ?? [];
  return started[0] === undefined ? null : fromWallTime(started[0]);
}

/** A gate that was opened by its timer proves nothing. */
function isProvenReady({ metadata, status }: KubernetesPod, gate: Condition | undefined): boolean {
  if (metadata.deletionTimestamp !== undefined || gate?.reason === 'PolicyReadyTimeout') return false;
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}
