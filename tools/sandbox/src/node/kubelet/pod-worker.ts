/**
 * One Pod on this node, from sandbox to removal: compares what the API server wants with what runs, acts, reports. Everything
 * about a Pod happens here and one step at a time; a change during a step leads to another round. What to do is decided by
 * `planContainers`, what to say by `podStatus`.
 */
import { rm } from 'node:fs/promises';
import { containerCalls } from '../calls/container-calls.js';
import type { CriClient, SandboxPlace } from '../cri/cri.client.js';
import type { DnsProcess } from '../dns/dns-process.js';
import type { ContainerSpec, Pod, Service } from '../kube/kube-objects.js';
import { ignoringOutdated, type KubeClient } from '../kube/kube.client.js';
import { type AgentConfig, sandboxAnnotations } from './agent-config.js';
import { fetchConfigSources } from './config-sources.js';
import { containerEnvironment, MissingReference } from './environment.js';
import { ExpectedPorts } from './expected-ports.js';
import { containerConfig, podLogFolder, podSandboxConfig } from './pod-configs.js';
import { PodEvents } from './pod-events.js';
import { podStatus, statusFingerprint } from './pod-status.js';
import { type ProbeKind, type Prober, startProber } from './prober.js';
import { type ContainerPlan, type ContainerStart, planContainers } from './restart.js';
import type { RuntimeView } from './runtime-view.js';
import { unmountable } from './volumes.js';

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

