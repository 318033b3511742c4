/**
 * Reading a last-value stream: the current value of every subject first, then every change, in order. An own reader is
 * a consumer in the server's memory that starts behind the last value seen; an edge reads through a durable that its
 * control plane made for it. A removed value is a null.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, nuid } from 'nats';
import type { LatestOptions, LatestReader, LatestValue } from './bus.js';
import { KEEP_ALIVE_MS, MAX_UNDER_WAY, untilRepeatsAreDue } from './durable.js';
import { inboxQueue } from './inbox-queue.js';
import type { InboxQueue } from './inbox-queue.js';
import type { Link } from './link.js';
import { ACK, answer, startPull, WORKING } from './pull.js';
import type { Pull, PulledMessage } from './pull.js';
import { attributesOfSubject, continueTrace, wordsOfSubject } from './trace.js';
import { decode, readHeaders } from './wire.js';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
const NANOSECONDS = 1_000_000;
/** The server forgets an own reader that is away for so long. */
const FORGOTTEN_AFTER_MS = 60_000;

export interface ValueReading {
  readonly stream: string;
  readonly filter: string;
  readonly handler: (value: LatestValue) => Promise<void> | void;
  readonly options: LatestOptions;
}

export function startLatest(link: Link, reading: ValueReading): LatestReader {
  const reader = new ValueReader(link, reading);
  const running = reader.run();
  return {
    caughtUp: reader.caughtUp,
    close: async () => {
      reader.stop();
      await running;
    },
  };
}

class ValueReader {
  readonly caughtUp: Promise<void>;
  private isCaughtUp: () => void = () => undefined;
  private readonly ended = new AbortController();
  private birth = '';
  private doneUpTo = 0;
  private lastDelivery = 0;
  private inHand: PulledMessage | undefined;
  private queue: InboxQueue<PulledMessage> = inboxQueue();
  private pull: Pull | undefined;
  private readonly isDurable: boolean;
  private readonly stream: string;

  constructor(
    private readonly link: Link,
    private readonly reading: ValueReading,
  ) {
    this.stream = reading.stream;
    this.isDurable = reading.options.durable !== undefined;
    this.caughtUp = new Promise((resolve) => (this.isCaughtUp = resolve));
  }

  async run(): Promise<void> {
    const keepAlive = this.isDurable ? setInterval(() => this.sayWorking(), KEEP_ALIVE_MS) : undefined;
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.ended.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    ) {
      const before = this.doneUpTo;
      await this.session().catch((error: unknown) => this.report(error, this.reading.filter));
      if (this.doneUpTo > before) pauseMs = FIRST_PAUSE_MS;
      await this.pause(pauseMs);
    }
    clearInterval(keepAlive);
  }

  stop(): void {
    this.ended.abort();
    this.pull?.cancel();
  }

  private async session(): Promise<void> {
    if (!this.link.isConnected()) return;
    const consumer = this.reading.options.durable ?? (await this.makeReader());
    // An edge may not look at its durable. Only in a first session nothing can be under way.
    if (this.isDurable && this.doneUpTo > 0) await untilRepeatsAreDue(this.ended.signal);
    let noWait = this.isDurable;
    while (!this.ended.signal.aborted) {
      this.queue = inboxQueue();
      const request = { stream: this.stream, consumer, batch: MAX_UNDER_WAY, noWait };
      this.pull = startPull(this.link, request, (message) => this.queue.push(message));
      void this.pull.ended.then(() => this.queue.end());
      if (!(await this.work())) return this.pull.cancel();
      const end = await this.pull.ended;
      if (end !== 'full' && end !== 'expired') return;
      if (end === 'expired') {
        this.isCaughtUp();
        noWait = false;
      }
    }
  }

  private async makeReader(): Promise<string> {
    const { created, state } = await this.link.manager.streams.info(this.stream);
    // A stream that was made anew, or lost its end, has nothing behind the place that we remember.
    this.startOver(created, state.last_seq < this.doneUpTo);
    const name = `${this.link.name}-${nuid.next()}`;
    const info = await this.link.manager.consumers.add(this.stream, {
      name,
      filter_subject: this.reading.filter,
      ack_policy: AckPolicy.None,
      mem_storage: true,
      inactive_threshold: FORGOTTEN_AFTER_MS * NANOSECONDS,
      ...(this.doneUpTo === 0
        ? { deliver_policy: DeliverPolicy.LastPerSubject }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.doneUpTo + 1 }),
    });
    if (info.num_pending === 0) this.isCaughtUp();
    return name;
  }

  private startOver(birth: string, isShorter: boolean): void {
    if (birth !== this.birth || isShorter) this.doneUpTo = 0;
    this.birth = birth;
    this.lastDelivery = 0;
  }

  /** False: a delivery was lost on the way. */
  private async work(): Promise<boolean> {
    for (;;) {
      const [message] = (await this.queue.take(1, 0)) ?? [];
      if (message === undefined || this.ended.signal.aborted) return true;
      if (!this.isNext(message)) return false;
      this.inHand = message;
      if (message.seq > this.doneUpTo) await this.handle(message);
      this.inHand = undefined;
      if (this.ended.signal.aborted) return true;
      this.done(message);
    }
  }

  private isNext({ deliverySeq }: PulledMessage): boolean {
    if (!this.isDurable && deliverySeq !== this.lastDelivery + 1) return false;
    // A durable that counts from 1 again was made anew, perhaps on a stream that was.
    if (this.isDurable && deliverySeq <= this.lastDelivery) this.doneUpTo = 0;
    this.lastDelivery = deliverySeq;
    return true;
  }

  private done(message: PulledMessage): void {
    this.doneUpTo = Math.max(this.doneUpTo, message.seq);
    if (this.isDurable) answer(this.link, message, ACK);
    if (message.pending === 0) this.isCaughtUp();
  }

  private async handle(message: PulledMessage): Promise<void> {
    const { raw, seq } = message;
    const headers = readHeaders(raw.headers);
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.ended.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    ) {
      try {
        const value = { subject: raw.subject, payload: decode(raw.data), seq, headers };
        return await continueTrace(
          `read ${wordsOfSubject(raw.subject)}`,
          headers,
          async () => this.reading.handler(value),
          attributesOfSubject(raw.subject),
        );
      } catch (error) {
        this.report(error, raw.subject);
        // Not JSON: nobody will ever read it, and the values behind it must not wait.
        if (error instanceof SyntaxError) return;
        await this.pause(pauseMs);
      }
    }
  }

  private sayWorking(): void {
    const held = this.inHand === undefined ? [] : [this.inHand];
    for (const message of [...held, ...this.queue.waiting()]) answer(this.link, message, WORKING);
  }

  private report(error: unknown, subject: string): void {
    if (this.ended.signal.aborted) return;
    this.link.metrics
      .counter('bus_reader_failures_total', 'Failed attempts of last-value readers')
      .add(1, { stream: this.stream });
    this.reading.options.onError?.(error, subject);
  }

  private async pause(ms: number): Promise<void> {
    if (this.ended.signal.aborted) return;
    await sleep(ms, undefined, { signal: this.ended.signal }).catch(() => undefined);
  }
}
