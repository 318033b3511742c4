/**
 * One Pod on this node, from sandbox to removal: compares what the API server wants with what runs, acts, reports. Everything
 * about a Pod happens here and one step at a time; a change during a step leads to another round. What to do is decided by
 * `planContainers`, what to say by `podStatus`.
 */
import { rm } from 'node:fs/promises';
import type { CriClient, SandboxPlace } from '../cri/cri.client.js';
import type { DnsProcess } from '../dns/dns-process.js';
import type { ContainerSpec, Pod, PodStatus, Service } from '../kube/kube-objects.js';
import { type KubeClient, KubeError } from '../kube/kube.client.js';
import { type AgentConfig, sandboxAnnotations } from './agent-config.js';
import { fetchConfigSources } from './config-sources.js';
import { containerEnvironment, MissingReference } from './environment.js';
import { containerConfig, podLogFolder, podSandboxConfig } from './pod-configs.js';
import { podStatus } from './pod-status.js';
import { startProber } from './prober.js';
import { type ContainerStart, planContainers } from './restart.js';
import type { RuntimeView } from './runtime-view.js';

export interface PodWorkerPorts {
  config: AgentConfig;
  cri: CriClient;
  kube: KubeClient;
  runtime: RuntimeView;
  services(): readonly Service[];
  startDns(netns: string): DnsProcess;
  /** Starting sandboxes and containers is bounded per node; more at once would only make each slower. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
  log(line: string): void;
  onGone(): void;
}

export interface PodWorker {
  update(pod: Pod): void;
  /** The Pod has been removed from the API server without waiting for this node. */
  forget(): void;
  wake(): void;
  /** For the name server's Pod: a new zone to publish. */
  dns(): DnsProcess | undefined;
  close(): void;
}

const retryMs = 1_000;
const maxKeptAttempts = 2;

