/** One rate of the convergence benchmark: Pods made at it, when each ran, and when its policy was in force everywhere. */
import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient, clusterAccess, startListWatch } from '@ringfence/kubernetes';
import { NAMESPACE } from './convergence-stack.js';
import type { BenchStack, Converged } from './convergence-stack.js';

export interface Workload {
  readonly perSecond: number;
  readonly pods: number;
  /** `client` by default: it admits nobody and is admitted by the servers. */
  readonly role?: string;
  /** All of them on this one. */
  readonly node?: string;
}
export interface RateResult {
  readonly workload: Workload;
  /** From the first request to the last. */
  readonly askedSeconds: number;
  /** From the first request until the last Pod had converged. */
  readonly allSeconds: number;
  readonly converged: readonly Converged[];
  /** Per Pod: from its first sight until it runs, as the sandbox makes it. */
  readonly runningSeconds: readonly number[];
}

const MADE_PER_SECOND = 2;
const CONVERGED_WITHIN_MS = 240_000;
const GONE_WITHIN_MS = 240_000;

export async function runRate(stack: BenchStack, workload: Workload, prefix: string): Promise<RateResult> {
  const watch = watchPods(stack.kubeconfig, prefix);
  const began = performance.now();
  try {
    const asking: Promise<unknown>[] = [];
    for (let index = 0; index < workload.pods; index += 1) {
      await sleep(Math.max(0, began + (index * 1_000) / workload.perSecond - performance.now()));
      asking.push(
        stack.kubernetes.request('POST', PODS, pod(`${prefix}-${index}`, workload), 'application/json'),
      );
    }
    await Promise.all(asking);
    const askedSeconds = (performance.now() - began) / 1_000;
    const ours = (): Converged[] => stack.converged().filter(({ name }) => name.startsWith(`${prefix}-`));
    await until('every Pod has converged', CONVERGED_WITHIN_MS, () => ours().length >= workload.pods);
    const allSeconds = (performance.now() - began) / 1_000;
    await until('every Pod runs', CONVERGED_WITHIN_MS, () => watch.running().length >= workload.pods);
    return { workload, askedSeconds, allSeconds, converged: ours(), runningSeconds: watch.running() };
  } finally {
    await watch.close();
  }
}

/** Pods that admit nobody and are admitted by the servers; when they run and their policy is in force everywhere. */
export async function makePods(stack: BenchStack, count: number, prefix: string): Promise<void> {
  await runRate(stack, { perSecond: MADE_PER_SECOND, pods: count }, prefix);
}

export async function removePods({ kubernetes }: BenchStack): Promise<void> {
  const selector = '?labelSelector=app%3Dclient';
  await kubernetes.request('DELETE', `${PODS}${selector}`);
  await until('every Pod is gone', GONE_WITHIN_MS, async () => {
    const list = (await kubernetes.request('GET', `${PODS}${selector}`)) as { items: unknown[] };
    return list.items.length === 0;
  });
}

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

function pod(name: string, { role = 'client', node }: Workload): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: role }, annotations: { 'ringfence.io/role': role } },
    spec: {
      ...(node !== undefined && { nodeName: node }),
      terminationGracePeriodSeconds: 0,
      containers: [{ name: role, image: `example/${role}:1` }],
    },
  };
}

interface Seen {
  readonly at: number;
  runningAt?: number;
}

function watchPods(kubeconfig: string, prefix: string): { running(): number[]; close(): Promise<void> } {
  const seen = new Map<string, Seen>();
  const client = apiClient(clusterAccess(kubeconfig));
  const watch = startListWatch<{ phase: string }>(
    client,
    { path: PODS },
    {
      project: ({ metadata, status }) =>
        metadata?.name?.startsWith(`${prefix}-`) === true
          ? { phase: (status as { phase?: string } | undefined)?.phase ?? '' }
          : undefined,
      changed: (uid, { phase }) => {
        const one = seen.get(uid) ?? { at: performance.now() };
        seen.set(uid, one);
        if (phase === 'Running') one.runningAt ??= performance.now();
      },
      gone: () => undefined,
      listed: () => undefined,
      wentBack: () => undefined,
      refused: () => undefined,
      trouble: () => undefined,
    },
  );
  return {
    running: () =>
      [...seen.values()].flatMap(({ at, runningAt }) =>
        runningAt === undefined ? [] : [(runningAt - at) / 1_000],
      ),
    close: async () => {
      await watch.close();
      await client.close();
    },
  };
}

export async function until(
  what: string,
  withinMs: number,
  check: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    if (await check()) return;
    await sleep(250);
  }
  throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
}
