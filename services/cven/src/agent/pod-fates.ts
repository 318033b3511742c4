/** What becomes of a new Pod, for whoever must not let it go before that is known. */
import type { PodPlace } from '../domain/desired-tables.calculator.js';
import type { EnforcementLedger } from '../domain/enforcement.ledger.js';
import { tableOf } from '../domain/place.state.js';
import type { ViewState } from '../domain/view.state.js';
import { Changes } from './changes.js';
import type { Places } from './places.js';

/** `locked`: everything but the essential is blocked, because its policy was not known in time. */
export type PodFate = 'in-force' | 'none-needed' | 'locked';

export interface PodFatesOptions {
  readonly view: ViewState;
  readonly ledger: EnforcementLedger;
  readonly places: Places;
  readonly reconcile: () => void;
}

/** Loading the locked table takes milliseconds; a kernel that needs longer than this has something else. */
const LOCK_WITHIN_MS = 4_000;

export class PodFates {
  private readonly changes = new Changes();
  /** Somebody waited for them, and nobody has ever told this node its policy. */
  private readonly held = new Set<string>();

  constructor(private readonly options: PodFatesOptions) {}

  isHeld(id: string): boolean {
    return this.held.has(id);
  }

  changed(): void {
    this.changes.happened();
  }

  forget(id: string): void {
    this.held.delete(id);
    this.changed();
  }

  async decided(id: string, withinMs: number): Promise<PodFate> {
    const inTime = await this.changes.until(() => this.fate(id), withinMs);
    if (inTime !== undefined) return inTime;
    if (this.options.view.revision === undefined) {
      this.held.add(id);
      this.options.reconcile();
    }
    const late = await this.changes.until(() => this.fate(id) ?? this.standIn(id), LOCK_WITHIN_MS);
    if (late !== undefined) return late;
    const { message = 'the kernel did not answer in time' } = this.options.ledger.failure(id) ?? {};
    throw new Error(`the sandbox could neither be given its policy nor be closed: ${message}`);
  }

  private fate(id: string): PodFate | undefined {
    const { ledger, places } = this.options;
    const place = places.get(id);
    if (place?.place.kind !== 'pod') throw new Error(`there is no sandbox ${id} on this node`);
    const asked = ledger.asked(id);
    if (asked === undefined || 'failed' in asked) return undefined;
    if (!asked.isOwnPolicy) return this.isOfNobodysConcern(place.place) ? 'none-needed' : undefined;
    if (!ledger.isSettled(id) || !place.isAtRest) return undefined;
    return asked.model.mode === 'idle' ? 'none-needed' : 'in-force';
  }

  private isOfNobodysConcern({ namespace, podUid }: PodPlace): boolean {
    const { view } = this.options;
    return view.namespaceMode(namespace) === undefined && view.endpoint(podUid) === undefined;
  }

  /** Its policy is not known: what its namespace's mode alone asks for. */
  private standIn(id: string): PodFate | undefined {
    const { ledger, places } = this.options;
    const place = places.get(id);
    const table = place && tableOf(place.state);
    if (table?.model.mode === 'full') return table.policy.isOwnPolicy ? 'in-force' : 'locked';
    const asked = ledger.asked(id);
    const needsNone = asked !== undefined && !('failed' in asked) && asked.model.mode === 'idle';
    return needsNone ? 'none-needed' : undefined;
  }
}
