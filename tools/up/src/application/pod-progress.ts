/** How far an application's Pods are, in words: "12 of 26 Pods ready, waiting for orders: readiness probe, initial delay 180 s". */
import type { ContainerSpec, Pod } from '@ringfence/sandbox';

/** What makes Pods, as far as it says how many there are to be. */
export interface Workload {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly replicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

export interface PodProgress {
  readonly ready: number;
  readonly total: number;
  /** What is waited for; empty when there is nothing. */
  readonly words: string;
}

type Probe = NonNullable<ContainerSpec['readinessProbe']>;
type ContainerState = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

const MOST_NAMED = 3;
/** On the way like any other container. */
const USUAL = new Set(['ContainerCreating', 'PodInitializing']);

export function podProgress(
  pods: readonly Pod[],
  workloads: readonly Workload[],
  nowMs: number,
): PodProgress {
  const staying = pods.filter((pod) => !hasEnded(pod));
  const unready = staying.filter((pod) => conditionOf(pod, 'Ready')?.status !== 'True');
  const unmade = workloads.filter((workload) => unmadeOf(workload) > 0);
  const total = staying.length + unmade.reduce((sum, workload) => sum + unmadeOf(workload), 0);
  const waiting = [
    ...unready.map((pod) => `${workloadOf(pod)}: ${whyUnready(pod, nowMs)}`),
    ...unmade.map((workload) => `${workload.metadata.name}: ${whyUnmade(workload)}`),
  ];
  const ready = staying.length - unready.length;
  if (waiting.length === 0) return { ready, total, words: '' };
  const words = `${ready} of ${total} Pods ready, waiting for ${inShort([...new Set(waiting)])}`;
  return { ready, total, words };
}

function inShort(waiting: readonly string[]): string {
  const more = waiting.length - MOST_NAMED;
  return `${waiting.slice(0, MOST_NAMED).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function hasEnded({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed'
  );
}

function unmadeOf({ spec, status }: Workload): number {
  return Math.max(0, (spec?.replicas ?? 1) - (status?.replicas ?? 0));
}

function whyUnmade({ status }: Workload): string {
  const failure = status?.conditions?.find(
    ({ type, status: is }) => type === 'ReplicaFailure' && is === 'True',
  );
  return failure?.message ?? 'its Pods are being made';
}

/** Of a Deployment's Pod the Deployment: the part that a new template changes is left out. */
function workloadOf({ metadata }: Pod): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller) ?? metadata;
  const hash = metadata.labels?.['pod-template-hash'];
  return hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}

/** Each a reason, or nothing; the first that holds is told. */
const REASONS: readonly ((pod: Pod, nowMs: number) => string | undefined)[] = [
  whyUnscheduled,
  whyHeld,
  whyInitializing,
  whyUnprobed,
  whyGated,
];

function whyUnready(pod: Pod, nowMs: number): string {
  for (const reason of REASONS) {
    const words = reason(pod, nowMs);
    if (words !== undefined) return words;
  }
  return 'it is being started';
}

function whyUnscheduled(pod: Pod): string | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  return scheduled?.status === 'False' ? (scheduled.message ?? 'no node takes it') : undefined;
}

function whyHeld(pod: Pod): string | undefined {
  const [waiting] = statesOf(pod)
    .flatMap(({ state }) => state.waiting ?? [])
    .filter(({ reason }) => !USUAL.has(reason));
  return waiting && [waiting.reason, waiting.message].filter(Boolean).join(', ');
}

function whyInitializing({ spec, status }: Pod): string | undefined {
  const steps = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== 'Always');
  const running = status?.initContainerStatuses?.find(
    ({ name, state }) => state.running && steps.some((step) => step.name === name),
  );
  return running && `init container ${running.name}`;
}

function whyUnprobed(pod: Pod, nowMs: number): string | undefined {
  const probed = statesOf(pod).find(({ state, ready }) => state.running && !ready);
  if (!probed) return undefined;
  const spec = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find(
    ({ name }) => name === probed.name,
  );
  return probed.started === false && spec?.startupProbe
    ? `startup probe${delayWords(spec.startupProbe, probed, nowMs)}`
    : `readiness probe${delayWords(spec?.readinessProbe, probed, nowMs)}`;
}

function delayWords(probe: Probe | undefined, { state }: ContainerState, nowMs: number): string {
  const delay = probe?.initialDelaySeconds ?? 0;
  const sinceMs = nowMs - Date.parse(state.running?.startedAt ?? '');
  return sinceMs < delay * 1000 ? `, initial delay ${delay} s` : '';
}

function whyGated(pod: Pod): string | undefined {
  const isReady = conditionOf(pod, 'ContainersReady')?.status === 'True';
  return isReady ? (conditionOf(pod, 'Ready')?.message ?? undefined) : undefined;
}

function statesOf({ status }: Pod): ContainerState[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function conditionOf(pod: Pod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}
