/**
 * The simulated C-VENs of all nodes in one process: no packet is sent, no kernel is asked.
 *
 *   API server ──watch──> cluster watch ──Pods──> Pod callers ──calls──> judge (policy engine) ──reports──┐
 *                              └──Pods──> agents (one per node) <──────────────────────────────────────────┘
 *   clas-cache ──views──────────────────> agents ──acks, sandboxes, heartbeats, flow batches──> clas-cache
 */
import { readFileSync } from 'node:fs';
import { fetchConfigSources } from '@ringfence/sandbox';
import type { Pod } from '@ringfence/sandbox';
import type { HostContext, RunningService } from '@ringfence/service-host';
import { callPlan } from './call-plan.js';
import { ClusterWatch } from './cluster-watch.js';
import { SandboxDescription } from './config.js';
import type { Config } from './config.js';
import { judge } from './judge.js';
import type { EnforcedEnd, ReportedFlow } from './judge.js';
import { PodCaller } from './pod-caller.js';
import type { Call, PodCallerPorts } from './pod-caller.js';
import { SimulatedAgent } from './simulated-agent.js';
import type { LocalPod } from './simulated-agent.js';

interface Located {
  readonly pod: LocalPod;
  readonly agent: SimulatedAgent;
}

export async function startSimulation(context: HostContext<Config>): Promise<RunningService> {
  const { config, health, onShutdown } = context;
  const sandbox = SandboxDescription.parse(JSON.parse(readFileSync(config.RINGFENCE_SANDBOX, 'utf8')));
  const agents = new Map(sandbox.nodes.map((node) => [node.name, new SimulatedAgent(node, context)]));
  const pods = new Pods(agents);
  const callers = new Map<string, PodCaller>();
  const ports: PodCallerPorts = {
    network: () => watch.network(),
    call: (call) => makeCall(pods, call),
    plan: async (pod) =>
      callPlan(pod, {
        data: await fetchConfigSources(watch.kube, pod),
        podAddress: pod.status?.podIP ?? '',
        hostAddress: pod.status?.hostIP ?? '',
        services: watch.allServices(),
      }),
  };
  const watch: ClusterWatch = new ClusterWatch(sandbox, {
    onPodStarted: (pod) => {
      pods.add(pod);
      callers.set(pod.metadata.uid, new PodCaller(pod, ports));
    },
    onPodEnded: (pod) => {
      callers.get(pod.metadata.uid)?.close();
      callers.delete(pod.metadata.uid);
      pods.remove(pod);
    },
  });
  onShutdown(() => watch.close());
  health.require('cluster', () => watch.availability());
  await Promise.all([...agents.values()].map((agent) => agent.start()));
  return {
    drain: async () => {
      for (const caller of callers.values()) caller.close();
      await Promise.all([...agents.values()].map((agent) => agent.drain()));
    },
  };
}

/** Which Pod is at which address. Pods on their node's own network are its, and no agent of ours enforces there. */
class Pods {
  private readonly byAddress = new Map<string, Located>();
  private readonly hosts = new Set<string>();

  constructor(private readonly agents: ReadonlyMap<string, SimulatedAgent>) {
    for (const { node } of agents.values()) this.hosts.add(node.address);
  }

  add(pod: Pod): void {
    const agent = this.agents.get(pod.spec.nodeName ?? '');
    if (agent === undefined || pod.spec.hostNetwork === true) return;
    const { uid, namespace = 'default', name } = pod.metadata;
    const local: LocalPod = { uid, namespace, name, address: pod.status?.podIP ?? '' };
    this.byAddress.set(local.address, { pod: local, agent });
    agent.podStarted(local);
  }

  remove(pod: Pod): void {
    const found = this.at(pod.status?.podIP ?? '');
    // The address may be another's by now.
    if (found?.pod.uid === pod.metadata.uid) this.byAddress.delete(found.pod.address);
    this.agents.get(pod.spec.nodeName ?? '')?.podEnded(pod.metadata.uid);
  }

  at(address: string): Located | undefined {
    return this.byAddress.get(address);
  }

  isKnown(address: string): boolean {
    return this.byAddress.has(address) || this.hosts.has(address);
  }
}

/** One connection: judged at both ends, reported by both. */
function makeCall(pods: Pods, { pod, proto, target, backend }: Call): boolean {
  const source = pod.status?.podIP ?? '';
  const consumer = new End(pods.at(source));
  const provider = new End(backend === null ? undefined : pods.at(backend.address));
  const isAnswered = backend !== null && pods.isKnown(backend.address);
  const judged = judge(
    { proto, source, target, backend, isAnswered },
    { consumer: consumer.enforced, provider: provider.enforced },
  );
  consumer.report(judged.consumer);
  provider.report(judged.provider);
  return judged.isConnected;
}

/** One end of a connection, with whom its report goes to; anything that is no Pod of ours enforces and reports nothing. */
class End {
  readonly enforced: EnforcedEnd | null;

  constructor(private readonly located: Located | undefined) {
    this.enforced = located?.agent.endOf(located.pod) ?? null;
  }

  report(flow: ReportedFlow | null): void {
    if (flow !== null && this.enforced !== null)
      this.located?.agent.report(this.located.pod, this.enforced, flow);
  }
}
