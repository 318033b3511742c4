/**
 * The nodes of a sandbox cluster, from nothing to Ready and back to nothing. `prepareNetwork` comes first, because the API server
 * listens on the address that it makes; `startNodes` then starts what each node runs. Everything that either of them creates
 * is named in names.ts and removed by clean-up.
 *
 *   per node: network namespace ─ containerd (in it) ─ shims ─ containers
 *                               └ agent (in it) ─ name server (in its Pod)
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Containers } from '../api/streams/containers.js';
import { cleanUp, nodesFolder } from './clean-up.js';
import { processIdentity, refuseIfRunning, writeRecord } from './instance-record.js';
import {
  chooseSnapshotter,
  type Containerd,
  findCniPlugins,
  startContainerd,
} from './containerd/containerd.js';
import { podNamespaces } from './containerd/containerd-config.js';
import { buildStubImage, stubImageReference } from './image/stub-image.js';
import type { AgentConfig, AgentMessage } from './kubelet/agent-config.js';
import type { KubeAccess } from './kube/kube.client.js';
import { type InstanceNames, instanceNames, nodeName, nodeNetns, programsFolder } from './names.js';
import type { AddressPlan } from './network/address-plan.js';
import { createBridge, createNodeNetworks, type NodeNetwork } from './network/cluster-network.js';
import { readPodLogs } from './pod-logs.js';
import { programStarter } from './programs/run-program.js';
import { superviseProcess } from './supervised-process.js';

export interface NetworkOptions {
  dataDir: string;
  instance?: string;
  /** The first two parts of the node network (default 172.30). */
  nodeNetworkPrefix?: string;
}

/** The machine's side of the cluster's network. Whatever the nodes and Pods shall reach on the host listens on `hostAddress`. */
export interface PreparedNetwork {
  instance: string;
  dataDir: string;
  plan: AddressPlan;
  hostAddress: string;
}

export interface NodesOptions extends KubeAccess {
  network: PreparedNetwork;
  count: number;
  /** Pods reach the world outside the cluster with their node's address. */
  overlay?: boolean;
  nameServer?: string;
  log?(line: string): void;
  /** Aborted when the caller is about to clean up by itself, even in the middle of the start. */
  signal?: AbortSignal;
}

export interface SandboxNode {
  name: string;
  netns: string;
  address: string;
  podCidr: string;
  containerdSocket: string;
  /** Where a chained CNI plugin is put on this node, and where the runtime keeps Pods' network namespaces. */
  cni: { config: string; binaries: string; namespaces: string };
  machineIdPath: string;
}

export interface Nodes {
  nodes: readonly SandboxNode[];
  containers: Containers;
  close(): Promise<void>;
}

const defaultInstance = 'local';
const defaultNameServer = '10.96.0.10';
const agentFile = fileURLToPath(new URL('../../dist/node/kubelet/agent.js', import.meta.url));
/** A bound for what is broken, not an expectation: on a busy machine a right start takes long. */
const agentReadyTimeoutMs = 600_000;

/** Also removes whatever an earlier, killed run of the same instance has left. */
export async function prepareNetwork(options: NetworkOptions): Promise<PreparedNetwork> {
  const instance = options.instance ?? defaultInstance;
  const names = instanceNames(instance);
  await refuseIfRunning(names);
  await cleanUp({ instance });
  const record = { dataFolder: options.dataDir, owner: await processIdentity(process.pid) };
  await mkdir(nodesFolder(options.dataDir), { recursive: true });
  await mkdir(names.runFolder, { recursive: true });
  // Before the first thing is made: a run that is killed half-way must be found.
  await writeRecord(names, { ...record, slot: undefined });
  const plan = await createBridge(names, options.nodeNetworkPrefix);
  await writeRecord(names, { ...record, slot: plan.slot });
  return { instance, dataDir: options.dataDir, plan, hostAddress: plan.hostAddress };
}

