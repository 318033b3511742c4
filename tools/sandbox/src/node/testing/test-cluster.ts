/**
 * A whole sandbox cluster for one integration test file, and the few questions that the tests ask of it: objects, what a Pod logs,
 * whether an address answers from a given network namespace.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startApiServer } from '../../api/server.js';
import { startControllers } from '../../controllers/start-controllers.js';
import { createClusterDns } from '../cluster-dns.js';
import { runCommand, tryCommand } from '../command.js';
import { connectCri } from '../cri/cri.client.js';
import { connectKube, type KubeClient } from '../kube/kube.client.js';
import type { Pod, PodSpec } from '../kube/kube-objects.js';
import { instanceNames, programsFolder } from '../names.js';
import { type Nodes, prepareNetwork, startNodes } from '../nodes.js';

export interface TestCluster {
  instance: string;
  dataDir: string;
  /** A file. */
  kubeconfig: string;
  kube: KubeClient;
  nodes: Nodes;
  createPod(
    name: string,
    pod: { labels?: Record<string, string>; annotations?: Record<string, string>; spec: PodSpec },
  ): Promise<void>;
  createService(name: string, spec: unknown): Promise<void>;
  pod(name: string): Promise<Pod | undefined>;
  readyPod(name: string): Promise<Pod>;
  /** Type, reason and message of each, in the order of their writing. */
  events(pod: string): Promise<string[]>;
  logs(pod: string, container: string): Promise<string>;
  podNetns(name: string): Promise<string>;
  /** How many programs run in containers besides their own. */
  openPrograms(): Promise<number>;
  close(): Promise<void>;
}

interface ToldEvent {
  metadata: { resourceVersion: string };
  type: string;
  reason: string;
  message: string;
}

const workspace = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Node agents are processes of their own and run the compiled code. */
export async function compileSandbox(): Promise<void> {
  // One compiler at a time: test files run side by side and write to the same folder.
  const project = 'tools/sandbox';
  const compile = [process.execPath, 'node_modules/typescript7/bin/tsc', '-b', project];
  await runCommand('flock', [project, ...compile], { cwd: workspace, timeoutMs: 120_000 });
}

/** A Pod with one container that serves HTTP on port 8080, unless told otherwise. */
export function podSpec(
  spec: Partial<PodSpec> & { container?: Partial<PodSpec['containers'][number]> } = {},
): PodSpec {
  const { container, ...rest } = spec;
  return {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: 'any/image:1', ports: [{ containerPort: 8080 }], ...container }],
    ...rest,
  };
}

export const randomInstance = (): string => randomBytes(3).toString('hex');

export async function startTestCluster(): Promise<TestCluster> {
  await compileSandbox();
  const instance = randomInstance();
  const dataDir = await mkdtemp(join(tmpdir(), 'sandbox-'));
  const network = await prepareNetwork({ dataDir, instance });
  const api = await startApiServer({ host: network.hostAddress });
  const controllers = await startControllers({ cluster: api.cluster });
  const access = { url: api.url, token: api.token, ca: api.ca };
  const nodes = await startNodes({ ...access, network, count: 2 });
  api.useContainers(nodes.containers);
  const kubeconfig = join(dataDir, 'kubeconfig');
  await writeFile(kubeconfig, api.kubeconfig);
  await createClusterDns(access);
  const kube = connectKube(access);
  const pods = '/api/v1/namespaces/default/pods';
  const pod = (name: string) => kube.request<Pod>('GET', `${pods}/${name}`).catch(() => undefined);
  const readyPod = (name: string) =>
    eventually(`pod ${name} is ready`, async () => {
      const found = await pod(name);
      return isReady(found) ? found : undefined;
    });
  return {
    instance,
    dataDir,
    kubeconfig,
    kube,
    nodes,
    pod,
    readyPod,
    createPod: async (name, { labels = {}, annotations = {}, spec }) => {
      await kube.request('POST', pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels, annotations },
        spec,
      });
    },
    createService: async (name, spec) => {
      await kube.request('POST', '/api/v1/namespaces/default/services', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name },
        spec,
      });
    },
    events: async (name) => {
      const path = `/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D${name}`;
      const { items } = await kube.request<{ items: ToldEvent[] }>('GET', path);
      return items
        .sort((left, right) => Number(left.metadata.resourceVersion) - Number(right.metadata.resourceVersion))
        .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    },
    logs: async (name, container) => {
      let text = '';
      const request = {
        follow: false,
        tailLines: undefined,
        since: undefined,
        timestamps: false,
        previous: false,
        hasEnded: () => false,
        signal: new AbortController().signal,
      };
      const { readLog } = nodes.containers;
      for await (const piece of readLog('default', name, container, request)) text += piece;
      return text;
    },
    podNetns: async (name) => podNetns(nodes, await readyPod(name)),
    openPrograms: async () => (await readdir(programsFolder(instanceNames(instance))).catch(() => [])).length,
    close: async () => {
      kube.close();
      await nodes.close();
      await controllers.close();
      await api.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export function isReady(pod: Pod | undefined): boolean {
  return conditionOf(pod, 'Ready') === 'True';
}

export function conditionOf(pod: Pod | undefined, type: string): string | undefined {
  return pod?.status?.conditions?.find((condition) => condition.type === type)?.status;
}

export async function eventually<Result>(
  what: string,
  look: () => Promise<Result | undefined | false>,
  timeoutMs = 90_000,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await look();
    if (result !== undefined && result !== false) return result;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(100);
  }
}

/** The machine's own namespace: outside the cluster. */
export const outside = '/proc/self/ns/net';

/** The body of an HTTP answer as seen from inside a network namespace; nothing if there is none. */
export async function fetchFrom(netns: string, url: string): Promise<string | undefined> {
  return runInside(
    netns,
    `fetch('${url}', { signal: AbortSignal.timeout(3000) }).then((answer) => answer.text()).then((text) => process.stdout.write(text))`,
  );
}

/** The echo of a datagram as seen from inside a network namespace; nothing if there is none. */
export async function echoFrom(netns: string, address: string, port: number): Promise<string | undefined> {
  return runInside(
    netns,
    `const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (echo) => { process.stdout.write(echo); socket.close(); });
    socket.send('ping', ${port}, '${address}');
    setTimeout(() => process.exit(1), 2000).unref();`,
  );
}

async function runInside(netns: string, script: string): Promise<string | undefined> {
  return (await tryCommand('nsenter', [`--net=${netns}`, process.execPath, '-e', script]))?.trim();
}

async function podNetns(nodes: Nodes, pod: Pod): Promise<string> {
  const node = nodes.nodes.find((candidate) => candidate.name === pod.spec.nodeName);
  if (node === undefined) throw new Error(`pod ${pod.metadata.name} is on no node of the sandbox`);
  const cri = connectCri(node.containerdSocket);
  try {
    const sandbox = (await cri.listPodSandboxes()).find(
      (candidate) => candidate.metadata.uid === pod.metadata.uid,
    );
    if (sandbox === undefined) throw new Error(`pod ${pod.metadata.name} has no sandbox`);
    return (await cri.sandboxPlace(sandbox.id)).netns;
  } finally {
    cri.close();
  }
}
