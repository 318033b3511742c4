/**
 * What a scenario can do: speak REST and Kubernetes, connect from inside a Pod's network namespace, and end or start a
 * process of the stack. Nothing here knows what a scenario expects.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { flows, KubernetesApi, RingfenceApi } from '@ringfence/up';
import type { FlowRow, Manifest } from '@ringfence/up';
import { netnsHolding } from './pod-namespaces.js';

const run = promisify(execFile);

export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly address: string;
  readonly node: string;
  readonly ready: boolean;
}

interface KubernetesPod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  spec: { nodeName?: string };
  status?: { podIP?: string; conditions?: { type: string; status: string; reason?: string }[] };
}

const stack = inject('stack');
export const api = new RingfenceApi({ url: stack.url, org: 1, key: stack.key, secret: stack.secret });
export const kubernetes = new KubernetesApi(stack.kubeconfig);
export const { clusterId } = stack;
export const access = stack;

/** Polls until the value is true; the last error or the description is what a failure says. */
export async function eventually(
  what: string,
  check: () => Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last = '';
  while (Date.now() < deadline) {
    try {
      if (await check()) return;
      last = '';
    } catch (error) {
      last = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    await sleep(200);
  }
  throw new Error(`not within ${timeoutMs / 1000} s: ${what}${last}`);
}

export async function pods(namespace: string, selector = ''): Promise<Pod[]> {
  const query = selector === '' ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
  const list = (await kubernetes.request('GET', `/api/v1/namespaces/${namespace}/pods${query}`)) as {
    items: KubernetesPod[];
  };
  return list.items
    .filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.podIP !== undefined)
    .map((pod) => ({
      name: pod.metadata.name,
      uid: pod.metadata.uid,
      address: pod.status!.podIP!,
      node: pod.spec.nodeName ?? '',
      ready: pod.status!.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false,
    }));
}

/** Exactly `count` ready Pods; waits for them. */
export async function readyPods(namespace: string, app: string, count = 1): Promise<Pod[]> {
  let found: Pod[] = [];
  await eventually(
    `${count} ready Pods of ${namespace}/${app}`,
    async () => {
      found = await pods(namespace, `app=${app}`);
      return found.length === count && found.every((pod) => pod.ready);
    },
    90_000,
  );
  return found;
}

export async function readyPod(namespace: string, app: string): Promise<Pod> {
  const [pod] = await readyPods(namespace, app);
  return pod!;
}

export async function serviceAddress(namespace: string, name: string): Promise<string> {
  const service = (await kubernetes.request('GET', `/api/v1/namespaces/${namespace}/services/${name}`)) as {
    spec: { clusterIP: string };
  };
  return service.spec.clusterIP;
}

/** The network namespace that holds the address. */
export function netnsOf(address: string): Promise<string> {
  return netnsHolding(stack.netnsRoot, address);
}

export type Outcome = 'open' | 'dropped' | 'refused';
const CONNECT = `
const [host, port, timeout] = process.argv.slice(1);
const socket = require('net').connect(Number(port), host);
const end = (word) => { process.stdout.write(word); process.exit(0); };
socket.once('connect', () => end('open'));
socket.once('error', (error) => end(error.code === 'ECONNREFUSED' ? 'refused' : 'dropped'));
setTimeout(() => end('dropped'), Number(timeout));`;

/** One TCP connection from inside the Pod. */
export async function connect(from: Pod, host: string, port: number, timeoutMs = 1_500): Promise<Outcome> {
  const netns = await netnsOf(from.address);
  const args = [`--net=${netns}`, process.execPath, '-e', CONNECT, host, String(port), String(timeoutMs)];
  const { stdout } = await run('nsenter', args);
  return stdout as Outcome;
}

/** TCP repeats its first packet after 1, 3 and 7 s, as it does for every client. */
const OPENING_MS = 15_000;
const HOLD = `
const [host, port] = process.argv.slice(1);
const socket = require('net').connect(Number(port), host);
let answered = 0;
socket.on('data', (data) => { answered += data.length; process.stdout.write(String(answered) + '\\n'); });
socket.on('error', () => undefined);
setInterval(() => socket.write('ping\\n'), 100);`;

/** A connection that stays open and talks ten times a second; `alive()` tells whether answers still come. */
export class HeldConnection {
  private answers = 0;
  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', () => (this.answers += 1));
  }

  /** One connection, as any client would make it. */
  static async open(from: Pod, host: string, port: number): Promise<HeldConnection> {
    const netns = await netnsOf(from.address);
    const child = spawn('nsenter', [`--net=${netns}`, process.execPath, '-e', HOLD, host, String(port)]);
    const held = new HeldConnection(child);
    const deadline = Date.now() + OPENING_MS;
    while (held.answers === 0 && Date.now() < deadline) await sleep(50);
    if (held.answers > 0) return held;
    held.close();
    throw new Error(
      `no answer to a connection from ${from.name} (${from.address}, ${netns}) to ${host}:${port} within ${OPENING_MS / 1000} s`,
    );
  }

  async alive(withinMs = 1_000): Promise<boolean> {
    const before = this.answers;
    await sleep(withinMs);
    return this.answers > before;
  }

  close(): void {
    this.child.kill('SIGKILL');
  }
}

export async function stackProcess(name: string, action: 'kill' | 'start' | 'stop'): Promise<void> {
  const response = await fetch(`${stack.control}/${name}/${action}`, { method: 'POST' });
  if (!response.ok) throw new Error(`${action} ${name}: ${await response.text()}`);
}

interface StackProcess {
  readonly name: string;
  readonly running: boolean;
  readonly readyUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
}
export async function stackProcesses(): Promise<StackProcess[]> {
  return (await (await fetch(stack.control)).json()) as StackProcess[];
}

export function recentFlows(): Promise<FlowRow[]> {
  return flows(api);
}

export async function apply(...manifests: Manifest[]): Promise<void> {
  for (const manifest of manifests) await kubernetes.apply(manifest);
}
