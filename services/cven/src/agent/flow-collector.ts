/** Readings of flow sets → named flows of whoever they belong to: what the node's guard dropped is its Pod's, not the node's. */
import type { DesiredTable, Place, PodPlace } from '../domain/desired-tables.calculator.js';
import type { FlowBatch } from '@ringfence/contracts';
import type {
  CollectedFlows,
  FlowBatches,
  FlowInterval,
  InForce,
} from '../domain/flow-batches.calculator.js';
import { nameFlows } from '../domain/flow-naming.js';
import { splitForwarded } from '../domain/forwarded-flows.js';
import type { ViewState } from '../domain/view.state.js';
import type { FlowReading } from '../kernel/kernel.port.js';
import type { AgentEvents } from './agent-events.js';
import type { Interval } from './enforced-place.js';

/** Where readings are written down until they are handed on. */
export interface FlowRecords {
  append(interval: FlowInterval, collected: CollectedFlows): void;
  end(batches: readonly FlowBatch[]): void;
}

export interface FlowCollectorOptions {
  readonly batches: FlowBatches;
  readonly records: FlowRecords;
  readonly view: ViewState;
  readonly hostAddresses: () => readonly string[];
  readonly pods: () => readonly PodPlace[];
  readonly settled: (id: string) => DesiredTable | undefined;
  /** What the last whole pass brought into the kernel. */
  readonly inForce: () => InForce;
  readonly events: AgentEvents;
}

export class FlowCollector {
  /** Of sandboxes, from the runtime: earlier than Kubernetes tells them. */
  private readonly addresses = new Map<string, readonly string[]>();

  constructor(private readonly options: FlowCollectorOptions) {}

  setAddresses(id: string, addresses: readonly string[]): void {
    this.addresses.set(id, addresses);
  }

  /** Of a sandbox, as the runtime told them. */
  addressesTold(id: string): readonly string[] {
    return this.addresses.get(id) ?? [];
  }

  forget(id: string): void {
    this.addresses.delete(id);
  }

  collect({ place, policy, reading, overflow }: Interval): void {
    if (place.kind === 'pod') return this.report(place, policy, reading, overflow);
    const { host, forwarded } = splitForwarded(reading, new Set(this.options.hostAddresses()));
    this.report(place, policy, host, overflow);
    if (forwarded.size === 0) return;
    for (const pod of this.options.pods()) {
      const settled = this.options.settled(pod.id);
      if (settled === undefined) continue;
      for (const address of this.addressesOf(pod)) {
        const dropped = forwarded.get(address);
        if (dropped !== undefined) this.report(pod, settled, dropped, 0);
      }
    }
  }

  /** Ends the interval of all places. */
  tell(): void {
    const { batches, records, events } = this.options;
    const ended = batches.take(new Date().toISOString());
    records.end(ended);
    events.onFlowBatches(ended);
  }

  private report(place: Place, policy: DesiredTable, reading: FlowReading, overflow: number): void {
    const { batches, records, hostAddresses, inForce, events } = this.options;
    const own = new Set(place.kind === 'host' ? hostAddresses() : this.addressesOf(place));
    const named = nameFlows(reading, { model: policy.model, unit: policy.unit, own });
    const reporter = place.kind === 'host' ? place.node : place.podUid;
    const collected = { reporter, named, overflow, inForce: inForce(), at: new Date().toISOString() };
    if (named.flows.length > 0 || overflow > 0) records.append(batches.interval, collected);
    batches.add(reporter, named, overflow, collected.inForce);
    events.onFlows(named.flows.length, overflow, named.disagreements);
  }

  private addressesOf({ id, podUid }: PodPlace): readonly string[] {
    const told = this.addresses.get(id) ?? [];
    return told.length > 0 ? told : (this.options.view.endpoint(podUid)?.addresses ?? []);
  }
}
