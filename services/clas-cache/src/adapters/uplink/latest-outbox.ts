/**
 * Values on their way to a place that may be away: the newest per subject, sent when it can be. Bounded by the number of
 * subjects, and never in the way of whoever puts something in.
 */
import { activeHeaders } from '@ringfence/bus';
import type { TraceHeaders } from '@ringfence/bus';
import { retrying } from '@ringfence/retrying';

export interface Outgoing {
  readonly subject: string;
  /** null: take the value away. */
  readonly payload: unknown;
  /** Of what led to the value. */
  readonly headers: TraceHeaders;
}

export class LatestOutbox {
  private readonly waiting = new Map<string, Outgoing>();
  private readonly ended = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly send: (outgoing: Outgoing) => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  put(subject: string, payload: unknown): void {
    this.waiting.delete(subject);
    this.waiting.set(subject, { subject, payload, headers: activeHeaders() });
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  get size(): number {
    return this.waiting.size;
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.ended;
    while (this.waiting.size > 0 && !signal.aborted)
      await retrying(() => this.sendFirst(), { signal, onError: this.onError });
  }

  private async sendFirst(): Promise<void> {
    const [subject, outgoing] = this.waiting.entries().next().value!;
    await this.send(outgoing);
    // Something newer may have come meanwhile.
    if (this.waiting.get(subject) === outgoing) this.waiting.delete(subject);
  }
}
