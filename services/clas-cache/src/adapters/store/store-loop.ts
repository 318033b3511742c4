/**
 * Drives the store: what came in is settled together a moment later, what follows from it is sent. Once a second it
 * settles anyway, because readiness depends on time.
 */
import { activeHeaders, Causes, continueTraces, describeSpan } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { PULSE_EVERY_SECONDS, subjects } from '@ringfence/contracts';
import type {
  ClusterAck,
  ClusterAnswer,
  ClusterPulse,
  ClusterQuestion,
  NodeReport,
  NodeView,
  PodReadiness,
  SupportAnswer,
} from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import type { ActorStore } from '../../domain/actor-store.js';
import type { Settled } from '../../domain/cluster-graph.js';
import type { Convergence } from '../../domain/convergence.js';
import { inOneMessage } from '../nodes/in-one-message.js';
import { LatestOutbox } from '../uplink/latest-outbox.js';
import type { ReadinessNet } from '../acks/readiness-net.js';
import { PodTraces } from './pod-traces.js';
import { storeMetrics } from './store-metrics.js';
import type { StoreMetrics } from './store-metrics.js';

/** Long enough for the events of one Pod to come together, short enough not to be noticed. */
const GATHER_MS = 2;
const TICK_MS = 1_000;
/** Many changes are one word to the control plane, told soon enough for whoever waits for it. */
const PULSE_GATHER_MS = 50;

export interface ControlPlaneWords {
  acknowledge(ack: ClusterAck): void;
  pulse(pulse: ClusterPulse): void;
}

export interface StoreLoopOptions {
  readonly store: ActorStore;
  readonly cluster: string;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** What the control plane is told; undefined before there is a way to it. */
  readonly uplink: () => ControlPlaneWords | undefined;
  readonly onSettled: () => void;
  /** Resolves when what the control plane has told survives a kill: nodes are told nothing of it before. */
  readonly toldIsKept: () => Promise<void>;
  /** undefined: there is no way to the API server. */
  readonly net: ReadinessNet | undefined;
}

export class StoreLoop {
  private readonly readiness: LatestOutbox;
  private readonly metrics: StoreMetrics;
  private readonly tick: NodeJS.Timeout;
  private scheduled: NodeJS.Timeout | undefined;
  private readonly causes = new Causes();
  private readonly podTraces = new PodTraces();
  private pulsed = { at: -Infinity, says: '' };
  private pulsing: NodeJS.Timeout | undefined;
  private telling: Promise<void> = Promise.resolve();

  constructor(private readonly options: StoreLoopOptions) {
    const { bus, metrics } = options;
    this.metrics = storeMetrics(metrics);
    this.readiness = new LatestOutbox(
      ({ subject, payload, headers }) =>
        payload === null ? bus.remove(subject, { headers }) : bus.publish(subject, payload, { headers }),
      (error) => this.failed(error),
    );
    this.tick = setInterval(() => {
      this.metrics.revisionLags(options.store.revisionLags());
      this.metrics.notInForce(options.store.notInForceCounts());
      this.poke();
    }, TICK_MS);
  }

  /** Something came in, in the active trace; `pod`: it is about this Pod. */
  poke(pod?: string): void {
    const headers = activeHeaders();
    if (pod !== undefined) this.causes.add(this.podTraces.seen(pod, headers));
    this.causes.add(headers);
    this.scheduled ??= setTimeout(() => {
      this.scheduled = undefined;
      this.settle();
    }, GATHER_MS);
  }

  /** Settled first, so that the snapshot has everything that came before the question. */
  async snapshot(node: string): Promise<NodeView> {
    this.settle();
    const view = this.options.store.snapshot(node, new Date().toISOString());
    await this.options.toldIsKept();
    return view;
  }

  /** Settled first too: the answer is from what the nodes have been told. */
  explain(question: ClusterQuestion): ClusterAnswer {
    this.settle();
    return this.options.store.explain(question, Date.now());
  }

  /** Likewise. `refusedClaims`: what was dropped of its words. */
  report(node: string, refusedClaims: NodeReport['refusedClaims']): SupportAnswer {
    this.settle();
    return this.options.store.report(node, refusedClaims, Date.now());
  }

  async close(): Promise<void> {
    clearInterval(this.tick);
    clearTimeout(this.scheduled);
    clearTimeout(this.pulsing);
    await Promise.all([this.readiness.close(), this.telling]);
  }

  private settle(): void {
    const { store, cluster, onSettled } = this.options;
    const begun = performance.now();
    try {
      const attributes = { 'ringfence.cluster': cluster };
      continueTraces('settle and tell nodes', this.causes.take(), () => this.settleNow(), attributes);
      this.podTraces.keepOnly((pod) => store.isAwaited(pod));
      onSettled();
    } catch (error) {
      this.failed(error);
    }
    this.metrics.settled((performance.now() - begun) / 1000);
    this.pulsing ??= setTimeout(() => this.pulse(), PULSE_GATHER_MS);
  }

  private settleNow(): void {
    const { store, uplink } = this.options;
    const { views, readiness, withdrawn, acks, converged }: Settled = store.settle(Date.now());
    describeSpan({
      'ringfence.revision': store.revision,
      'ringfence.nodes_told': views.length,
      'ringfence.pods_converged': converged.map(({ uid }) => uid),
    });
    if (views.length > 0) this.tell(views);
    this.tellReadiness(readiness, withdrawn);
    for (const ack of acks) uplink()?.acknowledge(ack);
    for (const pod of converged) this.converged(pod);
    this.metrics.viewsSent(views.length);
  }

  /** In their order, each once it is kept by what it was made of. */
  private tell(views: readonly NodeView[]): void {
    const { bus, cluster, toldIsKept } = this.options;
    const kept = toldIsKept();
    this.telling = this.telling
      .then(() => kept)
      .then(() => {
        // Agents ask for a snapshot when their connection is back; what is sent into the void would only pile up.
        if (!bus.isConnected()) return;
        for (const view of views) bus.send(subjects.nodeView(cluster, view.node), inOneMessage(view));
      })
      .catch((error: unknown) => this.failed(error));
  }

  private pulse(): void {
    this.pulsing = undefined;
    const { at, ...standing } = this.options.store.pulse(Date.now());
    const says = JSON.stringify(standing);
    const isDue = Date.parse(at) - this.pulsed.at >= PULSE_EVERY_SECONDS * 1_000;
    if (!isDue && says === this.pulsed.says) return;
    this.pulsed = { at: Date.parse(at), says };
    this.options.uplink()?.pulse({ at, ...standing });
  }

  private tellReadiness(told: readonly PodReadiness[], withdrawn: readonly string[]): void {
    const { cluster, net } = this.options;
    for (const pod of withdrawn) {
      this.readiness.put(subjects.readiness(cluster, pod), null);
      net?.withdrawn(pod);
    }
    for (const readiness of told) {
      this.readiness.put(subjects.readiness(cluster, readiness.podUid), readiness);
      net?.told(readiness);
    }
  }

  private converged(pod: Convergence): void {
    this.metrics.converged(pod);
    this.options.logger.debug(pod, 'every agent that must know the Pod has acknowledged it');
  }

  private failed(error: unknown): void {
    this.options.logger.error({ err: error }, 'the store could not be settled');
  }
}
