/**
 * The containers of one simulated Pod: what a runtime would say of them, without any process. A start always works; what is to end
 * by itself (init containers, Jobs, Pods whose annotations say so) ends when its time has come. The clock is an argument.
 */
import { randomBytes } from 'node:crypto';
import type { Pod } from '../node/kube/kube-objects.js';
import { sandboxAnnotations } from '../node/kubelet/agent-config.js';
import type { ContainerRole } from '../node/kubelet/pod-configs.js';
import type { ContainerStart } from '../node/kubelet/restart.js';
import type { ObservedContainer, ObservedPod } from '../node/kubelet/runtime-view.js';

const initRunMs = 100;
const jobRunMs = 3_000;
const keptAttempts = 2;

interface Ending {
  afterMs: number;
  exitCode: number;
}

export class SimulatedContainers {
  private readonly runs = new Map<string, ObservedContainer[]>();
  private readonly endings = new Map<ObservedContainer, { atMs: number; exitCode: number }>();

  start(pod: Pod, { spec, role, attempt }: ContainerStart, nowMs: number): void {
    const run: ObservedContainer = {
      id: randomBytes(32).toString('hex'),
      name: spec.name,
      attempt,
      state: 'running',
      startedAt: instant(nowMs),
      finishedAt: '',
      exitCode: 0,
    };
    this.runs.set(spec.name, [run, ...(this.runs.get(spec.name) ?? [])].slice(0, keptAttempts));
    const ending = endingOf(pod, role);
    if (ending !== undefined) this.endings.set(run, { ...ending, atMs: nowMs + ending.afterMs });
  }

  /** Ends what is due; returns how long until the next one is. */
  settle(nowMs: number): number | undefined {
    let nextMs: number | undefined;
    for (const [run, { atMs, exitCode }] of this.endings) {
      if (atMs > nowMs) nextMs = Math.min(nextMs ?? Infinity, atMs - nowMs);
      else {
        Object.assign(run, { state: 'exited', finishedAt: instant(nowMs), exitCode });
        this.endings.delete(run);
      }
    }
    return nextMs;
  }

  running(): ObservedContainer[] {
    return [...this.runs.values()].flat().filter(({ state }) => state === 'running');
  }

  observed(): ObservedPod {
    return { sandboxes: [], containers: this.runs };
  }
}

function endingOf(pod: Pod, role: ContainerRole): Ending | undefined {
  if (role === 'init') return { afterMs: initRunMs, exitCode: 0 };
  if (role === 'sidecar') return undefined;
  const annotations = pod.metadata.annotations ?? {};
  const exitAfterMs = annotations[sandboxAnnotations.exitAfterMs];
  const exitCode = Number(annotations[sandboxAnnotations.exitCode] ?? 0);
  if (exitAfterMs !== undefined) return { afterMs: Number(exitAfterMs), exitCode };
  const isJob = pod.metadata.ownerReferences?.some((owner) => owner.kind === 'Job') === true;
  return isJob ? { afterMs: jobRunMs, exitCode } : undefined;
}

function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
