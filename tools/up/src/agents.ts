/**
 * The cluster's own parts: its NATS, clas-cache, Kubelink, and a C-VEN inside each node's network namespace, or one process
 * that simulates them all.
 */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { provideAgentTokens, tokenPathOf } from './agent-tokens.js';
import { stackAuthority } from './certificates.js';
import { passedOn, startService } from './control-plane.js';
import type { ControlPlane } from './control-plane.js';
import { freePort } from './free-ports.js';
import { clusterNats } from './nats.js';
import type { UpOptions } from './options.js';
import { openDoor } from './socket-door.js';
import type { Processes } from './processes.js';
import type { RegisteredCluster } from './register-cluster.js';
import type { Sandbox, SandboxNode } from './sandbox.js';
import { entryPoint, ROOT } from './entry-points.js';

interface Agents {
  readonly options: UpOptions;
  readonly processes: Processes;
  readonly control: ControlPlane;
  readonly sandbox: Sandbox;
  readonly cluster: RegisteredCluster;
  readonly onWaiting?: (words: string) => void;
  /** Ends with the stack. */
  readonly signal: AbortSignal;
}

/** Gives the address at which further agents get their credential. */
export async function startAgents({
  options,
  processes,
  control,
  sandbox,
  cluster,
  onWaiting,
  signal,
}: Agents): Promise<{ clasUrl: string; caFile: string }> {
  const edge = join(options.dataDirectory, 'edge');
  const authority = stackAuthority(options.dataDirectory);
  const { caFile } = authority;
  const nats = await processes.startListening(() =>
    clusterNats(options.dataDirectory, sandbox.hostAddress, authority),
  );
  let clasUrl = '';
  const identity = { CLUSTER_ID: cluster.id, CLUSTER_TOKEN: cluster.token };
  const clas = await startService(processes, 'clas-cache', async () => {
    const port = await freePort();
    clasUrl = `https://${sandbox.hostAddress}:${port}`;
    const tls = authority.issue('clas-cache', [sandbox.hostAddress, '127.0.0.1', 'localhost']);
    return {
      ...identity,
      ...nats.environment,
      GATEWAY_URL: control.access.url,
      CLUSTER_NATS_PUBLIC_URL: nats.url,
      RINGFENCE_CA: caFile,
      RINGFENCE_TLS_CERT: tls.certFile,
      RINGFENCE_TLS_KEY: tls.keyFile,
      KUBECONFIG: sandbox.kubeconfig,
      RINGFENCE_HOST: sandbox.hostAddress,
      RINGFENCE_PORT: String(port),
      RINGFENCE_DATA_DIR: join(edge, 'clas-cache'),
    };
  });
  const kubelink = await startService(processes, 'kubelink', () => ({
    ...identity,
    CLAS_URL: clasUrl,
    RINGFENCE_CA: caFile,
    KUBECONFIG: sandbox.kubeconfig,
    RINGFENCE_DATA_DIR: join(edge, 'kubelink'),
    RINGFENCE_NETWORK_POLICIES: String(options.networkPolicies),
  }));
  const { pairingKey } = cluster;
  // Of a real cluster this machine has no nodes.
  if (sandbox.nodes.length > 0) {
    const say = onWaiting ?? (() => undefined);
    await provideAgentTokens(sandbox.kubeconfig, sandbox.nodes, { signal, say });
  }
  if (options.simulate) await startSimulation(processes, { sandbox, clasUrl, caFile, pairingKey });
  else {
    await compilePlugin();
    for (const node of sandbox.nodes)
      await startCven(processes, {
        ...{ node, clasUrl, caFile, pairingKey, directory: join(edge, `cven-${node.name}`) },
        hostAddress: sandbox.hostAddress,
      });
  }
  const agents = processes.list().filter(({ spec }) => spec.name.startsWith('cven-'));
  await Promise.all([clas, kubelink, ...agents].map((agent) => agent.ready(onWaiting)));
  return { clasUrl, caFile };
}

/** To where the agents look for it; the work of a moment, and only when its sources changed. */
async function compilePlugin(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(ROOT, 'services', 'cven', 'cni', 'build.mjs')]);
}

interface CvenOptions {
  readonly node: SandboxNode;
  readonly hostAddress: string;
  readonly clasUrl: string;
  readonly caFile: string;
  readonly pairingKey: string;
  readonly directory: string;
}

async function startCven(
  processes: Processes,
  { node, hostAddress, clasUrl, caFile, pairingKey, directory }: CvenOptions,
): Promise<void> {
  // Beside the runtime's: short enough for a socket, and gone with the sandbox.
  const socket = join(dirname(node.containerdSocket ?? directory), 'agent.sock');
  const port = await freePort();
  await openDoor(port, socket);
  processes.start({
    name: `cven-${node.name}`,
    command: process.execPath,
    // Without source maps: Node keeps those of everything that is loaded, 6 MiB on every node.
    args: [entryPoint('services/cven')],
    ...(node.netns && { netns: node.netns }),
    env: {
      CLAS_URL: clasUrl,
      RINGFENCE_CA: caFile,
      RINGFENCE_PAIRING_KEY: pairingKey,
      RINGFENCE_MACHINE_ID_PATH: node.machineIdPath,
      RINGFENCE_TOKEN_PATH: tokenPathOf(node),
      RINGFENCE_CRI_SOCKET: node.containerdSocket ?? '',
      RINGFENCE_DATA_DIR: directory,
      ...closedAtBirth(node),
      // Nobody on the node's networks, its Pods included, has any business there.
      RINGFENCE_MANAGEMENT_HOST: socket,
      ...reachableFromNodes(passedOn(), hostAddress),
    },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  });
}

/** The plugin goes into the chain of this node alone; where agent and plugin meet is short enough for a socket. */
function closedAtBirth({ cni, containerdSocket }: SandboxNode): Record<string, string> {
  if (cni === undefined || containerdSocket === undefined) return { RINGFENCE_CNI: 'off' };
  return {
    RINGFENCE_CNI_CONF_DIR: cni.config,
    RINGFENCE_CNI_BIN_DIR: cni.binaries,
    RINGFENCE_CNI_NETNS_DIRS: cni.namespaces,
    RINGFENCE_BIRTH_DIR: join(dirname(containerdSocket), 'birth'),
  };
}

/** A receiver of traces on this machine's loopback is not on a node's. */
function reachableFromNodes(env: Readonly<Record<string, string>>, host: string): Record<string, string> {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (endpoint === undefined || !URL.canParse(endpoint)) return { ...env };
  const url = new URL(endpoint);
  if (['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) url.hostname = host;
  return { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: url.href };
}

interface SimulationOptions {
  readonly sandbox: Sandbox;
  readonly clasUrl: string;
  readonly caFile: string;
  readonly pairingKey: string;
}

async function startSimulation(
  processes: Processes,
  { sandbox, clasUrl, caFile, pairingKey }: SimulationOptions,
): Promise<void> {
  const managementPort = String(await freePort());
  processes.start({
    name: 'cven-simulated',
    command: process.execPath,
    args: ['--enable-source-maps', join(ROOT, 'tools', 'up', 'dist', 'simulation', 'main.js')],
    env: {
      CLAS_URL: clasUrl,
      RINGFENCE_CA: caFile,
      RINGFENCE_PAIRING_KEY: pairingKey,
      RINGFENCE_SANDBOX: sandbox.descriptionFile,
      RINGFENCE_MANAGEMENT_PORT: managementPort,
      ...passedOn(),
    },
    readyUrl: `http://${sandbox.hostAddress}:${managementPort}/readyz`,
  });
}
