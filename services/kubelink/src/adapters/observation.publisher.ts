/**
 * Empties the outbox into the stream: in order, acknowledged, the same batch again while nobody acknowledges. What the
 * server will never take is left out, and said: one object must not stand in the way of all others.
 */
import { PermanentError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { retrying } from '@ringfence/retrying';
import type { Observation, ObservationOutbox } from '../domain/observation-outbox.calculator.js';

const BATCH = 500;

export interface ObservationPublisherOptions {
  readonly bus: Pick<Bus, 'publishMany'>;
  readonly outbox: Pick<ObservationOutbox, 'size' | 'take' | 'told'>;
  readonly onTrouble: (error: unknown) => void;
  readonly onDropped: (subject: string, error: PermanentError) => void;
}

export class ObservationPublisher {
  private readonly ended = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: ObservationPublisherOptions) {}

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
    const { outbox } = this.options;
    while (outbox.size > 0 && !this.ended.signal.aborted) await this.send(outbox.take(BATCH));
  }

  private async send(batch: readonly Observation[]): Promise<void> {
    const { bus, outbox, onTrouble: onError } = this.options;
    const sent = await retrying(() => bus.publishMany(batch).then(() => true, ifPermanent), {
      signal: this.ended.signal,
      onError,
    });
    if (sent instanceof PermanentError) await this.sendWithout(batch, sent);
    else if (sent === true) outbox.told(batch);
  }

  /** By halves, until whoever is refused stands alone. What was taken already is known by its id. */
  private async sendWithout(batch: readonly Observation[], error: PermanentError): Promise<void> {
    const [first] = batch;
    if (batch.length === 1 && first !== undefined) return this.options.onDropped(first.subject, error);
    const middle = Math.ceil(batch.length / 2);
    await this.send(batch.slice(0, middle));
    await this.send(batch.slice(middle));
  }
}

function ifPermanent(error: unknown): PermanentError {
  if (error instanceof PermanentError) return error;
  throw error;
}
