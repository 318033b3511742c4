/** Readings of flow sets → named flows of whoever they belong to: what the node's guard dropped is its Pod's, not the node's. */
import type { DesiredTable, Place, PodPlace } from '../domain/desired-tables.calculator.js';
import type { FlowBatches, InForce } from '../domain/flow-batches.calculator.js';
import { nameFlows } from '../domain/flow-naming.js';
import { splitForwarded } from '../domain/forwarded-flows.js';
import type { ViewState } from '../domain/view.state.js';
import type { FlowReading } from '../kernel/kernel.port.js';
import type { AgentEvents } from './agent-events.js';
import type { Interval } from './enforced-place.js';

export interface FlowCollectorOptions {
  readonly batches: FlowBatches;
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
    this.options.events.onFlowBatches(this.options.batches.take(new Date().toISOString()));
  }

  private report(place: Place, policy: DesiredTable, reading: FlowReading, overflow: number): void {
    const { batches, hostAddresses, inForce, events } = this.options;
    const own = new Set(place.kind === 'host' ? hostAddresses() : this.addressesOf(place));
    const named = nameFlows(reading, { model: policy.model, unit: policy.unit, own });
    batches.add(place.kind === 'host' ? place.node : place.podUid, named, overflow, inForce());
    events.onFlows(named.flows.length, overflow, named.disagreements);
  }

  private addressesOf({ id, podUid }: PodPlace): readonly string[] {
    const told = this.addresses.get(id) ?? [];
    return told.length > 0 ? told : (this.options.view.endpoint(podUid)?.addresses ?? []);
  }
}
