/** The agent's instruments. */
import type { Counter, Histogram, Metrics } from '@ringfence/service-host';

export interface AgentMetrics {
  readonly apply: Histogram;
  readonly heals: Counter;
  readonly tamperings: Counter;
  readonly helperRestarts: Counter;
  readonly hostRollbacks: Counter;
  readonly hostUnwitnessed: Counter;
  /** Flows that could not be told in time. */
  onFlowsDropped(flows: number): void;
  /** Flow sets of one place that went away unread. */
  readonly intervalsLost: Counter;
  onFlows(named: number, overflow: number, disagreements: number): void;
  onPass(revision: number, pods: number): void;
}

const APPLY_BUCKETS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2];

export function agentMetrics(metrics: Metrics): AgentMetrics {
  const flows = metrics.counter('cven_flows_total', 'Flows reported');
  const dropped = metrics.counter('cven_flows_dropped_total', 'Flows that were not reported, by reason');
  const overflow = metrics.counter(
    'cven_flows_not_itemised_total',
    'Packets of flows that found their flow set full',
  );
  const disagreements = metrics.counter(
    'cven_flow_disagreements_total',
    'Flows whose verdict the policy engine would have given otherwise',
  );
  const revision = metrics.gauge('cven_view_revision', 'Revision of the node view that is in the kernel');
  const pods = metrics.gauge('cven_pods', 'Pods on the pod network of this node');
  // Shown from the start: that nothing was dropped is worth seeing.
  dropped.add(0, { reason: 'clas-cache-away' });
  return {
    apply: metrics.histogram('cven_apply_seconds', 'Time of one transaction in one namespace', {
      buckets: APPLY_BUCKETS,
    }),
    heals: metrics.counter(
      'cven_tamper_heals_total',
      'Tables that somebody else had changed and that were restored',
    ),
    tamperings: metrics.counter(
      'cven_tamperings_total',
      'Times that somebody else changed one of our tables, by whether it was not the first time in half a minute',
    ),
    helperRestarts: metrics.counter(
      'cven_helper_restarts_total',
      'Times that the kernel helper ended by itself',
    ),
    ...hostMetrics(metrics),
    intervalsLost: metrics.counter(
      'cven_flow_intervals_lost_total',
      'Intervals of one namespace whose flows could not be read from its kernel',
    ),
    onFlowsDropped: (count) => dropped.add(count, { reason: 'clas-cache-away' }),
    onFlows: (named, full, otherwise) => {
      flows.add(named);
      overflow.add(full);
      disagreements.add(otherwise);
    },
    onPass: (number, count) => {
      revision.set(number);
      pods.set(count);
    },
  };
}

function hostMetrics(metrics: Metrics): Pick<AgentMetrics, 'hostRollbacks' | 'hostUnwitnessed'> {
  return {
    hostRollbacks: metrics.counter(
      'cven_host_rollbacks_total',
      'Host policies taken back because the node could not reach, or be reached, any more',
    ),
    hostUnwitnessed: metrics.counter(
      'cven_host_unwitnessed_total',
      'Host policies in force that nobody outside of the node has confirmed',
    ),
  };
}
