/**
 * Durable consumers: every message handled in the stream's order, acknowledged after its handler. While a dependency
 * is away the message waits in its place; a poison message goes to the dead letters and the next one is taken.
 */
import type { Consumption } from '@ringfence/contracts';
import { pause } from '@ringfence/retrying';
import type { BatchLimits, Consumer, ConsumerOptions, Message } from './bus.js';
import { deadLetters } from './dead-letters.js';
import type { DeadLetters } from './dead-letters.js';
import { beginSession, KEEP_ALIVE_MS, MAX_UNDER_WAY, waitingIn } from './durable.js';
import { isTransient, PermanentError } from './errors.js';
import { inboxQueue } from './inbox-queue.js';
import type { InboxQueue } from './inbox-queue.js';
import type { Link } from './link.js';
import { ACK, answer, hasNoGap, startPull, TERM, WORKING } from './pull.js';
import { LaneProgress, MEASURE_EVERY_MS } from './progress.js';
import type { Pull, PulledMessage } from './pull.js';
import { attributesOfSubject, Causes, continueTrace, continueTraces } from './trace.js';
import { decode, readHeaders } from './wire.js';

const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
const LONGEST_OUTAGE_PAUSE_MS = 5_000;
/** How long `close` goes on with what is already here. */
const FINISH_WITHIN_MS = 3_000;

export interface Reading {
  readonly consumption: Consumption;
  readonly limits: BatchLimits;
  readonly handler: (messages: readonly Message[]) => Promise<void>;
  readonly options: ConsumerOptions;
}

export function startConsumer(link: Link, reading: Reading): Consumer {
  const reader = new DurableReader(link, reading);
  const running = reader.run();
  return {
    durable: reading.consumption.durable,
    lag: () => reader.lag,
    progress: () => reader.progress.state(),
    close: async () => {
      reader.stop();
      await running;
    },
  };
}

class DurableReader {
  lag = 0;
  readonly progress: LaneProgress;
  private readonly consumption: Consumption;
  private readonly ended = new AbortController();
  private readonly deadLetters: DeadLetters;
  private readonly labels: { readonly durable: string };
  private stream = '';
  private rewind = '';
  /** Everything up to here is done: a repeat of it is only acknowledged. */
  private doneUpTo = 0;
  /** When the newest of it was stored: a machine that lost its power takes the numbers of what it had not written for others. */
  private doneAt = 0;
  private queue: InboxQueue<PulledMessage> = inboxQueue();
  private inHand: PulledMessage[] = [];
  private pull: Pull | undefined;
  private finishBy = Number.POSITIVE_INFINITY;

  constructor(
    private readonly link: Link,
    private readonly reading: Reading,
  ) {
    this.consumption = reading.consumption;
    this.deadLetters = deadLetters(link, this.consumption.durable);
    this.labels = { durable: this.consumption.durable };
    this.progress = new LaneProgress(this.consumption.durable, link.standsAfterMs);
  }