export function startPodWorker(first: Pod, ports: PodWorkerPorts): PodWorker {
  const { cri, kube, runtime, config } = ports;
  const uid = first.metadata.uid;
  const failures = new Map<string, { reason: string; message: string }>();
  let pod = first;
  let isForgotten = false;
  let isClosed = false;
  let place: (SandboxPlace & { id: string }) | undefined;
  let dns: DnsProcess | undefined;
  let published = '';
  const probing = new Map<string, string>();
  const prober = startProber({
    pod: () => pod,
    podAddress: () => podAddress(),
    onChange: () => wake(),
    onUnhealthy: (container) => void endUnhealthy(container),
  });

  const podAddress = (): string => (pod.spec.hostNetwork === true ? config.nodeAddress : (place?.address ?? ''));

  // One round at a time; a wake during a round is remembered.
  let isRunning = false;
  let mustRunAgain = false;
  let timer: NodeJS.Timeout | undefined;
  const wake = (): void => {
    if (isClosed) return;
    if (isRunning) mustRunAgain = true;
    else void run();
  };
  const wakeIn = (delayMs: number): void => {
    clearTimeout(timer);
    timer = setTimeout(wake, delayMs);
  };
  const run = async (): Promise<void> => {
    isRunning = true;
    do {
      mustRunAgain = false;
      try {
        await round();
      } catch (error) {
        ports.log(`pod ${pod.metadata.namespace}/${pod.metadata.name}: ${error instanceof Error ? error.message : String(error)}`);
        wakeIn(retryMs);
      }
    } while (mustRunAgain && !isClosed);
    isRunning = false;
  };

  const round = async (): Promise<void> => {
    if (isForgotten || pod.metadata.deletionTimestamp !== undefined) return remove();
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return removeSandboxes(0);
    await ensureSandbox();
    let plan = planContainers(pod, runtime.pod(uid), Date.now());
    while (plan.starts.length > 0 && !isStale()) {
      const before = failures.size;
      for (const start of plan.starts) await ports.inTurn(() => startContainer(start));
      await runtime.refresh();
      plan = planContainers(pod, runtime.pod(uid), Date.now());
      // What cannot be configured is tried again later, not in a tight loop.
      if (failures.size > before) break;
    }
    followProbes();
    await publish(podStatus({ ...statusInput(), plan }));
    if (failures.size > 0) wakeIn(retryMs);
    else if (plan.waitMs !== undefined) wakeIn(plan.waitMs);
  };

  const isStale = (): boolean => isForgotten || isClosed || pod.metadata.deletionTimestamp !== undefined;

  const statusInput = () => ({
    pod,
    observed: runtime.pod(uid),
    probes: prober,
    podAddress: podAddress(),
    hostAddress: config.nodeAddress,
    failures,
    image: config.image,
    now: `${new Date().toISOString().slice(0, 19)}Z`,
  });

  const ensureSandbox = async (): Promise<void> => {
    const latest = runtime.pod(uid).sandboxes[0];
    if (latest?.isReady === true) {
      if (place?.id !== latest.id) place = { id: latest.id, ...(await cri.sandboxPlace(latest.id)) };
    } else {
      // A sandbox that died takes its containers with it; a new one is a new start with a new address.
      await removeSandboxes(0);
      const id = await ports.inTurn(() => cri.runPodSandbox(podSandboxConfig(pod, latest === undefined ? 0 : latest.attempt + 1, config)));
      place = { id, ...(await cri.sandboxPlace(id)) };
      await runtime.refresh();
    }
    if (pod.metadata.annotations?.[sandboxAnnotations.program] === 'dns') dns ??= ports.startDns(place.netns);
  };

  const startContainer = async (start: ContainerStart): Promise<void> => {
    const name = start.spec.name;
    if (place === undefined) return;
    try {
      const environment = containerEnvironment(pod, start.spec, {
        data: await fetchConfigSources(kube, pod),
        podAddress: podAddress(),
        hostAddress: config.nodeAddress,
        services: ports.services(),
      });
      const stub = { ...start, environment, ownAddresses: [podAddress(), pod.metadata.name] };
      const id = await cri.createContainer(place.id, containerConfig(pod, stub, config), podSandboxConfig(pod, 0, config));
      await cri.startContainer(id);
      failures.delete(name);
    } catch (error) {
      const reason = error instanceof MissingReference ? 'CreateContainerConfigError' : 'RunContainerError';
      failures.set(name, { reason, message: error instanceof Error ? error.message : String(error) });
      return;
    }
    for (const old of (runtime.pod(uid).containers.get(name) ?? []).slice(maxKeptAttempts - 1)) await cri.removeContainer(old.id);
  };

  /** Probes belong to one run of a container: a new run begins anew, an ended one has none. */
  const followProbes = (): void => {
    const sidecars = (pod.spec.initContainers ?? []).filter((spec) => spec.restartPolicy === 'Always');
    for (const spec of [...sidecars, ...pod.spec.containers]) {
      const latest = runtime.pod(uid).containers.get(spec.name)?.[0];
      const runningId = latest?.state === 'running' ? latest.id : '';
      if (probing.get(spec.name) === runningId) continue;
      probing.set(spec.name, runningId);
      if (runningId === '') prober.stop(spec.name);
      else prober.start(spec);
    }
  };

  const endUnhealthy = async (container: ContainerSpec): Promise<void> => {
    const latest = runtime.pod(uid).containers.get(container.name)?.[0];
    if (latest?.state !== 'running') return;
    ports.log(`pod ${pod.metadata.namespace}/${pod.metadata.name}: ${container.name} fails its probe and is restarted`);
    await cri.stopContainer(latest.id, graceSeconds()).catch((error: unknown) => ports.log(String(error)));
    await runtime.refresh().catch(() => undefined);
    wake();
  };

  const graceSeconds = (): number => pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;

  const publish = async (status: PodStatus): Promise<void> => {
    const text = JSON.stringify({ ...status, startTime: undefined });
    if (text === published) return;
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
    try {
      // The uid makes the API server refuse a status that is meant for an earlier Pod of the same name.
      await kube.request('PATCH', `${path}/status`, { metadata: { uid }, status }, 'application/strategic-merge-patch+json');
      published = text;
    } catch (error) {
      if (!(error instanceof KubeError) || ![404, 409].includes(error.status)) throw error;
    }
  };

  const removeSandboxes = async (grace: number): Promise<void> => {
    prober.close();
    probing.clear();
    await dns?.close();
    dns = undefined;
    place = undefined;
    const observed = runtime.pod(uid);
    const running = [...observed.containers.values()].flat().filter((container) => container.state === 'running');
    await Promise.all(running.map((container) => cri.stopContainer(container.id, grace)));
    for (const sandbox of observed.sandboxes) {
      await cri.stopPodSandbox(sandbox.id);
      await cri.removePodSandbox(sandbox.id);
    }
    if (observed.sandboxes.length > 0) await runtime.refresh();
  };

  const remove = async (): Promise<void> => {
    await removeSandboxes(isForgotten ? 0 : graceSeconds());
    await rm(podLogFolder(pod, config), { recursive: true, force: true });
    if (!isForgotten) {
      const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
      const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: { uid } };
      await kube.request('DELETE', path, options).catch((error: unknown) => {
        if (!(error instanceof KubeError) || ![404, 409].includes(error.status)) throw error;
      });
    }
    close();
    ports.onGone();
  };

  const close = (): void => {
    isClosed = true;
    clearTimeout(timer);
    prober.close();
  };

  return {
    update: (next) => {
      pod = next;
      wake();
    },
    forget: () => {
      isForgotten = true;
      wake();
    },
    wake,
    dns: () => dns,
    close,
  };
}
