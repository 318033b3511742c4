/** What can be seen from outside of packets under addresses that are not their sender's. */
import type { Counter, Gauge, Metrics } from '@ringfence/service-host';

export interface SourceInstruments {
  readonly forged: Counter;
  readonly areTied: Gauge;
}

export function sourceInstruments(metrics: Metrics): SourceInstruments {
  return {
    forged: metrics.counter(
      'cven_forged_packets_total',
      'Packets that left a Pod under an address that is not its own, and were dropped',
    ),
    areTied: metrics.gauge(
      'cven_sources_tied',
      '1: no Pod of this node can send under the address of another, or speak as a node',
    ),
  };
}
