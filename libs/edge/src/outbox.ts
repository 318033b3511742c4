/**
 * What an agent has to tell clas-cache: sent in order, again until it is acknowledged. Of what is told under a key only the
 * newest matters, and it goes first: somebody waits for it. The queue behind is bounded by bytes; its oldest is dropped first.
 */
import { PermanentError } from '@ringfence/bus';
import type { Bus, Publication } from '@ringfence/bus';

export interface OutboxOptions {
  /** Of the queue. */
  readonly queueBytes: number;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Queued {
  readonly publication: Publication;
  /** Nobody needs to send it again: it is stored, or (false) was given up. */
  readonly onDone?: (isStored: boolean) => void;
}

interface Waiting extends Queued {
  readonly bytes: number;
}

const RETRY_MS = 1_000;

export class Outbox {
  private bus: Bus | undefined;
  /** Made when it is sent: whatever changed meanwhile is in it. */
  private readonly newest = new Map<string, () => Publication>();
  private queue: Waiting[] = [];
  private queuedBytes = 0;
  private sending: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: OutboxOptions) {}

  /** Until then everything waits. */
  connect(bus: Bus): void {
    this.bus = bus;
    this.sendNow();
  }

  /** In the order in which keys were first told. */
  tell(key: string, make: () => Publication): void {
    this.newest.set(key, make);
    this.send();
  }

  isWaiting(key: string): boolean {
    return this.newest.has(key);
  }

  enqueue(...all: readonly Queued[]): void {
    for (const queued of all) {
      const bytes = Buffer.byteLength(JSON.stringify(queued.publication.payload));
      this.queue.push({ ...queued, bytes });
      this.queuedBytes += bytes;
    }
    while (this.queuedBytes > this.options.queueBytes) this.giveUpOldest();
    this.send();
  }

  /** Of the queue. */
  get waiting(): number {
    return this.queue.length;
  }

  /** The connection is back: whatever failed is tried at once. */
  sendNow(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
    this.send();
  }

  /** Sends what waits, as far as the time goes. */
  async close(withinMs: number): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.retry);
    const end = new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref());
    const rest = (this.sending ?? Promise.resolve()).then(() => this.everything()).catch(() => undefined);
    await Promise.race([rest, end]);
  }

  /** What comes while a failed attempt is being waited out has its turn with the next one. */
  private send(): void {
    const isBusy = this.sending !== undefined || this.retry !== undefined;
    if (this.bus === undefined || isBusy || this.isClosed) return;
    this.sending = this.everything()
      .catch((error: unknown) => {
        this.options.onError('clas-cache could not be told', error);
        this.retry = setTimeout(() => this.sendNow(), RETRY_MS);
      })
      .finally(() => {
        this.sending = undefined;
      });
  }

  private async everything(): Promise<void> {
    for (;;) {
      const [told] = this.newest;
      const [queued] = this.queue;
      if (told !== undefined) await this.sendTold(...told);
      else if (queued !== undefined) await this.sendQueued(queued);
      else return;
    }
  }

  private async sendTold(key: string, make: () => Publication): Promise<void> {
    await this.publish(make());
    // Something newer that came meanwhile is sent as well.
    if (this.newest.get(key) === make) this.newest.delete(key);
  }

  private async sendQueued(waiting: Waiting): Promise<void> {
    const isStored = await this.publish(waiting.publication);
    // It may have been given up for want of room meanwhile.
    if (this.queue[0] !== waiting) return;
    if (!isStored) return this.giveUpOldest();
    this.queue.shift();
    this.queuedBytes -= waiting.bytes;
    waiting.onDone?.(true);
  }

  /** False: the server will never take it. What is behind it must not wait for that. */
  private async publish({ subject, payload, id, headers }: Publication): Promise<boolean> {
    try {
      await this.bus?.publish(subject, payload, { ...(id && { id }), ...(headers && { headers }) });
      return true;
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      this.options.onError('clas-cache is not told something that the server never takes', error);
      return false;
    }
  }

  private giveUpOldest(): void {
    const oldest = this.queue.shift();
    if (oldest === undefined) return;
    this.queuedBytes -= oldest.bytes;
    oldest.onDone?.(false);
  }
}
