/**
 * One Pod on a simulated node: the same plan of containers and the same status as a real node's, over containers that only pretend
 * to run. Probes succeed at once unless the Pod's annotations say otherwise; readiness gates are honoured.
 */
import { ignoringOutdated, type KubeClient } from '../node/kube/kube.client.js';
import type { ContainerSpec, Pod } from '../node/kube/kube-objects.js';
import { sandboxAnnotations } from '../node/kubelet/agent-config.js';
import { PodEvents } from '../node/kubelet/pod-events.js';
import { podStatus, statusFingerprint } from '../node/kubelet/pod-status.js';
import type { ProbeResults } from '../node/kubelet/prober.js';
import { type ContainerPlan, type ContainerStart, planContainers } from '../node/kubelet/restart.js';
import type { PodAddresses } from './pod-addresses.js';
import { SimulatedContainers } from './simulated-containers.js';

export interface SimulatedPodPorts {
  kube: KubeClient;
  nodeName: string;
  nodeAddress: string;
  addresses: PodAddresses;
  log(line: string): void;
  onGone(): void;
}

const image = 'simulated';
const retryMs = 1_000;
/** The stub of a real node ends as soon as it is told to; a Pod is seen terminating for a moment all the same. */
const endingMs = 300;
const strategicPatch = 'application/strategic-merge-patch+json';
export class SimulatedPod {
  private readonly containers = new SimulatedContainers();
  private readonly events: PodEvents;
  private publishedStatus = '';
  private turn: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private removeAtMs: number | undefined;

  constructor(
    private pod: Pod,
    private readonly ports: SimulatedPodPorts,
  ) {
    this.events = new PodEvents(ports.kube, ports.nodeName);
  }

  update(pod: Pod): void {
    this.pod = pod;
    this.wake();
  }

  /** It is gone from the API server, or its node ends. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    this.ports.addresses.release(this.pod.metadata.uid);
    this.ports.onGone();
  }

  private wake(): void {
    this.turn = this.turn
      .then(() => (this.isClosed ? undefined : this.round()))
      .catch((error: unknown) => {
        this.log(error instanceof Error ? error.message : String(error));
        this.wakeIn(retryMs);
      });
  }

  private wakeIn(delayMs: number): void {
    clearTimeout(this.timer);
    if (!this.isClosed) this.timer = setTimeout(() => this.wake(), delayMs);
  }

  private async round(): Promise<void> {
    const nowMs = Date.now();
    if (this.pod.metadata.deletionTimestamp !== undefined) return this.end(nowMs);
    const phase = this.pod.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed')
      return this.ports.addresses.release(this.pod.metadata.uid);
    const address = this.address();
    if (address === undefined) throw new Error('no address is left on this node');
    this.containers.settle(nowMs);
    const plan = this.startContainers(nowMs);
    for (const name of plan.backingOff) this.events.backingOff(this.pod, name);
    await this.publish(plan, address);
    const waits = [plan.waitMs, this.containers.settle(nowMs)].filter((ms) => ms !== undefined);
    if (waits.length > 0) this.wakeIn(Math.min(...waits));
  }

  private startContainers(nowMs: number): ContainerPlan {
    for (;;) {
      const plan = planContainers(this.pod, this.containers.observed(), nowMs);
      if (plan.starts.length === 0) return plan;
      for (const start of plan.starts) this.start(start, nowMs);
    }
  }

  private start(start: ContainerStart, nowMs: number): void {
    this.containers.start(this.pod, start, nowMs);
    this.events.pulled(this.pod, start.spec);
    this.events.created(this.pod, start.spec.name);
    this.events.started(this.pod, start.spec.name);
  }

  private address(): string | undefined {
    if (this.pod.spec.hostNetwork === true) return this.ports.nodeAddress;
    return this.ports.addresses.take(this.pod.metadata.uid);
  }

  private async publish(plan: ContainerPlan, podAddress: string): Promise<void> {
    const status = podStatus({
      pod: this.pod,
      observed: this.containers.observed(),
      plan,
      probes: probeResults(this.pod),
      podAddress,
      hostAddress: this.ports.nodeAddress,
      failures: new Map(),
      image,
      now: `${new Date().toISOString().slice(0, 19)}Z`,
    });
    const text = statusFingerprint(status);
    if (text === this.publishedStatus) return;
    const body = { metadata: { uid: this.pod.metadata.uid }, status };
    await ignoringOutdated(this.ports.kube.request('PATCH', `${this.path()}/status`, body, strategicPatch));
    this.publishedStatus = text;
  }

  /** Within its grace period, as a program that listens to SIGTERM. */
  private async end(nowMs: number): Promise<void> {
    const graceMs = (this.pod.metadata.deletionGracePeriodSeconds ?? 30) * 1_000;
    if (this.removeAtMs === undefined) {
      for (const { name } of this.containers.running()) this.events.stopping(this.pod, name);
      this.removeAtMs = nowMs + Math.min(graceMs, endingMs);
    }
    if (nowMs < this.removeAtMs) return this.wakeIn(this.removeAtMs - nowMs);
    const preconditions = { uid: this.pod.metadata.uid };
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions };
    await ignoringOutdated(this.ports.kube.request('DELETE', this.path(), options));
  }

  private path(): string {
    return `/api/v1/namespaces/${this.pod.metadata.namespace}/pods/${this.pod.metadata.name}`;
  }

  private log(text: string): void {
    this.ports.log(`pod ${this.pod.metadata.namespace}/${this.pod.metadata.name}: ${text}`);
  }
}

function probeResults(pod: Pod): ProbeResults {
  const annotation = pod.metadata.annotations?.[sandboxAnnotations.failProbes] ?? '';
  const kinds = annotation.split(',').map((word) => word.trim());
  const fails = (kind: string): boolean => kinds.includes(kind) || kinds.includes('all');
  const specs = new Map<string, ContainerSpec>(
    [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((spec) => [spec.name, spec]),
  );
  const hasStarted = (name: string): boolean =>
    specs.get(name)?.startupProbe === undefined || !fails('startup');
  return {
    hasStarted,
    isReady: (name) =>
      hasStarted(name) && (specs.get(name)?.readinessProbe === undefined || !fails('readiness')),
  };
}
