/**
 * Whether a lane moves. A connection that stands and a process that lives say nothing of it: a lane that has messages
 * waiting and is done with none of them for a while is not ready, and says so.
 */

export const STANDS_AFTER_MS = 30_000;
/** How often a reader asks the server what waits: what was said with the last message seen is no news of what came later. */
export const MEASURE_EVERY_MS = 5_000;

export class LaneProgress {
  private waiting = 0;
  /** Since when there is something to do and nothing done; null: all is well. */
  private standsSince: number | null = null;
  private unknown: string | null = null;

  constructor(
    private readonly name: string,
    private readonly standsAfterMs: number = STANDS_AFTER_MS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** As the server counts. */
  measured(waiting: number): void {
    this.waiting = waiting;
    this.unknown = null;
    this.standsSince = waiting === 0 ? null : (this.standsSince ?? this.now());
  }

  /** The server does not say what waits: perhaps much. */
  notMeasured(why: string): void {
    this.unknown = why;
    this.standsSince ??= this.now();
  }

  moved(): void {
    if (this.standsSince !== null) this.standsSince = this.now();
  }

  /** It has to wait for something that is said elsewhere (the connection, whom it passes messages on to). */
  excused(): void {
    this.standsSince = null;
  }

  /** True, or what stands still, in words. */
  state(): true | string {
    if (this.standsSince === null) return true;
    const standsForMs = this.now() - this.standsSince;
    if (standsForMs < this.standsAfterMs) return true;
    const what = this.unknown ?? `${this.waiting} messages wait`;
    return `${this.name}: ${what}, none was done for ${Math.round(standsForMs / 1_000)} s`;
  }
}
