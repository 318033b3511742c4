/** What the store's loop counts and measures. */
import type { Metrics } from '@ringfence/service-host';
import { CONVERGENCE_PHASES } from '../../domain/convergence.js';
import type { Convergence } from '../../domain/convergence.js';

/** Seconds: from a delta that a node applies at once to a Pod whose image must be fetched first. */
const CONVERGENCE_BUCKETS = [
  0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60,
];
const SETTLE_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2];

export interface StoreMetrics {
  settled(seconds: number): void;
  viewsSent(count: number): void;
  converged(pod: Convergence): void;
  /** Of all nodes that are known; one that is not named any more counts as even. */
  revisionLags(lags: Iterable<{ readonly node: string; readonly lag: number }>): void;
  /** Places by reason; a reason that is not named any more counts none. */
  notInForce(counts: ReadonlyMap<string, number>): void;
}

export function storeMetrics(metrics: Metrics): StoreMetrics {
  const settle = metrics.histogram(
    'clas_cache_settle_seconds',
    'Computing what changes of the cluster mean to its nodes',
    { buckets: SETTLE_BUCKETS },
  );
  const views = metrics.counter('clas_cache_node_views_total', 'Deltas sent to nodes');
  const convergence = metrics.histogram(
    'clas_cache_convergence_seconds',
    'A new Pod, by phase: address (observed until its address is known); from there own (until its rules are in its node) and peers (until the last agent that must know it has acknowledged it); total (observed until that)',
    { buckets: CONVERGENCE_BUCKETS },
  );
  const lag = metrics.gauge(
    'clas_cache_node_revision_lag',
    'Revisions between what a node was told and what it has acknowledged',
  );
  const open = metrics.gauge(
    'clas_cache_places_not_in_force',
    'Pods of managed namespaces and paired nodes whose kernel does not have what policy asks, by reason',
  );
  const reasons = new Set<string>();
  let named = new Set<string>();
  return {
    settled: (seconds) => settle.record(seconds),
    viewsSent: (count) => views.add(count),
    converged: ({ seconds }) => {
      for (const phase of CONVERGENCE_PHASES) convergence.record(seconds[phase], { phase });
    },
    notInForce: (counts) => {
      for (const reason of counts.keys()) reasons.add(reason);
      for (const reason of reasons) open.set(counts.get(reason) ?? 0, { reason });
    },
    revisionLags: (lags) => {
      const before = named;
      named = new Set();
      for (const { node, lag: behind } of lags) {
        lag.set(behind, { node });
        named.add(node);
      }
      for (const node of before) if (!named.has(node)) lag.set(0, { node });
    },
  };
}
