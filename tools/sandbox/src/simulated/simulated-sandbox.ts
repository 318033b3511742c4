/**
 * The sandbox cluster without root and without a kernel: the same API server and controllers on loopback, nodes that only
 * pretend to run their Pods. Nothing is made outside the data folder, so ending needs no clean-up but this process's own end.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer } from '../api/server.js';
import { startControllers } from '../controllers/start-controllers.js';
import { createClusterDns } from '../node/cluster-dns.js';
import { nodeName } from '../node/names.js';
import { nodeAddresses, planForSlot } from '../node/network/address-plan.js';
import { type RunningNode, type SimulatedNode, startSimulatedNode } from './simulated-node.js';

export interface SimulatedSandboxOptions {
  dataDir: string;
  /** Only told on: a simulated sandbox makes nothing that would need a name. */
  instance: string;
  count: number;
  /** Of the API server; 0: any free one. */
  port: number;
  log(line: string): void;
}

export interface SimulatedSandbox {
  kubeconfig: string;
  url: string;
  token: string;
  ca: string;
  nodes: readonly SimulatedNode[];
  close(): Promise<void>;
}

const host = '127.0.0.1';
const usableTimeoutMs = 30_000;
const logText = 'simulated: no program runs in this container; its connections are in the flows\n';
const noPrograms =
  'this cluster is simulated (--simulate): its containers run no programs, so that nothing can be started in them or connected to';

export async function startSimulatedSandbox(options: SimulatedSandboxOptions): Promise<SimulatedSandbox> {
  const { dataDir, instance, count, port, log } = options;
  const description = join(dataDir, 'sandbox.json');
  await mkdir(dataDir, { recursive: true });
  await rm(description, { force: true });
  const api = await startApiServer({ host, port });
  const controllers = await startControllers({ cluster: api.cluster });
  const running: RunningNode[] = [];
  const close = async (): Promise<void> => {
    for (const node of running) node.close();
    await controllers.close();
    await api.close();
    await rm(description, { force: true });
  };
  try {
    await writeFile(join(dataDir, 'kubeconfig'), api.kubeconfig, { mode: 0o600 });
    log(`API server ${api.url}`);
    api.useContainers({ readLog: simulatedLog, startProgram: noPrograms });
    const access = { url: api.url, token: api.token, ca: api.ca };
    const plan = planForSlot(0);
    for (let node = 1; node <= count; node += 1) {
      const name = nodeName(node);
      const folder = join(dataDir, 'nodes', name);
      running.push(await startSimulatedNode({ access, name, folder, log, ...nodeAddresses(plan, node) }));
    }
    await createClusterDns(access);
    await untilUsable(() => api.cluster.resource('pods').list('kube-system').some(isReady));
    const nodes = running.map(({ node }) => node);
    const { podNetwork } = plan;
    const text = { ...access, simulated: true, instance, hostAddress: host, podNetwork, nodes };
    await writeFile(description, `${JSON.stringify(text, undefined, 2)}\n`, { mode: 0o600 });
    log(`nodes ${nodes.map(({ name }) => name).join(', ')} (simulated)`);
    return { ...access, kubeconfig: api.kubeconfig, nodes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* simulatedLog(): AsyncGenerator<string> {
  yield logText;
}

function isReady(pod: { status?: { conditions?: { type: string; status: string }[] } }): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

async function untilUsable(check: () => boolean): Promise<void> {
  const deadline = Date.now() + usableTimeoutMs;
  while (!check()) {
    if (Date.now() > deadline)
      throw new Error(`the name server was not ready within ${usableTimeoutMs / 1000} s`);
    await sleep(50);
  }
}