  async run(): Promise<void> {
    const keepAlive = setInterval(() => this.sayWorking(), KEEP_ALIVE_MS);
    const measuring = setInterval(() => void this.measure(), MEASURE_EVERY_MS);
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.ended.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, LONGEST_OUTAGE_PAUSE_MS)
    ) {
      const before = this.doneUpTo;
      await this.session().catch((error: unknown) => this.report(error));
      if (this.doneUpTo > before) pauseMs = FIRST_PAUSE_MS;
      await pause(pauseMs, this.ended.signal);
    }
    clearInterval(keepAlive);
    clearInterval(measuring);
  }

  stop(): void {
    this.finishBy = Date.now() + FINISH_WITHIN_MS;
    this.ended.abort();
    this.pull?.cancel();
  }

  private async session(): Promise<void> {
    if (!this.link.isConnected()) return;
    const session = await beginSession(this.link, this.consumption, {
      startAt: this.reading.options.startAt ?? 'oldest',
      isAgain: this.stream !== '',
      signal: this.ended.signal,
    });
    if (session.isMadeNow || session.stream !== this.stream || session.rewind !== this.rewind)
      this.doneUpTo = 0;
    this.stream = session.stream;
    this.rewind = session.rewind;
    this.measureLag(session.pending);
    let batch = MAX_UNDER_WAY;
    for (let isFirst = true; !this.ended.signal.aborted; isFirst = false) {
      const { stream, durable } = this.consumption;
      this.queue = inboxQueue();
      this.pull = startPull(this.link, { stream, consumer: durable, batch }, (message) =>
        this.queue.push(message),
      );
      void this.pull.ended.then(() => this.queue.end());
      await this.work(isFirst);
      const end = await this.pull.ended;
      if (!hasNoGap(end)) return;
      batch = end === 'too-large' ? 1 : MAX_UNDER_WAY;
    }
  }

  private async work(isFirstPull: boolean): Promise<void> {
    let mayBeCulprit = isFirstPull;
    for (;;) {
      const { maxMessages, maxWaitMs } = this.reading.limits;
      const taken = await this.queue.take(maxMessages, maxWaitMs);
      if (taken === null || Date.now() > this.finishBy) return;
      this.inHand = this.admitted(taken);
      await this.handle(this.inHand, mayBeCulprit);
      mayBeCulprit = false;
      this.inHand = [];
      this.measureLag((taken.at(-1)?.pending ?? 0) + this.queue.waiting().length);
    }
  }

  private admitted(taken: PulledMessage[]): PulledMessage[] {
    const { admits = () => true } = this.reading.options;
    return taken.filter((message) => {
      const { raw, storedAt, pending: waiting } = message;
      const { subject, data } = raw;
      if (this.isDone(message) || admits({ subject, bytes: data.length, storedAt, waiting })) return true;
      answer(this.link, message, ACK);
      this.progress.moved();
      return false;
    });
  }

  private async handle(taken: readonly PulledMessage[], mayBeCulprit: boolean): Promise<void> {
    const fresh = taken.filter((message) => !this.isDone(message));
    for (const message of taken) if (this.isDone(message)) answer(this.link, message, ACK);
    const [first, ...rest] = fresh;
    if (first === undefined) return;
    // The first message after a start that was delivered so often has ended this process, again and again.
    if (mayBeCulprit && first.delivery > ATTEMPTS) {
      const words = `delivered ${first.delivery} times, never finished`;
      await this.bury(first, new PermanentError('delivered-too-often', words));
      return this.handle(rest, false);
    }
    if (rest.length > 0 && (await this.tryTogether(fresh))) return;
    for (const message of fresh) {
      if (this.mustStop()) return;
      await this.handleOne(message);
    }
  }

  /** False: some message of the batch is at fault; they are taken one by one then. */
  private async tryTogether(batch: readonly PulledMessage[]): Promise<boolean> {
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.mustStop();
      pauseMs = Math.min(pauseMs * 2, LONGEST_OUTAGE_PAUSE_MS)
    ) {
      try {
        const read = batch.map((message) => this.read(message));
        const causes = new Causes();
        for (const { headers } of read) causes.add(headers);
        await continueTraces(`process ${this.consumption.durable}`, causes.take(), () =>
          this.reading.handler(read),
        );
        for (const message of batch) this.done(message, ACK);
        return true;
      } catch (error) {
        this.report(error, batch[0]);
        if (!isTransient(error)) return false;
        await this.beforeNext(pauseMs);
      }
    }
    return true;
  }

  private async handleOne(message: PulledMessage): Promise<void> {
    for (let attempt = 1, pauseMs = FIRST_PAUSE_MS; !this.mustStop(); pauseMs *= 2) {
      try {
        const read = this.read(message);
        await continueTrace(
          `process ${this.consumption.durable}`,
          read.headers,
          () => this.reading.handler([read]),
          attributesOfSubject(read.subject),
        );
        return this.done(message, ACK);
      } catch (error) {
        this.report(error, message);
        const outage = isTransient(error);
        if (error instanceof PermanentError || (!outage && attempt === ATTEMPTS))
          return this.bury(message, error);
        if (!outage) attempt += 1;
        const longestMs = outage ? LONGEST_OUTAGE_PAUSE_MS : LONGEST_PAUSE_MS;
        await this.beforeNext(Math.min(pauseMs, longestMs));
      }
    }
  }

  /** Waits for a connection that is away, but for nothing else for long: no lane stands still for want of a grave. */
  private async bury(message: PulledMessage, error: unknown): Promise<void> {
    for (let attempt = 1, pauseMs = FIRST_PAUSE_MS; !this.mustStop(); pauseMs *= 2) {
      try {
        await this.deadLetters.bury(message, this.stream, error);
        return this.done(message, TERM);
      } catch (failure) {
        this.report(failure, message);
        const isAway = !this.link.isConnected();
        if (!isAway && (!isTransient(failure) || attempt === ATTEMPTS)) {
          this.report(this.deadLetters.lose(message, failure), message);
          return this.done(message, TERM);
        }
        if (!isAway) attempt += 1;
        await this.beforeNext(Math.min(pauseMs, LONGEST_OUTAGE_PAUSE_MS));
      }
    }
  }

  private isDone({ seq, storedAt }: PulledMessage): boolean {
    return seq <= this.doneUpTo && storedAt.getTime() <= this.doneAt;
  }

  private done(message: PulledMessage, word: typeof ACK | typeof TERM): void {
    this.doneUpTo = message.seq;
    this.doneAt = message.storedAt.getTime();
    this.progress.moved();
    answer(this.link, message, word);
    this.link.metrics
      .counter('bus_consumed_total', 'Messages that a durable consumer is done with')
      .add(1, this.labels);
  }

  private read(message: PulledMessage): Message {
    const { raw } = message;
    try {
      return {
        subject: raw.subject,
        payload: decode(raw.data),
        bytes: raw.data.length,
        stream: this.stream,
        seq: message.seq,
        headers: readHeaders(raw.headers),
        storedAt: message.storedAt,
        attempt: message.delivery,
      };
    } catch (error) {
      throw new PermanentError('not-json', `the payload of ${raw.subject} is not JSON`, { cause: error });
    }
  }

  /** Who is ending tries nothing again: it is delivered again, to whoever reads next. */
  private async beforeNext(pauseMs: number): Promise<void> {
    await pause(pauseMs, this.ended.signal);
    if (this.ended.signal.aborted) this.finishBy = 0;
  }

  private mustStop(): boolean {
    return Date.now() > this.finishBy;
  }

  private sayWorking(): void {
    for (const message of [...this.inHand, ...this.queue.waiting()]) answer(this.link, message, WORKING);
  }

  private async measure(): Promise<void> {
    if (!this.link.isConnected() || this.reading.options.mayStand?.() === true)
      return this.progress.excused();
    try {
      const waiting = await waitingIn(this.link, this.consumption.stream, this.consumption.durable);
      this.progress.measured(waiting);
      this.measureLag(waiting);
    } catch (error) {
      this.progress.notMeasured(`the server does not say what waits (${(error as Error).message})`);
    }
  }

  private measureLag(lag: number): void {
    this.lag = lag;
    this.link.metrics
      .gauge('bus_consumer_lag', 'Messages that wait for a durable consumer')
      .set(lag, this.labels);
  }

  private report(error: unknown, message?: PulledMessage): void {
    if (this.ended.signal.aborted && error instanceof Error && error.name === 'AbortError') return;
    this.link.metrics
      .counter('bus_consumer_failures_total', 'Failed attempts of durable consumers')
      .add(1, this.labels);
    this.reading.options.onError?.(error, {
      subject: message?.raw.subject ?? this.consumption.filter,
      seq: message?.seq ?? 0,
    });
  }
}
