/**
 * The sandbox cluster as one command: network, API server, controllers, nodes and name server, in this order; everything
 * that a launcher needs to know is written to <data>/sandbox.json when the cluster is usable. Ends as a whole on SIGTERM or
 * SIGINT, or with its parent when asked to.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startApiServer } from './api/server.js';
import { startControllers } from './controllers/start-controllers.js';
import { cleanUp } from './node/clean-up.js';
import { createClusterDns, nameServerAddress } from './node/cluster-dns.js';
import { connectKube, type KubeAccess } from './node/kube/kube.client.js';
import type { KubeObject, Pod } from './node/kube/kube-objects.js';
import { type PreparedNetwork, prepareNetwork, startNodes } from './node/nodes.js';
import { runSimulatedSandbox } from './simulated/run-simulated.js';

const help = `Usage: main.js --nodes N --data DIR [options]

Runs a Kubernetes cluster on this machine (Linux, root): an API server in memory, controllers, and real nodes with
containerd whose containers are stubs that listen and call as their Pods declare.

  --nodes N         number of nodes (default 2)
  --data DIR        where everything is kept; gets kubeconfig and, when the cluster is usable, sandbox.json
  --port P          port of the API server (default: any free one)
  --instance ID     1 to 6 lower-case letters or digits, one per sandbox on this machine (default "local")
  --network A.B     first two parts of the node network (default 172.30)
  --simulate        without root and without a kernel: nodes on loopback that only pretend to run their Pods
  --overlay         Pods reach the world outside the cluster with their node's address
  --watch-parent    end when standard input closes
  --clean           only remove what an earlier run of this instance has left
  --help            this text
`;

// A bound for what is broken; the launcher looks at progress.
const readyTimeoutMs = 900_000;

const { values } = parseArguments();

function parseArguments() {
  try {
    return parseArgs({
      options: {
        nodes: { type: 'string', default: '2' },
        data: { type: 'string' },
        port: { type: 'string', default: '0' },
        instance: { type: 'string', default: 'local' },
        network: { type: 'string', default: '172.30' },
        simulate: { type: 'boolean', default: false },
        overlay: { type: 'boolean', default: false },
        'watch-parent': { type: 'boolean', default: false },
        clean: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail(error);
  }
}

function fail(error: unknown): never {
  process.stderr.write(`sandbox: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  if (values.help) return say(help.trimEnd());
  if (values.simulate) return runSimulated();
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error('the sandbox needs Linux and root');
  if (values.clean) return cleanUp({ instance: values.instance });
  await runSandbox();
}

function runSimulated(): Promise<void> {
  return runSimulatedSandbox({
    dataDir: dataFolder(),
    instance: values.instance,
    count: wholeNumber('--nodes', values.nodes),
    port: wholeNumber('--port', values.port),
    watchParent: values['watch-parent'],
    log: say,
  });
}

function dataFolder(): string {
  return resolve(values.data ?? fail('--data DIR is missing'));
}

async function runSandbox(): Promise<void> {
  const dataDir = dataFolder();
  const count = wholeNumber('--nodes', values.nodes);
  const port = wholeNumber('--port', values.port);
  const startedAt = Date.now();
  await mkdir(dataDir, { recursive: true });
  const ending = new AbortController();
  endOnSignals(ending, dataDir);

  const network = await prepareNetwork({
    dataDir,
    instance: values.instance,
    nodeNetworkPrefix: values.network,
  });
  await rm(join(dataDir, 'sandbox.json'), { force: true });
  try {
    await startCluster({ dataDir, network, count, port, ending: ending.signal });
  } catch (error) {
    // Told to end in the middle of the start: whatever failed, failed because of that.
    if (ending.signal.aborted) return;
    ending.abort();
    await removeAll(dataDir);
    throw error;
  }
  say(`ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

interface ClusterStart {
  dataDir: string;
  network: PreparedNetwork;
  count: number;
  port: number;
  ending: AbortSignal;
}

async function startCluster({ dataDir, network, count, port, ending }: ClusterStart): Promise<void> {
  say(`network ${network.plan.nodeNetwork}, Pods ${network.plan.podNetwork}, host ${network.hostAddress}`);
  const api = await startApiServer({ host: network.hostAddress, port });
  await writeFile(join(dataDir, 'kubeconfig'), api.kubeconfig, { mode: 0o600 });
  say(`API server ${api.url}`);
  await startControllers({ cluster: api.cluster });
  const access: KubeAccess = { url: api.url, token: api.token, ca: api.ca };
  const nodes = await startNodes({
    ...access,
    network,
    count,
    overlay: values.overlay,
    nameServer: nameServerAddress,
    log: say,
    signal: ending,
  });
  api.useContainers(nodes.containers);
  say(`nodes ${nodes.nodes.map((node) => node.name).join(', ')}`);
  await createClusterDns(access);
  await waitUntilUsable(access, count);
  const description = {
    ...access,
    instance: values.instance,
    hostAddress: network.hostAddress,
    podNetwork: network.plan.podNetwork,
    nodes: nodes.nodes,
  };
  await writeFile(join(dataDir, 'sandbox.json'), `${JSON.stringify(description, undefined, 2)}\n`, {
    mode: 0o600,
  });
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new Error(`${name} must be a number, not "${text}"`);
  return Number(text);
}

/** Clean-up is also the way down: it needs no cooperation of what it ends, and works half-way through a start. */
function endOnSignals(ending: AbortController, dataDir: string): void {
  let isEnding = false;
  const end = (reason: string): void => {
    if (isEnding) return;
    isEnding = true;
    say(`ending: ${reason}`);
    ending.abort();
    removeAll(dataDir).then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  if (!values['watch-parent']) return;
  process.stdin.on('end', () => end('the parent is gone'));
  process.stdin.on('error', () => end('the parent is gone'));
  process.stdin.resume();
}

async function removeAll(dataDir: string): Promise<void> {
  await cleanUp({ instance: values.instance });
  await rm(join(dataDir, 'sandbox.json'), { force: true });
}

async function waitUntilUsable(access: KubeAccess, count: number): Promise<void> {
  const kube = connectKube(access);
  const deadline = Date.now() + readyTimeoutMs;
  const isReady = (object: KubeObject): boolean =>
    (object as Pod).status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ===
    true;
  try {
    for (;;) {
      const nodes = await kube.request<{ items: KubeObject[] }>('GET', '/api/v1/nodes');
      const servers = await kube.request<{ items: KubeObject[] }>(
        'GET',
        '/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns',
      );
      if (nodes.items.filter(isReady).length >= count && servers.items.some(isReady)) return;
      if (Date.now() > deadline)
        throw new Error(`nodes and name server were not ready within ${readyTimeoutMs / 1000} s`);
      await sleep(100);
    }
  } finally {
    kube.close();
  }
}

main().catch(fail);