export async function startNodes(options: NodesOptions): Promise<Nodes> {
  const { network, count } = options;
  const names = instanceNames(network.instance);
  const ending = new AbortController();
  // Nothing is asked to end: clean-up ends it, as it would after a crash. It only must not be started again.
  const close = async (): Promise<void> => {
    ending.abort();
    await cleanUp({ instance: network.instance });
  };
  options.signal?.addEventListener('abort', () => ending.abort());
  try {
    const folder = nodesFolder(network.dataDir);
    const [networks, imageFile, snapshotter, cniPlugins] = await Promise.all([
      createNodeNetworks(names, network.plan, count),
      buildStubImage(join(folder, 'image')),
      chooseSnapshotter(folder),
      findCniPlugins(),
    ]);
    const runtime = { imageFile, snapshotter, cniPlugins };
    const nodes = await Promise.all(
      networks.map((own) => startNode({ options, names, own, runtime, ending: ending.signal })),
    );
    const logFolders = networks.map((own) => podLogsOf(folder, own));
    const startProgram = programStarter(nodes, programsFolder(names));
    return { nodes, containers: { readLog: readPodLogs(logFolders), startProgram }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface NodeStart {
  options: NodesOptions;
  names: InstanceNames;
  own: NodeNetwork;
  runtime: { imageFile: string; snapshotter: 'overlayfs' | 'native'; cniPlugins: string };
  ending: AbortSignal;
}

async function startNode({ options, names, own, runtime, ending }: NodeStart): Promise<SandboxNode> {
  const name = nodeName(own.node);
  const nodesRoot = nodesFolder(options.network.dataDir);
  const folder = join(nodesRoot, name);
  const machineIdPath = join(folder, 'machine-id');
  const machineId = randomBytes(16).toString('hex');
  await mkdir(podLogsOf(nodesRoot, own), { recursive: true });
  await writeFile(machineIdPath, `${machineId}\n`);
  const containerd = await startNodeContainerd({ names, own, runtime, ending, folder });
  const config: AgentConfig = {
    kube: { url: options.url, token: options.token, ...(options.ca === undefined ? {} : { ca: options.ca }) },
    nodeName: name,
    nodeAddress: own.address,
    podCidr: own.podCidr,
    podNetwork: options.network.plan.podNetwork,
    machineId,
    containerdSocket: containerd.socket,
    logFolder: podLogsOf(nodesRoot, own),
    runFolder: names.runFolder,
    cgroup: names.cgroup,
    image: stubImageReference,
    nameServer: options.nameServer ?? defaultNameServer,
    isOverlay: options.overlay === true,
  };
  await startAgent(own.netns, config, { log: options.log ?? (() => undefined), ending });
  return {
    name,
    netns: own.netns,
    address: own.address,
    podCidr: own.podCidr,
    containerdSocket: containerd.socket,
    cni: {
      config: containerd.folders.cniConfig,
      binaries: containerd.folders.cniBinaries,
      namespaces: podNamespaces(containerd.folders),
    },
    machineIdPath,
  };
}

type ContainerdStart = Omit<NodeStart, 'options'> & { folder: string };

function startNodeContainerd({ names, own, runtime, ending, folder }: ContainerdStart): Promise<Containerd> {
  const state = `${names.runFolder}/${nodeName(own.node)}`;
  return startContainerd({
    folders: {
      root: join(folder, 'containerd'),
      state,
      cniConfig: join(state, 'cni'),
      cniBinaries: join(state, 'cni-bin'),
    },
    cniPlugins: runtime.cniPlugins,
    snapshotter: runtime.snapshotter,
    pauseImage: stubImageReference,
    netns: own.netns,
    networkName: nodeNetns(names, own.node),
    podCidr: own.podCidr,
    logFile: join(folder, 'containerd.log'),
    imageFile: runtime.imageFile,
    ending,
  });
}

/** Resolves when the agent has seen its Pods for the first time; an agent that dies is started again and adopts what runs. */
async function startAgent(
  netns: string,
  config: AgentConfig,
  { log, ending }: { log(line: string): void; ending: AbortSignal },
): Promise<void> {
  const timeout = AbortSignal.timeout(agentReadyTimeoutMs);
  await new Promise<void>((resolve, reject) => {
    timeout.addEventListener('abort', () =>
      reject(
        new Error(`the agent of ${config.nodeName} was not ready within ${agentReadyTimeoutMs / 1000} s`),
      ),
    );
    superviseProcess({
      start: () => {
        const child = spawn('nsenter', [`--net=${netns}`, process.execPath, agentFile, config.runFolder], {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        });
        child.on('message', (message: AgentMessage) => {
          if (message.kind === 'log') log(message.line);
          else resolve();
        });
        child.send(config, () => undefined);
        return child;
      },
      ending,
      onRestart: (exitCode) =>
        log(`${config.nodeName}: the agent ended (${exitCode ?? 'killed'}) and is started again`),
    });
  });
}

const podLogsOf = (folder: string, own: NodeNetwork): string => join(folder, nodeName(own.node), 'pods');
