/** Readings of flow sets → named flows of whoever they belong to: what the node's guard dropped is its Pod's, not the node's. */
import type { DesiredTable, PodPlace } from '../domain/desired-tables.calculator.js';
import type { Endpoint, FlowBatch } from '@ringfence/contracts';
import type {
  CollectedFlows,
  CollectedHalf,
  FlowBatches,
  FlowInterval,
  InForce,
} from '../domain/flow-batches.calculator.js';
import { nameFlows } from '../domain/flow-naming.js';
import type { NamedFlows } from '../domain/flow-naming.js';
import type { ReadMark } from '../domain/read-mark.js';
import { splitForwarded } from '../domain/forwarded-flows.js';
import type { ViewState } from '../domain/view.state.js';
import type { FlowReading } from '../kernel/port/kernel.port.js';
import type { AgentEvents } from './agent-events.js';
import type { Interval } from './enforced-place.js';

/** Where readings are written down until they are handed on. */
export interface FlowRecords {
  append(interval: FlowInterval, half: CollectedHalf): void;
  end(batches: readonly FlowBatch[]): void;
  /** The newest that an earlier agent wrote down of this place. */
  lastRead(place: string): ReadMark | undefined;
}

type PlaceReading = Omit<Interval, 'mark'>;

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

  /** Whether they are others than before. */
  setAddresses(id: string, addresses: readonly string[]): boolean {
    const before = this.addresses.get(id);
    this.addresses.set(id, addresses);
    return before?.join() !== addresses.join();
  }

  /** Of a sandbox, as the runtime told them. */
  addressesTold(id: string): readonly string[] {
    return this.addresses.get(id) ?? [];
  }

  forget(id: string): void {
    this.addresses.delete(id);
  }

  /** All of a reading is written down at once: what is torn was not read. */
  collect(interval: Interval): void {
    const { batches, records, events } = this.options;
    const collected = this.readingsOf(interval).map((each) => this.named(each));
    const telling = collected.filter(({ named, overflow }) => named.flows.length > 0 || overflow > 0);
    if (telling.length > 0) records.append(batches.interval, { mark: interval.mark, collected: telling });
    for (const each of collected) {
      const { named, overflow } = each;
      batches.add(each);
      events.onFlows(named.flows.length, overflow, named.disagreements);
    }
  }

  /** Ends the interval of all places. */
  tell(): void {
    const { batches, records, events } = this.options;
    const ended = batches.take(new Date().toISOString());
    records.end(ended);
    events.onFlowBatches(ended);
  }

  private readingsOf({ place, policy, reading, overflow }: Interval): PlaceReading[] {
    if (place.kind === 'pod') return [{ place, policy, reading, overflow }];
    const { host, forwarded } = splitForwarded(reading, new Set(this.options.hostAddresses()));
    const own = { place, policy, reading: host, overflow };
    return forwarded.size === 0 ? [own] : [own, ...this.forwardedTo(forwarded)];
  }

  private forwardedTo(forwarded: ReadonlyMap<string, FlowReading>): PlaceReading[] {
    return this.options.pods().flatMap((place) => {
      const policy = this.options.settled(place.id);
      if (policy === undefined) return [];
      return this.addressesOf(place).flatMap((address) => {
        const reading = forwarded.get(address);
        return reading === undefined ? [] : [{ place, policy, reading, overflow: 0 }];
      });
    });
  }

  private named({ place, policy, reading, overflow }: PlaceReading): CollectedFlows {
    const { hostAddresses, inForce } = this.options;
    const own = new Set(place.kind === 'host' ? hostAddresses() : this.addressesOf(place));
    const reporter = place.kind === 'host' ? place.node : place.podUid;
    const all = nameFlows(reading, { model: policy.model, unit: policy.unit, own });
    const named = reportable(all, levelOf(this.options.view.endpoint(reporter)));
    return { reporter, named, overflow, inForce: inForce(), at: new Date().toISOString() };
  }

  private addressesOf({ id, podUid }: PodPlace): readonly string[] {
    const told = this.addresses.get(id) ?? [];
    return told.length > 0 ? told : (this.options.view.endpoint(podUid)?.addresses ?? []);
  }
}

const levelOf = (endpoint: Endpoint | undefined): string | undefined =>
  endpoint?.pod?.visibilityLevel ?? endpoint?.visibilityLevel;

/** What is asked to be reported of a place; of a level that is not known here, all. */
function reportable(named: NamedFlows, level: string | undefined): NamedFlows {
  if (level === 'flow_off') return { ...named, flows: [] };
  if (level !== 'flow_drops') return named;
  return { ...named, flows: named.flows.filter(({ verdict }) => verdict === 'blocked') };
}
