/**
 * Keeps one node's service rules equal to the service table: coalesces changes, loads one transaction at a time, tries again after
 * a failure. Runs inside the node's network namespace. It also makes the kernel forget UDP conversations with removed backends:
 * unlike a TCP connection they never end by themselves while the caller keeps asking.
 */
import { runCommand, tryCommand } from '../command.js';
import type { EndpointSlice, KubeObject, Service } from '../kube/kube-objects.js';
import type { KubeClient } from '../kube/kube.client.js';
import { renderServiceRules } from './service-rules.renderer.js';
import { type ServicePort, serviceTable } from './service-table.js';

export interface ServiceProxyOptions {
  kube: KubeClient;
  nodeName: string;
  podNetwork: string;
  isOverlay: boolean;
  log(line: string): void;
  /** Called after each change, coalesced like the rules. */
  onChange(): void;
}

const coalesceMs = 50;
/** A table of hundreds of Services takes its time: while they are being made, loading it is at most a fifth of the node's. */
const pauseOfLoads = 4;
const longestPauseMs = 1_000;
const retryMs = 1_000;

export class ServiceProxy {
  private readonly heldServices = new Map<string, Service>();
  private readonly heldSlices = new Map<string, EndpointSlice>();
  private timer: NodeJS.Timeout | undefined;
  private isLoading = false;
  private hasChanged = false;
  private loadedText = '';
  private loadedPorts: readonly ServicePort[] = [];

  constructor(private readonly options: ServiceProxyOptions) {
    this.follow('/api/v1/services', this.heldServices);
    this.follow('/apis/discovery.k8s.io/v1/endpointslices', this.heldSlices);
    this.schedule(coalesceMs);
  }

  services(): readonly Service[] {
    return [...this.heldServices.values()];
  }

  slices(): readonly EndpointSlice[] {
    return [...this.heldSlices.values()];
  }

  private follow<Kind extends KubeObject>(path: string, held: Map<string, Kind>): void {
    const changed = (): void => {
      this.hasChanged = true;
      this.schedule(coalesceMs);
    };
    this.options.kube.watch({
      path,
      onUpsert: (object) => {
        held.set(object.metadata.uid, object as Kind);
        changed();
      },
      onDelete: (object) => {
        held.delete(object.metadata.uid);
        changed();
      },
    });
  }

  /** Changes during a load wait for its end: one transaction at a time. */
  private schedule(pauseMs: number): void {
    if (!this.isLoading) this.timer ??= setTimeout(() => void this.run(), pauseMs);
  }

  private async run(): Promise<void> {
    this.timer = undefined;
    this.isLoading = true;
    this.hasChanged = false;
    const begunAt = performance.now();
    let failed = false;
    try {
      await this.load();
    } catch (error) {
      this.options.log(
        `service rules were not loaded: ${error instanceof Error ? error.message : String(error)}`,
      );
      failed = true;
    }
    this.isLoading = false;
    this.options.onChange();
    const pauseMs = Math.max(coalesceMs, pauseOfLoads * (performance.now() - begunAt));
    if (failed) this.schedule(retryMs);
    else if (this.hasChanged) this.schedule(Math.min(longestPauseMs, pauseMs));
  }

  private async load(): Promise<void> {
    const { nodeName, podNetwork, isOverlay } = this.options;
    const ports = serviceTable(this.heldServices.values(), this.heldSlices.values(), nodeName);
    const text = renderServiceRules({ ports, podNetwork, isOverlay });
    if (text === this.loadedText) return;
    await runCommand('nft', ['-f', '-'], { input: text });
    const stale = staleUdpBackends(this.loadedPorts, ports);
    this.loadedText = text;
    this.loadedPorts = ports;
    for (const { clusterAddress, backend } of stale) {
      const conversation = ['--orig-dst', clusterAddress, '--reply-src', backend];
      await tryCommand('conntrack', ['-D', '-p', 'udp', ...conversation]);
    }
  }
}

function staleUdpBackends(
  before: readonly ServicePort[],
  after: readonly ServicePort[],
): { clusterAddress: string; backend: string }[] {
  const current = new Set(
    after.flatMap((port) => port.backends.map((backend) => `${port.clusterAddress}>${backend.address}`)),
  );
  return before
    .filter((port) => port.protocol === 'udp')
    .flatMap((port) =>
      port.backends.map((backend) => ({ clusterAddress: port.clusterAddress, backend: backend.address })),
    )
    .filter(({ clusterAddress, backend }) => !current.has(`${clusterAddress}>${backend}`));
}
