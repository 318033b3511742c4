/**
 * A Pod's status from what runs, what the probes say and which readiness gates others have opened. Pure.
 * Of the conditions it writes only a node's own; everybody else's stay as they are.
 */
import type {
  Condition,
  ContainerSpec,
  ContainerState,
  Pod,
  PodStatus,
  StateDetail,
} from '../kube/kube-objects.js';
import type { ProbeResults } from './prober.js';
import type { ContainerPlan } from './restart.js';
import type { ObservedContainer, ObservedPod } from './runtime-view.js';

export interface PodStatusInput {
  pod: Pod;
  observed: ObservedPod;
  plan: ContainerPlan;
  probes: ProbeResults;
  podAddress: string;
  hostAddress: string;
  /** Per container: why it could not be started. */
  failures: ReadonlyMap<string, { reason: string; message: string }>;
  image: string;
  now: string;
}

export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, plan, podAddress, hostAddress, now } = input;
  const containerStatuses = pod.spec.containers.map((spec) => containerState(input, spec, 'main'));
  const initContainerStatuses = (pod.spec.initContainers ?? []).map((spec) =>
    containerState(input, spec, 'init'),
  );
  const phase = plan.outcome ?? phaseOf(containerStatuses);
  return {
    phase,
    conditions: conditions(
      input,
      [...initContainerStatuses.filter((_, index) => isSidecar(pod, index)), ...containerStatuses],
      phase,
    ),
    containerStatuses,
    ...(initContainerStatuses.length > 0 ? { initContainerStatuses } : {}),
    hostIP: hostAddress,
    hostIPs: [{ ip: hostAddress }],
    ...(podAddress === '' ? {} : { podIP: podAddress, podIPs: [{ ip: podAddress }] }),
    startTime: pod.status?.startTime ?? now,
  };
}

function isSidecar(pod: Pod, index: number): boolean {
  return pod.spec.initContainers?.[index]?.restartPolicy === 'Always';
}

function phaseOf(states: readonly ContainerState[]): 'Pending' | 'Running' {
  return states.every(
    (state) =>
      state.state.running !== undefined || state.state.terminated !== undefined || state.restartCount > 0,
  )
    ? 'Running'
    : 'Pending';
}

function containerState(input: PodStatusInput, spec: ContainerSpec, stage: 'init' | 'main'): ContainerState {
  const [latest, previous] = input.observed.containers.get(spec.name) ?? [];
  const state = stateDetail(input, spec, latest, stage);
  const started = latest?.state === 'running' && input.probes.hasStarted(spec.name);
  return {
    name: spec.name,
    image: spec.image ?? '',
    ...runIdentity(input, latest),
    ready: (started && input.probes.isReady(spec.name)) || (stage === 'init' && hasEndedWell(spec, state)),
    started,
    state,
    lastState: lastState(state, latest, previous),
  };
}

function hasEndedWell(spec: ContainerSpec, state: StateDetail): boolean {
  return spec.restartPolicy !== 'Always' && state.terminated?.exitCode === 0;
}

/** While the next run waits, the last is what has ended: the one before it when it is made and has not begun. */
function lastState(
  state: StateDetail,
  latest: ObservedContainer | undefined,
  previous: ObservedContainer | undefined,
): StateDetail {
  const last = state.waiting !== undefined && latest?.state === 'exited' ? latest : previous;
  return last?.state === 'exited' ? { terminated: terminated(last) } : {};
}

function runIdentity(
  input: PodStatusInput,
  latest: ObservedContainer | undefined,
): Pick<ContainerState, 'imageID' | 'containerID' | 'restartCount'> {
  if (latest === undefined) return { imageID: '', restartCount: 0 };
  return { imageID: input.image, containerID: `containerd://${latest.id}`, restartCount: latest.attempt };
}

function stateDetail(
  input: PodStatusInput,
  spec: ContainerSpec,
  latest: ObservedContainer | undefined,
  stage: 'init' | 'main',
): StateDetail {
  if (latest?.state === 'running') return { running: { startedAt: latest.startedAt } };
  const failure = input.failures.get(spec.name);
  if (failure !== undefined) return { waiting: failure };
  if (input.plan.backingOff.includes(spec.name)) {
    return { waiting: { reason: 'CrashLoopBackOff', message: 'the restart waits after repeated failures' } };
  }
  if (latest?.state === 'exited') return { terminated: terminated(latest) };
  return {
    waiting: {
      reason: stage === 'main' && !input.plan.isInitialized ? 'PodInitializing' : 'ContainerCreating',
    },
  };
}

function terminated(container: ObservedContainer): NonNullable<StateDetail['terminated']> {
  return {
    exitCode: container.exitCode,
    reason: container.exitCode === 0 ? 'Completed' : 'Error',
    startedAt: container.startedAt,
    finishedAt: container.finishedAt,
    containerID: `containerd://${container.id}`,
  };
}

type Reason = Pick<Condition, 'reason' | 'message'>;

function conditions(input: PodStatusInput, states: readonly ContainerState[], phase: string): Condition[] {
  const hasEnded = phase === 'Succeeded' || phase === 'Failed';
  const unready = whyContainersAreUnready(states, hasEnded);
  const closed = whyGatesAreClosed(input.pod);
  return [
    condition(input, 'PodReadyToStartContainers', input.podAddress !== '' && !hasEnded ? undefined : {}),
    condition(
      input,
      'Initialized',
      input.plan.isInitialized ? undefined : { reason: 'ContainersNotInitialized' },
    ),
    condition(input, 'ContainersReady', unready),
    condition(input, 'Ready', unready ?? closed),
  ];
}

/** True unless there is a reason against it. */
function condition({ pod, now }: PodStatusInput, type: string, against: Reason | undefined): Condition {
  const status = against === undefined ? 'True' : 'False';
  const before = conditionOf(pod, type);
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  // Null takes an earlier reason away: a status is a merge patch.
  const { reason = null, message = null } = against ?? {};
  return { type, status, reason, message, lastTransitionTime };
}

function whyContainersAreUnready(states: readonly ContainerState[], hasEnded: boolean): Reason | undefined {
  if (hasEnded) return { reason: 'PodCompleted' };
  const unready = states.filter((state) => !state.ready).map((state) => state.name);
  if (unready.length === 0) return undefined;
  return {
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function whyGatesAreClosed(pod: Pod): Reason | undefined {
  const gates = (pod.spec.readinessGates ?? []).map((gate) => gate.conditionType);
  const closed = gates.filter((type) => conditionOf(pod, type)?.status !== 'True');
  if (closed.length === 0) return undefined;
  const names = closed.map((gate) => `"${gate}"`).join(', ');
  return {
    reason: 'ReadinessGatesNotReady',
    message: `corresponding condition of pod readiness gate ${names} is not True`,
  };
}

function conditionOf(pod: Pod, type: string): Condition | undefined {
  return pod.status?.conditions?.find((candidate) => candidate.type === type);
}

/** Instants of conditions change with every look; what counts is whether anything else did. */
export function statusFingerprint(status: PodStatus): string {
  const conditions = status.conditions?.map((condition) => ({ ...condition, lastTransitionTime: undefined }));
  return JSON.stringify({ ...status, startTime: undefined, conditions });
}
