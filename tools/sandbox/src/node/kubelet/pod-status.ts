/**
 * A Pod's status from what runs, what the probes say and which readiness gates others have opened. Pure.
 * Of the conditions it writes only a node's own; everybody else's stay as they are.
 */
import type { Condition, ContainerSpec, ContainerState, Pod, PodStatus, StateDetail } from '../kube/kube-objects.js';
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
  const initContainerStatuses = (pod.spec.initContainers ?? []).map((spec) => containerState(input, spec, 'init'));
  const phase = plan.outcome ?? phaseOf(containerStatuses);
  return {
    phase,
    conditions: conditions(input, [...initContainerStatuses.filter((_, index) => isSidecar(pod, index)), ...containerStatuses], phase),
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
  return states.every((state) => state.state.running !== undefined || state.state.terminated !== undefined || state.restartCount > 0)
    ? 'Running'
    : 'Pending';
}

function containerState(input: PodStatusInput, spec: ContainerSpec, stage: 'init' | 'main'): ContainerState {
  const [latest, previous] = input.observed.containers.get(spec.name) ?? [];
  const isRunning = latest?.state === 'running';
  const started = isRunning && input.probes.hasStarted(spec.name);
  const isDone = stage === 'init' && spec.restartPolicy !== 'Always' && latest?.state === 'exited' && latest.exitCode === 0;
  const state = stateDetail(input, spec, latest, stage);
  const last = state.waiting === undefined ? previous : latest;
  return {
    name: spec.name,
    image: spec.image ?? '',
    imageID: latest === undefined ? '' : input.image,
    ...(latest === undefined ? {} : { containerID: `containerd://${latest.id}` }),
    ready: isDone || (started && input.probes.isReady(spec.name)),
    started,
    restartCount: latest?.attempt ?? 0,
    state,
    lastState: last?.state === 'exited' ? { terminated: terminated(last) } : {},
  };
}

function stateDetail(input: PodStatusInput, spec: ContainerSpec, latest: ObservedContainer | undefined, stage: 'init' | 'main'): StateDetail {
  if (latest?.state === 'running') return { running: { startedAt: latest.startedAt } };
  const failure = input.failures.get(spec.name);
  if (failure !== undefined) return { waiting: failure };
  if (input.plan.backingOff.includes(spec.name)) {
    return { waiting: { reason: 'CrashLoopBackOff', message: 'the restart waits after repeated failures' } };
  }
  if (latest?.state === 'exited') return { terminated: terminated(latest) };
  return { waiting: { reason: stage === 'main' && !input.plan.isInitialized ? 'PodInitializing' : 'ContainerCreating' } };
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

function conditions(input: PodStatusInput, states: readonly ContainerState[], phase: string): Condition[] {
  const { pod, plan, podAddress, now } = input;
  const hasEnded = phase === 'Succeeded' || phase === 'Failed';
  const unready = states.filter((state) => !state.ready).map((state) => state.name);
  const closedGates = (pod.spec.readinessGates ?? [])
    .map((gate) => gate.conditionType)
    .filter((type) => pod.status?.conditions?.find((condition) => condition.type === type)?.status !== 'True');
  const areContainersReady = unready.length === 0 && !hasEnded;
  const unreadyReason = hasEnded ? { reason: 'PodCompleted' } : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  const isReady = areContainersReady && closedGates.length === 0;
  const gateReason = { reason: 'ReadinessGatesNotReady', message: `corresponding condition of pod readiness gate ${closedGates.map((gate) => `"${gate}"`).join(', ')} is not True` };
  const wanted: Omit<Condition, 'lastTransitionTime'>[] = [
    { type: 'PodReadyToStartContainers', status: podAddress !== '' && !hasEnded ? 'True' : 'False' },
    { type: 'Initialized', status: plan.isInitialized ? 'True' : 'False', ...(plan.isInitialized ? {} : { reason: 'ContainersNotInitialized' }) },
    { type: 'ContainersReady', status: areContainersReady ? 'True' : 'False', ...(areContainersReady ? {} : unreadyReason) },
    { type: 'Ready', status: isReady ? 'True' : 'False', ...(isReady ? {} : areContainersReady ? gateReason : unreadyReason) },
  ];
  return wanted.map((condition) => {
    const before = pod.status?.conditions?.find((candidate) => candidate.type === condition.type);
    return { ...condition, lastTransitionTime: before?.status === condition.status ? (before.lastTransitionTime ?? now) : now };
  });
}
