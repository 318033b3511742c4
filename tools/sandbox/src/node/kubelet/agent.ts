/**
 * The process of one node, running inside the node's network namespace: registers the node, runs the Pods bound to it, keeps its
 * Service rules and feeds the name server if that Pod is here. It gets its configuration over the process channel and
 * ends when the channel closes; what it leaves running is the sandbox's to remove.
 *
 *   API server ──watch──> pod workers ──CRI──> containerd ──exits──> runtime view ──> pod workers ──status──> API server
 *              ──watch──> service proxy ──nft──> this namespace
 *                                       └──zone──> name server (in its Pod's namespace)
 */
import { connectCri } from '../cri/cri.client.js';
import { startDnsProcess } from '../dns/dns-process.js';
import { buildZone } from '../dns/zone.js';
import type { Pod } from '../kube/kube-objects.js';
import { connectKube } from '../kube/kube.client.js';
import { ServiceProxy } from '../services/service-proxy.js';
import type { AgentConfig, AgentMessage } from './agent-config.js';
import { registerNode } from './node-registration.js';
import { PodWorker, type PodWorkerPorts } from './pod-worker.js';
import { watchRuntime } from './runtime-view.js';
import { createTurns } from './turns.js';

/** Sandboxes and containers being started at once per node; with more, containerd's own locks are the limit. */
const parallelStarts = 4;

process.once('message', (config: AgentConfig) => {
  runAgent(config).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));

function tell(message: AgentMessage): void {
  process.send?.(message);
}

async function runAgent(config: AgentConfig): Promise<void> {
  const log = (line: string): void => tell({ kind: 'log', line: `${config.nodeName}: ${line}` });
  const kube = connectKube(config.kube);
  const cri = connectCri(config.containerdSocket);
  const workers = new Map<string, PodWorker>();
  const runtime = watchRuntime(cri, (uid) => workers.get(uid)?.wake());
  await runtime.refresh();
  await registerNode(kube, config, log);
  const proxy: ServiceProxy = new ServiceProxy({
    kube,
    nodeName: config.nodeName,
    podNetwork: config.podNetwork,
    isOverlay: config.isOverlay,
    log,
    onChange: () => {
      for (const worker of workers.values()) worker.servicesChanged();
      const servers = [...workers.values()].flatMap((worker) => worker.dns() ?? []);
      if (servers.length === 0) return;
      const zone = buildZone(proxy.services(), proxy.slices());
      for (const server of servers) server.publish(zone);
    },
  });
  const ports: Omit<PodWorkerPorts, 'onGone'> = {
    config,
    cri,
    kube,
    runtime,
    services: () => proxy.services(),
    startDns: (netns) =>
      startDnsProcess(netns, config.runFolder, buildZone(proxy.services(), proxy.slices())),
    inTurn: createTurns(parallelStarts),
    log,
  };
  kube.watch({
    path: '/api/v1/pods',
    fieldSelector: `spec.nodeName=${config.nodeName}`,
    onUpsert: (object) => {
      const { uid } = object.metadata;
      const worker =
        workers.get(uid) ??
        new PodWorker(object as Pod, { ...ports, onGone: () => void workers.delete(uid) });
      workers.set(uid, worker);
      worker.update(object as Pod);
    },
    onDelete: (object) => workers.get(object.metadata.uid)?.forget(),
    onSynced: () => {
      removeOrphans(ports, workers).catch((error: unknown) =>
        log(error instanceof Error ? error.message : String(error)),
      );
      tell({ kind: 'ready' });
    },
  });
}

/** Sandboxes of Pods that were removed while no agent ran. */
async function removeOrphans(
  { cri, runtime }: Pick<PodWorkerPorts, 'cri' | 'runtime'>,
  workers: ReadonlyMap<string, PodWorker>,
): Promise<void> {
  for (const uid of runtime.podUids()) {
    if (workers.has(uid)) continue;
    for (const { id } of runtime.pod(uid).sandboxes) {
      await cri.stopPodSandbox(id);
      await cri.removePodSandbox(id);
    }
  }
}
