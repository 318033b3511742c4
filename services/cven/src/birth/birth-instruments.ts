/** What can be seen of births from outside. */
import type { Counter, Gauge, Histogram, Metrics } from '@ringfence/service-host';

export interface BirthInstruments {
  readonly seconds: Histogram;
  /** By outcome: in-force, none-needed, locked, refused. */
  readonly births: Counter;
  /** Requests that broke a bound or were none. */
  readonly refusedRequests: Counter;
  readonly isClosed: Gauge;
  readonly isOpenByHand: Gauge;
  /** Lines of the record of what went through without the agent. */
  readonly recorded: Counter;
}

const BUCKETS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

export function birthInstruments(metrics: Metrics): BirthInstruments {
  return {
    seconds: metrics.histogram('cven_birth_seconds', 'Time that a new Pod waited for its rules', {
      buckets: BUCKETS,
    }),
    births: metrics.counter('cven_births_total', 'New Pods that the CNI plugin asked about, by outcome'),
    refusedRequests: metrics.counter(
      'cven_birth_requests_refused_total',
      'Requests at the socket of the CNI plugin that were none',
    ),
    isClosed: metrics.gauge('cven_closed_at_birth', '1: no packet of a new Pod passes before its policy'),
    isOpenByHand: metrics.gauge('cven_open_by_hand', '1: an administrator has opened the node for a while'),
    recorded: metrics.counter(
      'cven_birth_recorded_total',
      'Things done by hand, and Pods that started without policy, while the agent was away',
    ),
  };
}
