/**
 * What one simulated C-VEN has to tell clas-cache: sent in order, again until acknowledged. A newer value of a key takes
 * the older one's place (acks); when too much waits, the oldest flow batch is dropped and counted.
 */
import type { Bus, Publication } from '@ringfence/bus';

export interface OutboxOptions {
  readonly onDropped: () => void;
  readonly onError: (error: unknown) => void;
}

const MOST_WAITING = 2_000;
const RETRY_MS = 1_000;
const FLOW_KEY = 'flow/';

export class Outbox {
  private readonly waiting = new Map<string, Publication>();
  private bus: Bus | undefined;
  private sending: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: OutboxOptions) {}

  /** Until then everything waits. */
  connect(bus: Bus): void {
    this.bus = bus;
    this.send();
  }

  put(key: string, publication: Publication): void {
    this.waiting.set(key, publication);
    if (this.waiting.size > MOST_WAITING) this.dropOldest();
    this.send();
  }

  putFlows(id: string, publication: Publication): void {
    this.put(`${FLOW_KEY}${id}`, publication);
  }

  /** Sends what waits, as far as the time goes. */
  async close(withinMs: number): Promise<void> {
    clearTimeout(this.retry);
    this.send();
    this.isClosed = true;
    const end = new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref());
    await Promise.race([this.sending ?? Promise.resolve(), end]);
    clearTimeout(this.retry);
  }

  private send(): void {
    const { bus } = this;
    if (bus === undefined || this.sending !== undefined || this.isClosed || this.waiting.size === 0) return;
    this.sending = this.everything(bus).then(
      () => {
        this.sending = undefined;
        this.send();
      },
      (error: unknown) => {
        this.sending = undefined;
        this.options.onError(error);
        if (!this.isClosed) this.retry = setTimeout(() => this.send(), RETRY_MS);
      },
    );
  }

  private async everything(bus: Bus): Promise<void> {
    for (let [first] = this.waiting; first !== undefined; [first] = this.waiting) {
      const [key, publication] = first;
      const { subject, payload, id } = publication;
      await bus.publish(subject, payload, id === undefined ? {} : { id });
      // A newer value that came meanwhile is sent as well.
      if (this.waiting.get(key) === publication) this.waiting.delete(key);
    }
  }

  private dropOldest(): void {
    for (const key of this.waiting.keys()) {
      if (!key.startsWith(FLOW_KEY)) continue;
      this.waiting.delete(key);
      this.options.onDropped();
      return;
    }
  }
}
