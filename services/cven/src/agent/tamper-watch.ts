/** Looks whether our tables are still what we made them, and puts back what is not. */
import type { Kernel } from '../kernel/kernel.port.js';
import type { EnforcedPlace } from './enforced-place.js';

export interface TamperWatchOptions {
  readonly kernel: Kernel;
  readonly places: () => readonly EnforcedPlace[];
  /** Nobody knows what is in the kernel of this place. */
  readonly onDoubt: (place: EnforcedPlace) => void;
  readonly onTrouble: (what: string, error: unknown) => void;
}

/** A listing costs milliseconds; after a change that touched every Pod they are taken a few at a time. */
const LEARNED_PER_LOOK = 8;

export class TamperWatch {
  constructor(private readonly options: TamperWatchOptions) {}

  async look(): Promise<void> {
    const disturbed = new Set(await this.options.kernel.disturbed());
    const places = this.options.places();
    const suspect = places.filter(({ place }) => disturbed.has(place.netns));
    const unlearned = places.filter((place) => place.isUnlearned).slice(0, LEARNED_PER_LOOK);
    await Promise.all([
      ...suspect.map((place) => this.inspect(place)),
      ...unlearned.map((place) => this.learn(place)),
    ]);
    for (const place of places) if (!place.isAtRest) this.options.onDoubt(place);
  }

  /** It is told only once that somebody was there: a look that fails must lead to another one. */
  private async inspect(place: EnforcedPlace): Promise<void> {
    try {
      await place.inspect();
    } catch (error) {
      this.options.onTrouble('a table could not be inspected', error);
      place.doubt();
    }
  }

  private async learn(place: EnforcedPlace): Promise<void> {
    try {
      await place.learn();
    } catch (error) {
      this.options.onTrouble('a table could not be listed', error);
    }
  }
}
