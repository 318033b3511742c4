/** Empties the outbox into the stream: in order, acknowledged, the same batch again while nobody acknowledges. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '@ringfence/bus';
import type { ObservationOutbox } from '../domain/observation-outbox.calculator.js';

const BATCH = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export class ObservationPublisher {
  private readonly ended = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly outbox: ObservationOutbox,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /** There is something in the outbox. */
  wake(): void {
    this.running ??= this.empty().finally(() => (this.running = undefined));
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.running;
  }

  private async empty(): Promise<void> {
    // What one event of the API server changed goes out together with what else came in this turn.
    await Promise.resolve();
    while (this.outbox.size > 0 && !this.ended.signal.aborted) {
      const batch = this.outbox.take(BATCH);
      for (
        let pauseMs = FIRST_PAUSE_MS;
        !this.ended.signal.aborted;
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      ) {
        try {
          await this.bus.publishMany(batch);
          break;
        } catch (error) {
          this.onTrouble(error);
          await sleep(pauseMs, undefined, { signal: this.ended.signal }).catch(() => undefined);
        }
      }
    }
  }
}
