/** The network namespaces of this node, by sandbox id; `host` is the node's own. */
import type { Place } from '../domain/desired-tables.calculator.js';
import type { EnforcementLedger } from '../domain/enforcement.ledger.js';
import type { ReadMark } from '../domain/read-mark.js';
import type { Kernel } from '../kernel/port/kernel.port.js';
import type { AgentEvents } from './agent-events.js';
import { EnforcedPlace } from './enforced-place.js';
import type { Interval } from './enforced-place.js';
import type { TableRecords } from './table-records.js';

export interface PlacesOptions {
  readonly kernel: Kernel;
  readonly records: TableRecords;
  readonly ledger: EnforcementLedger;
  readonly events: AgentEvents;
  readonly onInterval: (interval: Interval) => void;
  readonly lastRead: (key: string) => ReadMark | undefined;
}

export class Places {
  private readonly places = new Map<string, EnforcedPlace>();
  /** Being let go of: whoever comes back under the same name begins after that. */
  private readonly leaving = new Map<string, Promise<void>>();

  constructor(private readonly options: PlacesOptions) {}

  all(): EnforcedPlace[] {
    return [...this.places.values()];
  }

  get(id: string): EnforcedPlace | undefined {
    return this.places.get(id);
  }

  has(id: string): boolean {
    return this.places.has(id);
  }

  /** False when this very namespace is known already. A sandbox that is told with another namespace is another place. */
  add(place: Place): boolean {
    const known = this.places.get(place.id);
    if (known !== undefined && isSame(known.place, place)) return false;
    if (known !== undefined) void this.drop(place.id);
    const { kernel, records, events, ledger, onInterval, lastRead } = this.options;
    ledger.add(place, Date.now());
    const placeEvents = {
      onApplied: (ms: number) => events.onApplied(ms),
      onInterval,
      onFlowsLost: () => events.onFlowsLost(place),
      onHealed: () => events.onHealed(place),
      onTrouble: (where: Place, what: string, error: unknown) =>
        events.onTrouble(`${what} (${where.id})`, error),
    };
    this.places.set(
      place.id,
      new EnforcedPlace(place, {
        kernel,
        records,
        events: placeEvents,
        lastRead,
        after: this.leaving.get(place.id),
      }),
    );
    return true;
  }

  async drop(id: string): Promise<void> {
    const place = this.places.get(id);
    if (place === undefined) return;
    this.places.delete(id);
    this.options.ledger.forget(id);
    const left = place
      .release()
      .catch((error: unknown) =>
        this.options.events.onTrouble('a namespace could not be closed in order', error),
      );
    this.leaving.set(id, left);
    await left;
    if (this.leaving.get(id) === left) this.leaving.delete(id);
  }
}

/** The network plugin of some runtimes tells no uid; whoever knows it tells more. */
function isSame(known: Place, told: Place): boolean {
  if (known.netns !== told.netns) return false;
  return told.kind === 'host' || known.kind === 'host' || told.podUid === '' || told.podUid === known.podUid;
}
