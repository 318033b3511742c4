/** Waiting until an application's Pods are ready: as a person does, for as long as it takes, or as a test, while it moves. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '@ringfence/sandbox';
import { untilDone } from '@ringfence/testing';
import type { Look } from '@ringfence/testing';
import { KubernetesApi } from '../kubernetes-api.js';
import type { Running } from '../stack.js';
import { podProgress } from './pod-progress.js';
import type { Workload } from './pod-progress.js';

interface Deployed {
  readonly sandbox: Pick<Running['sandbox'], 'kubeconfig'>;
  readonly application: Pick<Running['application'], 'namespaces'>;
}

const LOOK_EVERY_MS = 250;
/** Looking at hundreds of workloads is work for the API server, too: it has at least so much more time without. */
const PAUSE_OF_LOOKS = 4;
const TELL_EVERY_MS = 3_000;
const STANDSTILL_MS = 60_000;
/** Probes of real applications begin late and come seldom. */
const STALLED_AFTER_MS = 180_000;

/** For whoever sits in front of it: never gives up, and says so when nothing moves. */
export async function followPods(running: Deployed, tell: (words: string) => void): Promise<void> {
  const kubernetes = new KubernetesApi(running.sandbox.kubeconfig);
  let told = { words: '', atMs: performance.now(), standsStill: false };
  for (;;) {
    const lookedAtMs = performance.now();
    const seen = await look(kubernetes, running.application.namespaces).catch(asMissing);
    if ('done' in seen) return;
    const now = performance.now();
    const words = seen.missing;
    if (words !== told.words && now - told.atMs >= TELL_EVERY_MS) {
      tell(words);
      told = { words, atMs: now, standsStill: false };
    } else if (!told.standsStill && words === told.words && now - told.atMs >= STANDSTILL_MS) {
      tell(`nothing has moved for a minute: ${words}`);
      told = { ...told, standsStill: true };
    }
    await sleep(Math.max(LOOK_EVERY_MS, PAUSE_OF_LOOKS * (now - lookedAtMs)));
  }
}

/** Ends with what is missing when nothing moves any more. */
export async function podsReady(running: Deployed): Promise<void> {
  const kubernetes = new KubernetesApi(running.sandbox.kubeconfig);
  await untilDone(() => look(kubernetes, running.application.namespaces), {
    what: 'Pods to become ready',
    stalledAfterMs: STALLED_AFTER_MS,
    everyMs: LOOK_EVERY_MS,
  });
}

async function look(kubernetes: KubernetesApi, namespaces: readonly string[]): Promise<Look<true>> {
  const pods: Pod[] = [];
  const workloads: Workload[] = [];
  for (const namespace of namespaces) {
    pods.push(...(await kubernetes.list<Pod>(`/api/v1/namespaces/${namespace}/pods`)));
    for (const plural of ['deployments', 'statefulsets'])
      workloads.push(...(await kubernetes.list<Workload>(`/apis/apps/v1/namespaces/${namespace}/${plural}`)));
  }
  const { words } = podProgress(pods, workloads, Date.now());
  return words === '' ? { done: true } : { missing: words };
}

/** An API server that does not answer for a moment ends nothing. */
const asMissing = (error: unknown): Look<true> => ({
  missing: error instanceof Error ? error.message : String(error),
});
