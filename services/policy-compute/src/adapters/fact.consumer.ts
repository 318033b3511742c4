/**
 * Labels, entities and profiles from the EVENTS stream into the mirror, in batches: the reader only hands over, one
 * writer stores what has come meanwhile. Nothing is acknowledged and nothing is lost: after a crash the latest event of
 * every subject is read again, and the mirror knows what it has.
 */
import { eventOf } from '@ringfence/bus';
import type { Bus, LatestReader, LatestValue, TraceHeaders } from '@ringfence/bus';
import type { Consumption, Envelope } from '@ringfence/contracts';
import { retrying } from '@ringfence/retrying';
import { facts } from '../read/fact-mirror.js';
import type { FactMirror } from '../read/fact-mirror.js';
import type { FactChange } from '../domain/facts.js';

const MOST_WAITING = 20_000;

export interface FactConsumerOptions {
  readonly bus: Bus;
  readonly mirror: FactMirror;
  readonly consumptions: readonly Consumption[];
  /** After the rows are written, with the traces that brought them. */
  readonly onNews: (changes: readonly FactChange[], causes: readonly TraceHeaders[]) => void;
  readonly onError: (error: unknown, subject: string) => void;
}

export class FactConsumer {
  private readonly queue: { readonly event: Envelope; readonly headers: TraceHeaders }[] = [];
  private readonly readers: LatestReader[] = [];
  private writing: Promise<void> | null = null;
  private readonly closing = new AbortController();

  private constructor(private readonly options: FactConsumerOptions) {}

  static async start(options: FactConsumerOptions): Promise<FactConsumer> {
    const consumer = new FactConsumer(options);
    for (const { stream, filter } of options.consumptions) {
      const onError = options.onError;
      consumer.readers.push(
        await options.bus.latest(stream, filter, (value) => consumer.take(value), { onError }),
      );
    }
    return consumer;
  }

  /** Everything that was on the stream at the start is in the mirror. */
  async caughtUp(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.caughtUp));
    await this.writing;
  }

  /** What was on the stream up to this place is in the mirror. */
  async hasPassed(seq: number): Promise<boolean> {
    const passed = await Promise.all(this.readers.map((reader) => reader.hasPassed(seq)));
    if (!passed.every(Boolean)) return false;
    await this.writing;
    return true;
  }

  /** Values that are not yet in the mirror. */
  async waiting(): Promise<number> {
    const counts = await Promise.all(this.readers.map((reader) => reader.waiting()));
    return counts.reduce((sum, each) => sum + each, this.queue.length);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.readers.map((reader) => reader.close()));
    await this.writing;
  }

  /** Returns at once unless the writer is far behind. */
  private async take(value: LatestValue): Promise<void> {
    const event = this.read(value);
    if (event === null) return;
    this.queue.push({ event, headers: value.headers });
    this.writing ??= this.write().finally(() => (this.writing = null));
    if (this.queue.length >= MOST_WAITING) await this.writing;
  }

  /** What cannot be read now will not be readable later: it is told and passed over, the last good state stays. */
  private read(value: LatestValue): Envelope | null {
    if (value.payload === null) return null;
    try {
      const event = eventOf(value);
      return facts.told([event]).length > 0 ? event : null;
    } catch (error) {
      this.options.onError(error, value.subject);
      return null;
    }
  }

  private async write(): Promise<void> {
    const { signal } = this.closing;
    const onError = (error: unknown): void => this.options.onError(error, 'mirrored');
    while (this.queue.length > 0 && !signal.aborted)
      await retrying(() => this.writeBatch(), { signal, onError });
  }

  private async writeBatch(): Promise<void> {
    // Others that came in the same turn of the loop go along.
    await new Promise((resolve) => setImmediate(resolve));
    const batch = this.queue.slice();
    const news = await this.options.mirror.take(batch.map(({ event }) => event));
    this.queue.splice(0, batch.length);
    if (news.length > 0)
      this.options.onNews(
        news,
        batch.map(({ headers }) => headers),
      );
  }
}