const retryMs = 1_000;
const keptAttempts = 2;
const strategicPatch = 'application/strategic-merge-patch+json';
export class PodWorker {
  private readonly uid: string;
  private readonly prober: Prober;
  private readonly events: PodEvents;
  private readonly expected: ExpectedPorts;
  /** Aborted when the Pod is to go: a sandbox that is still being made is not waited for. */
  private readonly leaving = new AbortController();
  /** Per container that could not be started: why. */
  private readonly failures = new Map<string, { reason: string; message: string }>();
  /** Per container the run (its id) that is being probed. */
  private readonly probed = new Map<string, string>();
  private place: (SandboxPlace & { id: string }) | undefined;
  private nameServer: DnsProcess | undefined;
  private publishedStatus = '';
  private isForgotten = false;
  private isClosed = false;
  private isRunning = false;
  private mustRunAgain = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private pod: Pod,
    private readonly ports: PodWorkerPorts,
  ) {
    this.uid = pod.metadata.uid;
    this.events = new PodEvents(ports.kube, ports.config.nodeName);
    this.expected = new ExpectedPorts(podLogFolder(pod, ports.config));
    this.prober = startProber({
      pod: () => this.pod,
      podAddress: () => this.podAddress(),
      onChange: () => this.wake(),
      onUnhealthy: (container, kind) => void this.endUnhealthy(container, kind),
      onFailure: ({ name }, kind, answer) => this.events.unhealthy(this.pod, name, kind, answer),
    });
  }

  update(pod: Pod): void {
    this.pod = pod;
    if (this.isLeaving()) this.leaving.abort();
    this.wake();
  }

  /** The Pod has been removed from the API server without waiting for this node. */
  forget(): void {
    this.isForgotten = true;
    this.leaving.abort();
    this.wake();
  }

  servicesChanged(): void {
    if (this.place === undefined) return;
    this.expected
      .tell(this.pod, this.ports.services())
      .catch((error: unknown) => this.log(error instanceof Error ? error.message : String(error)));
  }

  /** For the name server's Pod: where to publish the zone. */
  dns(): DnsProcess | undefined {
    return this.nameServer;
  }

  wake(): void {
    if (this.isClosed) return;
    if (this.isRunning) this.mustRunAgain = true;
    else void this.run();
  }

  private wakeIn(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wake(), delayMs);
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    do {
      this.mustRunAgain = false;
      try {
        await this.round();
      } catch (error) {
        this.log(error instanceof Error ? error.message : String(error));
        this.wakeIn(retryMs);
      }
    } while (this.mustRunAgain && !this.isClosed);
    this.isRunning = false;
  }

  private async round(): Promise<void> {
    if (this.isLeaving()) return this.remove();
    const phase = this.pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') return this.removeSandboxes(0);
    if (await this.lacksVolumes()) return this.wakeIn(retryMs);
    await this.ensureSandbox();
    const plan = await this.startContainers();
    this.followProbes();
    for (const name of plan.backingOff) this.events.backingOff(this.pod, name);
    await this.publish(plan);
    if (this.failures.size > 0) this.wakeIn(retryMs);
    else if (plan.waitMs !== undefined) this.wakeIn(plan.waitMs);
  }

  private isLeaving(): boolean {
    return this.isForgotten || this.pod.metadata.deletionTimestamp !== undefined;
  }

  /** A Pod without its volumes gets no sandbox, as with every kubelet. */
  private async lacksVolumes(): Promise<boolean> {
    const observed = this.ports.runtime.pod(this.uid);
    if (observed.sandboxes[0]?.isReady === true) return false;
    const missing = await unmountable(this.ports.kube, this.pod);
    for (const words of missing) this.events.warn(this.pod, 'FailedMount', words);
    if (missing.length > 0) await this.publish(planContainers(this.pod, observed, Date.now()));
    return missing.length > 0;
  }

  private async ensureSandbox(): Promise<void> {
    const { cri, runtime, inTurn, startDns } = this.ports;
    const latest = runtime.pod(this.uid).sandboxes[0];
    if (latest?.isReady === true) {
      if (this.place?.id !== latest.id)
        this.place = { id: latest.id, ...(await cri.sandboxPlace(latest.id)) };
    } else {
      // A sandbox that died takes its containers with it; a new one is a new start with a new address.
      await this.removeSandboxes(0);
      const attempt = latest === undefined ? 0 : latest.attempt + 1;
      const id = await inTurn(() => this.runSandbox(attempt));
      this.place = { id, ...(await cri.sandboxPlace(id)) };
      await runtime.refresh();
    }
    const isNameServer = this.pod.metadata.annotations?.[sandboxAnnotations.program] === 'dns';
    if (isNameServer) this.nameServer ??= startDns(this.place.netns);
  }

  private async runSandbox(attempt: number): Promise<string> {
    const { cri, config } = this.ports;
    try {
      return await cri.runPodSandbox(podSandboxConfig(this.pod, attempt, config), this.leaving.signal);
    } catch (error) {
      if (!this.isLeaving()) {
        const why = error instanceof Error ? error.message : String(error);
        this.events.warn(this.pod, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`);
      }
      throw error;
    }
  }

  /** Starts what is to run until nothing more can be started now, and returns the plan that is left. */
  private async startContainers(): Promise<ContainerPlan> {
    const { runtime, inTurn } = this.ports;
    for (;;) {
      const plan = planContainers(this.pod, runtime.pod(this.uid), Date.now());
      if (plan.starts.length === 0 || this.isLeaving() || this.isClosed) return plan;
      const results: boolean[] = [];
      for (const start of plan.starts) results.push(await inTurn(() => this.startContainer(start)));
      await runtime.refresh();
      // What cannot be started is tried again later, not in a tight loop.
      if (results.includes(false)) return planContainers(this.pod, runtime.pod(this.uid), Date.now());
    }
  }

  private async startContainer(start: ContainerStart): Promise<boolean> {
    const { cri, kube, config, runtime } = this.ports;
    const { name } = start.spec;
    if (this.place === undefined) return false;
    try {
      const sources = {
        data: await fetchConfigSources(kube, this.pod),
        podAddress: this.podAddress(),
        hostAddress: config.nodeAddress,
        services: this.ports.services(),
      };
      await this.expected.tell(this.pod, this.ports.services());
      const stub = {
        ...start,
        environment: containerEnvironment(this.pod, start.spec, sources),
        calls: containerCalls(this.pod, start.spec, sources),
        expectedFolder: this.expected.folderOf(name),
      };
      this.events.pulled(this.pod, start.spec);
      const id = await cri.createContainer(
        this.place.id,
        containerConfig(this.pod, stub, config),
        podSandboxConfig(this.pod, 0, config),
      );
      this.events.created(this.pod, name);
      await cri.startContainer(id);
      this.events.started(this.pod, name);
    } catch (error) {
      const reason = error instanceof MissingReference ? 'CreateContainerConfigError' : 'RunContainerError';
      const message = error instanceof Error ? error.message : String(error);
      this.failures.set(name, { reason, message });
      this.events.warn(this.pod, 'Failed', `Error: ${message}`, name);
      return false;
    }
    this.failures.delete(name);
    // By their number: the view may have seen the new one by now, or not yet.
    for (const { id, attempt } of runtime.pod(this.uid).containers.get(name) ?? [])
      if (attempt <= start.attempt - keptAttempts) await cri.removeContainer(id);
    return true;
  }

  /** Probes belong to one run of a container: a new run begins anew, an ended one has none. */
  private followProbes(): void {
    const sidecars = (this.pod.spec.initContainers ?? []).filter((spec) => spec.restartPolicy === 'Always');
    for (const spec of [...sidecars, ...this.pod.spec.containers]) {
      const latest = this.ports.runtime.pod(this.uid).containers.get(spec.name)?.[0];
      const runningId = latest?.state === 'running' ? latest.id : '';
      if (this.probed.get(spec.name) === runningId) continue;
      this.probed.set(spec.name, runningId);
      if (runningId === '') this.prober.stop(spec.name);
      else this.prober.start(spec);
    }
  }

  private async endUnhealthy({ name }: ContainerSpec, probe: ProbeKind): Promise<void> {
    const { cri, runtime } = this.ports;
    const latest = runtime.pod(this.uid).containers.get(name)?.[0];
    if (latest?.state !== 'running') return;
    this.events.restarting(this.pod, name, probe);
    try {
      await cri.stopContainer(latest.id, this.graceSeconds());
      await runtime.refresh();
    } catch (error) {
      this.log(error instanceof Error ? error.message : String(error));
    }
    this.wake();
  }

  private async publish(plan: ContainerPlan): Promise<void> {
    const { kube, config, runtime } = this.ports;
    const status = podStatus({
      pod: this.pod,
      observed: runtime.pod(this.uid),
      plan,
      probes: this.prober,
      podAddress: this.podAddress(),
      hostAddress: config.nodeAddress,
      failures: this.failures,
      image: config.image,
      now: `${new Date().toISOString().slice(0, 19)}Z`,
    });
    const text = statusFingerprint(status);
    if (text === this.publishedStatus) return;
    // The uid makes the API server refuse a status that is meant for an earlier Pod of the same name.
    await ignoringOutdated(
      kube.request('PATCH', `${this.path()}/status`, { metadata: { uid: this.uid }, status }, strategicPatch),
    );
    this.publishedStatus = text;
  }

  private async removeSandboxes(graceSeconds: number): Promise<void> {
    const { cri, runtime } = this.ports;
    this.prober.close();
    this.probed.clear();
    // Before the sandbox: a process inside would keep its network namespace alive.
    await this.nameServer?.close();
    this.nameServer = undefined;
    this.place = undefined;
    const observed = runtime.pod(this.uid);
    const running = [...observed.containers.values()]
      .flat()
      .filter((container) => container.state === 'running');
    for (const { name } of running) this.events.stopping(this.pod, name);
    await Promise.all(running.map((container) => cri.stopContainer(container.id, graceSeconds)));
    for (const sandbox of observed.sandboxes) {
      await cri.stopPodSandbox(sandbox.id);
      await cri.removePodSandbox(sandbox.id);
    }
    if (observed.sandboxes.length > 0) await runtime.refresh();
  }

  private async remove(): Promise<void> {
    const { kube, config, onGone } = this.ports;
    await this.removeSandboxes(this.isForgotten ? 0 : this.graceSeconds());
    await rm(podLogFolder(this.pod, config), { recursive: true, force: true });
    if (!this.isForgotten) {
      const options = {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        gracePeriodSeconds: 0,
        preconditions: { uid: this.uid },
      };
      await ignoringOutdated(kube.request('DELETE', this.path(), options));
    }
    this.isClosed = true;
    clearTimeout(this.timer);
    onGone();
  }

  private podAddress(): string {
    return this.pod.spec.hostNetwork === true ? this.ports.config.nodeAddress : (this.place?.address ?? '');
  }

  private graceSeconds(): number {
    return this.pod.metadata.deletionGracePeriodSeconds ?? this.pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  private path(): string {
    return `/api/v1/namespaces/${this.pod.metadata.namespace}/pods/${this.pod.metadata.name}`;
  }

  private log(text: string): void {
    this.ports.log(`pod ${this.pod.metadata.namespace}/${this.pod.metadata.name}: ${text}`);
  }
}
