/**
 * Drives the store: what came in is settled together a moment later, what follows from it is sent. Once a second it
 * settles anyway, because readiness depends on time.
 */
import type { Bus } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { ClusterAck, NodeView } from '@ringfence/contracts';
import { withTraceHeaders } from '@ringfence/service-host';
import type { Metrics } from '@ringfence/service-host';
import type { ActorStore, Settled } from '../domain/actor-store.js';
import { LatestOutbox } from './latest-outbox.js';

/** Long enough for the events of one Pod to come together, short enough not to be noticed. */
const GATHER_MS = 2;
const TICK_MS = 1_000;
const CONVERGENCE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

export interface StoreLoopOptions {
  readonly store: ActorStore;
  readonly cluster: string;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly onAck: (ack: ClusterAck) => void;
  readonly onSettled: () => void;
  readonly onError: (error: unknown) => void;
}

export class StoreLoop {
  readonly #readiness: LatestOutbox;
  readonly #tick: NodeJS.Timeout;
  #scheduled: NodeJS.Timeout | undefined;
  /** Of the last thing that came in: what follows belongs to its trace. */
  #trace: Readonly<Record<string, string>> = {};

  constructor(private readonly options: StoreLoopOptions) {
    const { bus, onError } = options;
    this.#readiness = new LatestOutbox(
      ({ subject, payload }) => (payload === null ? bus.remove(subject) : bus.publish(subject, payload)),
      onError,
    );
    this.#tick = setInterval(() => this.poke(), TICK_MS);
  }

  poke(trace?: Readonly<Record<string, string>>): void {
    if (trace?.['traceparent'] !== undefined) this.#trace = trace;
    this.#scheduled ??= setTimeout(() => {
      this.#scheduled = undefined;
      this.#settle();
    }, GATHER_MS);
  }

  /** Settled first, so that the snapshot has everything that came before the question. */
  snapshot(node: string): NodeView {
    this.#settle();
    return this.options.store.snapshot(node, new Date().toISOString());
  }

  async close(): Promise<void> {
    clearInterval(this.#tick);
    clearTimeout(this.#scheduled);
    await this.#readiness.close();
  }

  #settle(): void {
    const { store, metrics, onSettled, onError } = this.options;
    const begun = performance.now();
    try {
      const settled = store.settle(Date.now());
      withTraceHeaders(this.#trace, () => this.#send(settled));
      this.#trace = {};
      onSettled();
    } catch (error) {
      onError(error);
    }
    metrics
      .histogram('clas_cache_settle_seconds', 'Computing what changes of the cluster mean to its nodes')
      .record((performance.now() - begun) / 1000);
  }

  #send({ views, readiness, withdrawn, acks, convergedSeconds }: Settled): void {
    const { bus, cluster, metrics, onAck } = this.options;
    // Agents ask for a snapshot when their connection is back; what is sent into the void would only pile up.
    if (bus.isConnected()) for (const view of views) bus.send(subjects.nodeView(cluster, view.node), view);
    for (const pod of withdrawn) this.#readiness.put(subjects.readiness(cluster, pod), null);
    for (const pod of readiness) this.#readiness.put(subjects.readiness(cluster, pod.podUid), pod);
    for (const ack of acks) onAck(ack);
    const convergence = metrics.histogram(
      'clas_cache_convergence_seconds',
      'From the observation of a Pod until the last agent that must know it has acknowledged it',
      { buckets: CONVERGENCE_BUCKETS },
    );
    for (const seconds of convergedSeconds) convergence.record(seconds);
    metrics.counter('clas_cache_node_views_total', 'Deltas sent to nodes').add(views.length);
  }
}
