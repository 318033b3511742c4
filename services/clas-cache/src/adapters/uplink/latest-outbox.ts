/**
 * Values on their way to a place that may be away: the newest per subject, sent when it can be. Bounded by the number of
 * subjects, and never in the way of whoever puts something in.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { activeHeaders } from '@ringfence/bus';
import type { TraceHeaders } from '@ringfence/bus';

export interface Outgoing {
  readonly subject: string;
  /** null: take the value away. */
  readonly payload: unknown;
  /** Of what led to the value. */
  readonly headers: TraceHeaders;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export class LatestOutbox {
  readonly #waiting = new Map<string, Outgoing>();
  readonly #ended = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly send: (outgoing: Outgoing) => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  put(subject: string, payload: unknown): void {
    this.#waiting.delete(subject);
    this.#waiting.set(subject, { subject, payload, headers: activeHeaders() });
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  get size(): number {
    return this.#waiting.size;
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#waiting.size > 0 && !this.#ended.signal.aborted) {
      const [subject, outgoing] = this.#waiting.entries().next().value!;
      try {
        await this.send(outgoing);
        pauseMs = FIRST_PAUSE_MS;
        // Something newer may have come meanwhile.
        if (this.#waiting.get(subject) === outgoing) this.#waiting.delete(subject);
      } catch (error) {
        this.onError(error);
        await sleep(pauseMs, undefined, { signal: this.#ended.signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }
}
