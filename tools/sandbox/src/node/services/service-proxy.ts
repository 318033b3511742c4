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
}

export interface ServiceProxy {
  services(): readonly Service[];
  slices(): readonly EndpointSlice[];
  /** Called after each change, coalesced like the rules. */
  onChange(listener: () => void): void;
  close(): void;
}

const coalesceMs = 50;
const retryMs = 1_000;

export function startServiceProxy(options: ServiceProxyOptions): ServiceProxy {
  const services = new Map<string, Service>();
  const slices = new Map<string, EndpointSlice>();
  const listeners: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isLoading = false;
  let isClosed = false;
  let loadedText = '';
  let loadedPorts: readonly ServicePort[] = [];

  const schedule = (pauseMs = coalesceMs): void => {
    if (isClosed || isLoading) return;
    timer ??= setTimeout(() => void load(), pauseMs);
  };

  const load = async (): Promise<void> => {
    isLoading = true;
    timer = undefined;
    const ports = serviceTable(services.values(), slices.values(), options.nodeName);
    const text = renderServiceRules({ ports, podNetwork: options.podNetwork, isOverlay: options.isOverlay });
    let pauseMs: number | undefined;
    try {
      if (text !== loadedText) await runCommand('nft', ['-f', '-'], { input: text });
      const stale = staleUdpBackends(loadedPorts, ports);
      loadedText = text;
      loadedPorts = ports;
      for (const { clusterAddress, backend } of stale) {
        await tryCommand('conntrack', ['-D', '-p', 'udp', '--orig-dst', clusterAddress, '--reply-src', backend]);
      }
    } catch (error) {
      options.log(`service rules were not loaded: ${error instanceof Error ? error.message : String(error)}`);
      pauseMs = retryMs;
    }
    isLoading = false;
    for (const listener of listeners) listener();
    if (pauseMs !== undefined || hasChanged) schedule(pauseMs);
    hasChanged = false;
  };

  let hasChanged = false;
  const changed = (): void => {
    if (isLoading) hasChanged = true;
    schedule();
  };
  const follow = <Kind extends KubeObject>(path: string, held: Map<string, Kind>) =>
    options.kube.watch({
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
  const watches = [follow('/api/v1/services', services), follow('/apis/discovery.k8s.io/v1/endpointslices', slices)];
  schedule();

  return {
    services: () => [...services.values()],
    slices: () => [...slices.values()],
    onChange: (listener) => void listeners.push(listener),
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      for (const watch of watches) watch.close();
    },
  };
}

function staleUdpBackends(before: readonly ServicePort[], after: readonly ServicePort[]): { clusterAddress: string; backend: string }[] {
  const current = new Set(after.flatMap((port) => port.backends.map((backend) => `${port.clusterAddress}>${backend.address}`)));
  return before
    .filter((port) => port.protocol === 'udp')
    .flatMap((port) => port.backends.map((backend) => ({ clusterAddress: port.clusterAddress, backend: backend.address })))
    .filter(({ clusterAddress, backend }) => !current.has(`${clusterAddress}>${backend}`));
}
