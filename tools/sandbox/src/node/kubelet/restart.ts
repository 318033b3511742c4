/**
 * What to do next with a Pod's containers, given what runs: which to start, how long to wait, whether the Pod has ended. Pure;
 * the clock is an argument.
 */
import type { ContainerSpec, Pod } from '../kube/kube-objects.js';
import type { ContainerRole } from './pod-configs.js';
import type { ObservedContainer, ObservedPod } from './runtime-view.js';

export interface ContainerStart {
  spec: ContainerSpec;
  role: ContainerRole;
  attempt: number;
}

export interface ContainerPlan {
  starts: ContainerStart[];
  /** Look again after so long: a restart is being held back. */
  waitMs: number | undefined;
  /** Containers held back after repeated failures. */
  backingOff: string[];
  isInitialized: boolean;
  outcome: 'Succeeded' | 'Failed' | undefined;
}

const firstBackOffMs = 1_000;
const maxBackOffMs = 60_000;

export function planContainers(pod: Pod, observed: ObservedPod, nowMs: number): ContainerPlan {
  const plan: ContainerPlan = {
    starts: [],
    waitMs: undefined,
    backingOff: [],
    isInitialized: false,
    outcome: undefined,
  };
  plan.isInitialized = planInitContainers({ pod, observed, nowMs, plan });
  if (!plan.isInitialized) return plan;
  for (const spec of pod.spec.containers) {
    const latest = observed.containers.get(spec.name)?.[0];
    if (mustRun(pod, latest)) planStart(plan, { spec, role: 'main', latest, nowMs });
  }
  plan.outcome = podOutcome(pod, observed);
  return plan;
}

interface PlannedPod {
  pod: Pod;
  observed: ObservedPod;
  nowMs: number;
  plan: ContainerPlan;
}

/** True when all have done their part: an ordinary one has ended well, a sidecar runs. */
function planInitContainers({ pod, observed, nowMs, plan }: PlannedPod): boolean {
  for (const spec of pod.spec.initContainers ?? []) {
    const latest = observed.containers.get(spec.name)?.[0];
    const role = spec.restartPolicy === 'Always' ? 'sidecar' : 'init';
    if (hasDoneItsPart(role, latest)) continue;
    if (latest?.state === 'running') return false;
    if (role === 'init' && hasFailedForGood(pod, latest)) plan.outcome = 'Failed';
    else planStart(plan, { spec, role, latest, nowMs });
    return false;
  }
  return true;
}

function hasDoneItsPart(role: 'sidecar' | 'init', latest: ObservedContainer | undefined): boolean {
  if (role === 'sidecar') return latest?.state === 'running';
  return latest?.state === 'exited' && latest.exitCode === 0;
}

function hasFailedForGood(pod: Pod, latest: ObservedContainer | undefined): boolean {
  return latest?.state === 'exited' && pod.spec.restartPolicy === 'Never';
}

function mustRun(pod: Pod, latest: ObservedContainer | undefined): boolean {
  if (latest?.state === 'running') return false;
  if (latest?.state !== 'exited') return true;
  const policy = pod.spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && latest.exitCode !== 0);
}

function podOutcome(pod: Pod, observed: ObservedPod): ContainerPlan['outcome'] {
  const latest = pod.spec.containers.map((spec) => observed.containers.get(spec.name)?.[0]);
  if (latest.some((container) => container?.state !== 'exited' || mustRun(pod, container))) return undefined;
  return latest.every((container) => container?.exitCode === 0) ? 'Succeeded' : 'Failed';
}

interface StartCandidate {
  spec: ContainerSpec;
  role: ContainerRole;
  latest: ObservedContainer | undefined;
  nowMs: number;
}

function planStart(plan: ContainerPlan, { spec, role, latest, nowMs }: StartCandidate): void {
  const attempt = latest === undefined ? 0 : latest.attempt + 1;
  const waitMs =
    latest?.state === 'exited' ? Date.parse(latest.finishedAt) + backOffMs(latest.attempt) - nowMs : 0;
  if (waitMs <= 0) {
    plan.starts.push({ spec, role, attempt });
    return;
  }
  plan.backingOff.push(spec.name);
  plan.waitMs = Math.min(plan.waitMs ?? waitMs, waitMs);
}

/** The first restart is at once, as a kubelet's; then the pause doubles. */
function backOffMs(attempt: number): number {
  return attempt === 0 ? 0 : Math.min(maxBackOffMs, firstBackOffMs * 2 ** (attempt - 1));
}
