/**
 * Looks whether our tables are still what we made them, and puts back what is not: at once when the kernel tells of it, and
 * by asking each second, for what nobody told. Somebody who does it again and again is answered each time, but not more often
 * than ten times a second, and becomes an alarm.
 */
import type { Place } from '../domain/desired-tables.calculator.js';
import type { Kernel } from '../kernel/port/kernel.port.js';
import type { EnforcedPlace } from './enforced-place.js';

/** Of one namespace; `count`: how often it was put right within the last half minute. */
export interface Tampering {
  readonly place: Place;
  readonly what: string;
  readonly by: string;
  readonly count: number;
}

export interface TamperWatchOptions {
  readonly kernel: Kernel;
  readonly places: () => readonly EnforcedPlace[];
  /** Nobody knows what is in the kernel of this place. */
  readonly onDoubt: (place: EnforcedPlace) => void;
  readonly onTampered: (tampering: Tampering) => void;
  readonly onTrouble: (what: string, error: unknown) => void;
}

interface Suspicion {
  what: string;
  by: string;
  /** Somebody was there while it was being put right: once more. */
  isPending: boolean;
}

/** A listing costs milliseconds; after a change that touched every Pod they are taken a few at a time. */
const LEARNED_PER_LOOK = 8;
const REMEMBERED_MS = 30_000;
/** So many are answered without a pause. */
const AT_ONCE = 3;
const PAUSE_MS = 100;

const UNTOLD = { what: 'our table', by: 'an unknown process' } as const;

export class TamperWatch {
  private readonly healed = new Map<string, number[]>();
  private readonly underWay = new Map<string, Suspicion>();

  constructor(private readonly options: TamperWatchOptions) {}

  /** The kernel told that somebody else changed our table in this namespace. */
  told(netns: string, what: string, by: string): void {
    for (const place of this.options.places())
      if (place.place.netns === netns) this.suspect(place, { what, by });
  }

  async look(): Promise<void> {
    const disturbed = new Set(await this.options.kernel.disturbed());
    const places = this.options.places();
    this.forget(new Set(places.map(({ place }) => place.id)));
    await Promise.all(
      places.flatMap((place) => (disturbed.has(place.place.netns) ? [this.inspect(place, UNTOLD)] : [])),
    );
    const unlearned = places.filter((place) => place.isUnlearned).slice(0, LEARNED_PER_LOOK);
    await Promise.all(unlearned.map((place) => this.learn(place)));
    for (const place of places) if (!place.isAtRest) this.options.onDoubt(place);
  }

  private suspect(place: EnforcedPlace, told: Pick<Suspicion, 'what' | 'by'>): void {
    const { id } = place.place;
    const known = this.underWay.get(id);
    if (known !== undefined) {
      Object.assign(known, told, { isPending: true });
      return;
    }
    const suspicion = { ...told, isPending: true };
    this.underWay.set(id, suspicion);
    void this.putRight(place, suspicion).finally(() => this.underWay.delete(id));
  }

  private async putRight(place: EnforcedPlace, suspicion: Suspicion): Promise<void> {
    while (suspicion.isPending) {
      if (this.recently(place.place.id).length >= AT_ONCE)
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      suspicion.isPending = false;
      await this.inspect(place, suspicion, true);
      await this.learn(place);
    }
  }

  /** It is told only once that somebody was there: a look that fails must lead to another one. */
  private async inspect(
    place: EnforcedPlace,
    { what, by }: Pick<Suspicion, 'what' | 'by'>,
    isCertain = false,
  ): Promise<void> {
    try {
      if (!(await place.inspect(isCertain))) return;
      const { id } = place.place;
      const times = [...this.recently(id), Date.now()];
      this.healed.set(id, times);
      this.options.onTampered({ place: place.place, what, by, count: times.length });
    } catch (error) {
      this.options.onTrouble('a table could not be inspected', error);
      place.doubt();
      this.options.onDoubt(place);
    }
  }

  private async learn(place: EnforcedPlace): Promise<void> {
    try {
      await place.learn();
    } catch (error) {
      this.options.onTrouble('a table could not be listed', error);
    }
  }

  private recently(id: string): number[] {
    const since = Date.now() - REMEMBERED_MS;
    return (this.healed.get(id) ?? []).filter((at) => at > since);
  }

  private forget(living: ReadonlySet<string>): void {
    for (const id of this.healed.keys())
      if (!living.has(id) || this.recently(id).length === 0) this.healed.delete(id);
  }
}
