/** The stack that the convergence benchmark measures: a sandbox cluster in a temporary directory, with one managed namespace in full. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, KubernetesApi, parseOptions, podsReady, Progress, Stack } from '@ringfence/up';
import type { Processes, RingfenceApi, SandboxNode } from '@ringfence/up';
import type { Figure } from './measure.js';
import { residentTree } from './resident.js';

export const NAMESPACE = 'bench';
export const PORT = 7000;

/** A server on every node that admits the clients: each new client concerns every agent. */
const MANIFEST = `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: server, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: server } }
  template:
    metadata: { labels: { app: server }, annotations: { ringfence.io/role: server } }
    spec:
      containers: [{ name: server, image: example/server:1, ports: [{ containerPort: ${PORT} }] }]
`;

export interface BenchStack {
  readonly kubernetes: KubernetesApi;
  readonly kubeconfig: string;
  readonly nodes: readonly SandboxNode[];
  readonly api: RingfenceApi;
  readonly gatewayUrl: string;
  readonly clusterId: string;
  readonly processes: Processes;
  readonly directory: string;
  /** What admits the clients to the servers. */
  readonly rule: string;
  /** Each Pod whose convergence clas-cache has written down. */
  converged(): Converged[];
  /** Each Pod that a node's CNI plugin asked about. */
  births(): Birth[];
  /** Megabytes of resident memory, a process with its children. */
  memory(process: string): number;
  /** The same of clas-cache and the agents. */
  agentMemory(): Figure[];
  stop(): Promise<void>;
}
export interface Converged {
  readonly name: string;
  readonly seconds: Readonly<Record<'address' | 'own' | 'peers' | 'total', number>>;
}

export interface Birth {
  readonly outcome: string;
  readonly seconds: number;
}

async function startBenchStack(): Promise<BenchStack> {
  const directory = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  const manifest = join(directory, 'bench.yaml');
  writeFileSync(manifest, MANIFEST);
  const port = String(await freePort());
  const options = parseOptions(['--data', directory, '--port', port, '--manifest', manifest], directory);
  if (options === 'help') throw new Error('unreachable');
  // Exact times of single Pods are in clas-cache's log at this level.
  process.env['LOG_LEVEL'] = 'debug';
  const stack = new Stack(options, new Progress(() => undefined), () => undefined);
  const stop = async (): Promise<void> => {
    await stack.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const running = await stack.start();
    await podsReady(running);
    const { access, api, clusterId, sandbox } = running;
    const rule = await enforce(api, clusterId);
    const memory = (name: string): number =>
      residentTree(stack.processes.get(name).pid ?? 0).reduce((sum, { resident }) => sum + resident, 0);
    return {
      ...{
        api,
        gatewayUrl: access.url,
        clusterId,
        rule,
        directory,
        nodes: sandbox.nodes,
        processes: stack.processes,
      },
      kubernetes: new KubernetesApi(sandbox.kubeconfig),
      kubeconfig: sandbox.kubeconfig,
      converged: () => convergedIn(join(directory, 'logs', 'clas-cache.log')),
      births: () =>
        sandbox.nodes.flatMap(({ name }) => birthsIn(join(directory, 'logs', `cven-${name}.log`))),
      memory,
      agentMemory: () =>
        ['clas-cache', ...sandbox.nodes.map(({ name }) => `cven-${name}`)].map((name) => ({
          what: name,
          value: `${memory(name).toFixed(0)} MB`,
        })),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ends the stack however the work ends, also when somebody interrupts it. */
export async function withBenchStack(work: (stack: BenchStack) => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('this benchmark enforces in real kernels: run it as root');
  const stack = await startBenchStack();
  const end = (): void => void stack.stop().finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  try {
    await work(stack);
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
    await stack.stop();
  }
}

/** Of the clients that the rule admits: `app` is the namespace, `env` is demo, `role` is client. */
export async function labelled(
  api: RingfenceApi,
  key: string,
  value: string,
): Promise<{ readonly label: { readonly href: string } }> {
  const found = await api.get<{ href: string; value: string }[]>(`/labels?key=${key}&value=${value}`);
  const href = found.find((each) => each.value === value)?.href;
  return { label: { href: href ?? (await api.post<{ href: string }>('/labels', { key, value })).href } };
}

async function enforce(api: RingfenceApi, clusterId: string): Promise<string> {
  const scope = [await labelled(api, 'app', NAMESPACE), await labelled(api, 'env', 'demo')];
  const set = await api.post<{ href: string }>('/sec_policy/draft/rule_sets', {
    name: NAMESPACE,
    scopes: [scope],
  });
  const rule = await api.post<{ href: string }>(`${set.href}/sec_rules`, {
    enabled: true,
    providers: [await labelled(api, 'role', 'server')],
    consumers: [await labelled(api, 'role', 'client')],
    ingress_services: [{ proto: 6, port: PORT }],
    resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
  });
  await api.post('/sec_policy', { update_description: 'bench' });
  const profiles = await api.get<{ href: string; namespace: string | null }[]>(
    `/container_clusters/${clusterId}/container_workload_profiles?namespace=${NAMESPACE}`,
  );
  const profile = profiles.find(({ namespace }) => namespace === NAMESPACE);
  if (profile === undefined) throw new Error(`namespace ${NAMESPACE} has no profile`);
  await api.put(profile.href, { enforcement_mode: 'full' });
  return rule.href;
}

function convergedIn(log: string): Converged[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}') && line.includes('"seconds":{'))
    .map((line) => JSON.parse(line) as Converged & { namespace: string })
    .filter(({ namespace }) => namespace === NAMESPACE);
}

function birthsIn(log: string): Birth[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}') && line.includes('"birth":{'))
    .map((line) => (JSON.parse(line) as { birth: Birth }).birth);
}
