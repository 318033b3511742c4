/**
 * What containerd runs on this node, by Pod: refreshed after each of the agent's own actions, after each exit that containerd
 * reports, and every few seconds in case a report was lost. It only looks; acting is the pod workers'.
 */
import type { Container, ContainerStatus, CriClient, Sandbox } from '../cri/cri.client.js';
import { runtimeLabels } from './pod-configs.js';

export interface ObservedContainer {
  id: string;
  name: string;
  attempt: number;
  state: 'created' | 'running' | 'exited';
  startedAt: string;
  finishedAt: string;
  exitCode: number;
}

export interface ObservedPod {
  /** Newest first. */
  sandboxes: readonly { id: string; attempt: number; isReady: boolean }[];
  /** Of each container name, newest attempt first. */
  containers: ReadonlyMap<string, readonly ObservedContainer[]>;
}

export interface RuntimeView {
  pod(uid: string): ObservedPod;
  podUids(): string[];
  /** Resolves after a look that began after the call. */
  refresh(): Promise<void>;
  close(): void;
}

const refreshIntervalMs = 5_000;
/** The runtime interface learns of an exit by the same event, a little later than its other listeners may. */
const lookAfterExitMs = [20, 200, 1_000];
const nothing: ObservedPod = { sandboxes: [], containers: new Map() };
const states = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'exited',
} as const;

export function watchRuntime(cri: CriClient, onPodChanged: (uid: string) => void): RuntimeView {
  let pods = new Map<string, ObservedPod>();
  let fingerprints = new Map<string, string>();
  const details = new Map<string, ObservedContainer>();

  const look = async (): Promise<void> => {
    const [sandboxes, containers] = await Promise.all([cri.listPodSandboxes(), cri.listContainers()]);
    const observed = await Promise.all(containers.map((container) => observe(cri, container, details)));
    const ids = new Set(containers.map((container) => container.id));
    for (const id of details.keys()) if (!ids.has(id)) details.delete(id);
    pods = groupByPod(sandboxes, containers, observed);
    const before = fingerprints;
    fingerprints = new Map([...pods].map(([uid, pod]) => [uid, fingerprint(pod)]));
    for (const uid of new Set([...before.keys(), ...fingerprints.keys()])) {
      if (before.get(uid) !== fingerprints.get(uid)) onPodChanged(uid);
    }
  };
  const refresh = coalesced(look);
  // containerd may be down: the next look, one interval later, finds out what became of everything.
  const refreshQuietly = (): void => void refresh().catch(() => undefined);
  const timer = setInterval(refreshQuietly, refreshIntervalMs);
  const afterExit = new Set<NodeJS.Timeout>();
  const stopWatching = cri.watchExits(() => {
    for (const delayMs of lookAfterExitMs) {
      const look = setTimeout(() => {
        afterExit.delete(look);
        refreshQuietly();
      }, delayMs);
      afterExit.add(look);
    }
  });

  return {
    pod: (uid) => pods.get(uid) ?? nothing,
    podUids: () => [...pods.keys()],
    refresh,
    close: () => {
      clearInterval(timer);
      for (const look of afterExit) clearTimeout(look);
      stopWatching();
    },
  };
}

/** At most one run at a time; calls during a run share the next one. */
function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running = work().finally(() => (running = undefined));
    return running;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}

/** Times and exit code need a call of their own; they change only with the state. */
async function observe(
  cri: CriClient,
  container: Container,
  details: Map<string, ObservedContainer>,
): Promise<ObservedContainer | undefined> {
  const known = details.get(container.id);
  const state = states[container.state];
  if (known?.state === state) return known;
  const status = await cri.containerStatus(container.id).catch(() => undefined);
  if (status === undefined) return undefined;
  const observed = observedFrom(status);
  details.set(container.id, observed);
  return observed;
}

function observedFrom(status: ContainerStatus): ObservedContainer {
  return {
    id: status.id,
    name: status.metadata.name,
    attempt: status.metadata.attempt,
    state: states[status.state],
    startedAt: instant(status.started_at),
    finishedAt: instant(status.finished_at),
    exitCode: status.exit_code,
  };
}

function instant(nanoseconds: string): string {
  const milliseconds = Number(BigInt(nanoseconds) / 1_000_000n);
  return `${new Date(Math.max(0, milliseconds)).toISOString().slice(0, 19)}Z`;
}

function groupByPod(
  sandboxes: readonly Sandbox[],
  containers: readonly Container[],
  observed: readonly (ObservedContainer | undefined)[],
): Map<string, ObservedPod> {
  const pods = new Map<
    string,
    {
      sandboxes: { id: string; attempt: number; isReady: boolean }[];
      containers: Map<string, ObservedContainer[]>;
    }
  >();
  const podOf = (labels: Record<string, string>) => {
    const uid = labels[runtimeLabels.podUid] ?? '';
    const pod = pods.get(uid) ?? { sandboxes: [], containers: new Map<string, ObservedContainer[]>() };
    pods.set(uid, pod);
    return pod;
  };
  for (const sandbox of sandboxes) {
    podOf(sandbox.labels).sandboxes.push({
      id: sandbox.id,
      attempt: sandbox.metadata.attempt,
      isReady: sandbox.state === 'SANDBOX_READY',
    });
  }
  containers.forEach((container, index) => {
    const seen = observed[index];
    if (seen === undefined) return;
    const byName = podOf(container.labels).containers;
    byName.set(
      seen.name,
      [...(byName.get(seen.name) ?? []), seen].sort((left, right) => right.attempt - left.attempt),
    );
  });
  for (const pod of pods.values()) pod.sandboxes.sort((left, right) => right.attempt - left.attempt);
  return pods;
}

function fingerprint(pod: ObservedPod): string {
  return JSON.stringify([
    pod.sandboxes,
    [...pod.containers.values()].map((attempts) => attempts.map(({ id, state }) => [id, state])),
  ]);
}
