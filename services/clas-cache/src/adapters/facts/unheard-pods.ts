/**
 * Pods that their nodes tell of and Kubelink does not: one that was made while Kubelink is silent, or whose address it has
 * not told. A moment after their node's word clas-cache reads them itself, and takes what Kubernetes says as if Kubelink had
 * said it, so that everything follows as ever: labels, policy, readiness.
 *
 * A node's word is a reason to look, and nothing else: whose Pod it is, where it runs and what it is called says Kubernetes.
 * Each node has a lane of its own, in which one question is open at a time and vain ones are slow.
 */
import type { ObservedChange } from '@ringfence/cluster-facts';
import { KubernetesWorkloadObserved, PodObserved } from '@ringfence/contracts';
import { readPod } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { pause } from '@ringfence/retrying';
import type { Metrics } from '@ringfence/service-host';
import type { ActorStore } from '../../domain/actor-store.js';
import type { UnheardPod } from '../../domain/unheard-pod.js';

/** Kubelink tells of a Pod within milliseconds; a Pod waits no longer than this for one that does not. */
const KUBELINK_HAS_MS = 1_000;
const LOOK_EVERY_MS = 250;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** After a Pod that does not exist, or not there. */
const VAIN_MS = 100;
const MOST_LANES = 16;

export interface UnheardPodsOptions {
  readonly client: ApiClient;
  readonly store: ActorStore;
  readonly metrics: Metrics;
  /** The Pod was taken in. */
  readonly onRead: (uid: string) => void;
  /** Kubernetes places the Pod elsewhere. */
  readonly onForeign: (node: string, uid: string) => void;
  readonly onTrouble: (message: string, error: unknown) => void;
}

interface Waiting extends UnheardPod {
  dueAt: number;
  pauseMs: number;
}

export class UnheardPods {
  private waiting = new Map<string, Waiting>();
  private readonly lanes = new Map<string, Promise<void>>();
  private readonly ended = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly read;

  constructor(private readonly options: UnheardPodsOptions) {
    this.read = options.metrics.counter(
      'clas_cache_pods_read_total',
      'Pods that clas-cache read from Kubernetes because Kubelink had not told of them',
    );
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.ended.abort();
    await Promise.all(this.lanes.values());
  }

  private look(): void {
    const { store } = this.options;
    // Before that everything is unheard of.
    if (!store.isInSync) return;
    const now = Date.now();
    const waiting = new Map<string, Waiting>();
    for (const pod of store.unheardPods()) {
      const key = `${pod.node}/${pod.uid}`;
      const before = this.waiting.get(key) ?? { dueAt: now + KUBELINK_HAS_MS, pauseMs: FIRST_PAUSE_MS };
      waiting.set(key, { ...pod, dueAt: before.dueAt, pauseMs: before.pauseMs });
    }
    this.waiting = waiting;
    for (const { node, dueAt } of waiting.values())
      if (dueAt <= now && !this.lanes.has(node) && this.lanes.size < MOST_LANES) this.open(node);
  }

  private open(node: string): void {
    const lane = this.serve(node).finally(() => this.lanes.delete(node));
    this.lanes.set(node, lane);
  }

  private async serve(node: string): Promise<void> {
    for (let next = this.next(node); next !== undefined; next = this.next(node)) {
      next.dueAt = Date.now() + next.pauseMs;
      next.pauseMs = Math.min(next.pauseMs * 2, LONGEST_PAUSE_MS);
      const isThere = await this.ask(next);
      if (!isThere) await pause(VAIN_MS, this.ended.signal);
    }
  }

  private next(node: string): Waiting | undefined {
    if (this.ended.signal.aborted) return undefined;
    const now = Date.now();
    return [...this.waiting.values()].find((pod) => pod.node === node && pod.dueAt <= now);
  }

  /** False: there is no such Pod on the node, as far as Kubernetes can be asked. */
  private async ask({ node, ...named }: UnheardPod): Promise<boolean> {
    const { client, store, onTrouble } = this.options;
    const before = store.pod(named.uid);
    try {
      const changes = await readPod(client, named, this.ended.signal);
      if (changes === null) return false;
      // Kubelink has spoken meanwhile: its word is later than ours.
      if (store.pod(named.uid) !== before) return true;
      return this.take(changes, node);
    } catch (error) {
      if (!this.ended.signal.aborted)
        onTrouble(`Pod ${named.namespace}/${named.name} could not be read`, error);
      return false;
    }
  }

  private take(changes: readonly ObservedChange[], node: string): boolean {
    const { store, onRead, onForeign } = this.options;
    const observedAt = new Date().toISOString();
    const observed = changes.map((change) => ({ kind: change.kind, ...observationOf(change, observedAt) }));
    const pod = PodObserved.parse(observed.find(({ kind }) => kind === 'pod'));
    if (pod.node !== node) {
      onForeign(node, pod.uid);
      return false;
    }
    const owners = observed.filter(({ kind }) => kind === 'workload');
    if (!store.readPod(pod, KubernetesWorkloadObserved.array().parse(owners))) return true;
    this.read.add(1);
    onRead(pod.uid);
    return true;
  }
}

const observationOf = ({ uid, facts }: ObservedChange, observedAt: string): Record<string, unknown> => ({
  ...facts,
  ...{ uid, resourceVersion: '0', epoch: '', gone: false, observedAt },
});
