/**
 * Reading a last-value stream: the current value of every subject first, then every change, in order. An own reader is
 * a consumer in the server's memory that starts behind the last value seen; an edge reads through a durable that its
 * control plane made for it. A removed value is a null.
 */
import { AckPolicy, DeliverPolicy, nuid } from 'nats';
import { pause, retrying } from '@ringfence/retrying';
import type { LatestOptions, LatestReader, LatestValue } from './bus.js';
import { KEEP_ALIVE_MS, MAX_UNDER_WAY, untilRepeatsAreDue, waitingIn } from './durable.js';
import { inboxQueue } from './inbox-queue.js';
import type { InboxQueue } from './inbox-queue.js';
import type { Link } from './link.js';
import { LaneProgress, MEASURE_EVERY_MS } from './progress.js';
import { ACK, answer, hasNoGap, startPull, WORKING } from './pull.js';
import type { Pull, PulledMessage, PullEnd } from './pull.js';
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
    waiting: () => reader.waiting(),
    hasPassed: (seq) => reader.hasPassed(seq),
    progress: () => reader.progress.state(),
    close: async () => {
      reader.stop();
      await running;
    },
  };
}

class ValueReader {
  readonly caughtUp: Promise<void>;
  readonly progress: LaneProgress;
  private isCaughtUp: () => void = () => undefined;
  private readonly ended = new AbortController();
  private birth = '';
  private doneUpTo = 0;
  /** When what is done was stored. */
  private doneAt = 0;
  private lastDelivery = 0;
  private inHand: PulledMessage | undefined;
  private queue: InboxQueue<PulledMessage> = inboxQueue();
  private pull: Pull | undefined;
  /** The name of the own reader on the server, while there is one. */
  private own: string | undefined;
  /** The last pull ended because nothing more was there. */
  private wasAllRead = false;
  private readonly isDurable: boolean;
  private readonly stream: string;

  constructor(
    private readonly link: Link,
    private readonly reading: ValueReading,
  ) {
    this.stream = reading.stream;
    this.isDurable = reading.options.durable !== undefined;
    this.caughtUp = new Promise((resolve) => (this.isCaughtUp = resolve));
    this.progress = new LaneProgress(`${reading.stream} ${reading.filter}`, link.standsAfterMs);
  }

  async run(): Promise<void> {
    const keepAlive = this.isDurable ? setInterval(() => this.sayWorking(), KEEP_ALIVE_MS) : undefined;
    const measuring = setInterval(() => void this.measure(), MEASURE_EVERY_MS);
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.ended.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    ) {
      const before = this.doneUpTo;
      await this.session().catch((error: unknown) => this.failed(error));
      if (this.doneUpTo > before) pauseMs = FIRST_PAUSE_MS;
      await pause(pauseMs, this.ended.signal);
    }
    clearInterval(keepAlive);
    clearInterval(measuring);
  }

  stop(): void {
    this.ended.abort();
    this.pull?.cancel();
  }

  async waiting(): Promise<number> {
    const here = this.here();
    if (this.isDurable) return here;
    // Not begun: nobody knows how much there is.
    if (this.own === undefined) return Number.POSITIVE_INFINITY;
    return here + (await waitingIn(this.link, this.stream, this.own));
  }

  /** By the own reader; through somebody else's durable only what has come can be known. */
  async hasPassed(seq: number): Promise<boolean> {
    if (this.doneUpTo >= seq) return true;
    if (this.own === undefined) return false;
    const { num_pending, delivered } = await this.link.manager.consumers.info(this.stream, this.own);
    // What is on its way from the server is counted neither there nor here.
    return num_pending === 0 && this.lastDelivery >= delivered.consumer_seq && this.here() === 0;
  }

  private async session(): Promise<void> {
    if (!this.link.isConnected()) return;
    const consumer = this.reading.options.durable ?? (await this.makeReader());
    // An edge may not look at its durable. Only in a first session nothing can be under way.
    if (this.isDurable && this.doneUpTo > 0) await untilRepeatsAreDue(this.ended.signal);
    let noWait = this.isDurable;
    let batch = MAX_UNDER_WAY;
    while (!this.ended.signal.aborted) {
      this.queue = inboxQueue();
      const request = { stream: this.stream, consumer, batch, noWait };
      this.pull = startPull(this.link, request, (message) => this.queue.push(message));
      void this.pull.ended.then(() => this.queue.end());
      if (!(await this.work())) return this.pull.cancel();
      const end = await this.pull.ended;
      if (!this.goesOn(end)) return;
      batch = end === 'too-large' ? 1 : MAX_UNDER_WAY;
      noWait = noWait && !this.wasAllRead;
    }
  }

  /** False: messages may be under way, and a session begins anew. */
  private goesOn(end: PullEnd): boolean {
    if (end === 'gone' || end === 'silent') this.progress.notMeasured('the server does not answer');
    this.wasAllRead = end === 'expired';
    if (this.wasAllRead) {
      this.isCaughtUp();
      this.progress.measured(0);
    }
    return hasNoGap(end);
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
    this.own = name;
    return name;
  }

  private startOver(birth: string, isShorter: boolean): void {
    const isAnother = birth !== this.birth || isShorter;
    if (isAnother) this.doneUpTo = 0;
    if (isAnother && this.birth !== '') this.reading.options.onStreamMadeAnew?.();
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

  private isNext(message: PulledMessage): boolean {
    const { deliverySeq } = message;
    if (!this.isDurable && deliverySeq !== this.lastDelivery + 1) return false;
    if (this.isDurable) this.noticeAnew(message);
    this.lastDelivery = deliverySeq;
    return true;
  }

  /** Of somebody else's durable nobody says when it was made, or its stream: only the messages tell. */
  private noticeAnew({ deliverySeq, seq, storedAt }: PulledMessage): void {
    const isOfAnotherStream = seq <= this.doneUpTo && storedAt.getTime() > this.doneAt;
    // A durable that counts from 1 again was made anew.
    if (isOfAnotherStream || deliverySeq <= this.lastDelivery) this.doneUpTo = 0;
    if (isOfAnotherStream) this.reading.options.onStreamMadeAnew?.();
  }

  private done(message: PulledMessage): void {
    this.doneUpTo = Math.max(this.doneUpTo, message.seq);
    this.doneAt = Math.max(this.doneAt, message.storedAt.getTime());
    this.progress.moved();
    if (this.isDurable) answer(this.link, message, ACK);
    if (message.pending === 0) this.isCaughtUp();
  }

  private async handle(message: PulledMessage): Promise<void> {
    const { subject } = message.raw;
    const once = (): Promise<void> =>
      this.tell(message).catch((error: unknown) => {
        // Not JSON: nobody will ever read it, and the values behind it must not wait.
        if (!(error instanceof SyntaxError)) throw error;
        this.report(error, subject);
      });
    await retrying(once, {
      signal: this.ended.signal,
      onError: (error) => this.report(error, subject),
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
    });
  }

  private async tell({ raw, seq }: PulledMessage): Promise<void> {
    const { subject, data } = raw;
    const headers = readHeaders(raw.headers);
    const value = { subject, payload: decode(data), bytes: data.length, seq, headers };
    await continueTrace(
      `read ${wordsOfSubject(subject)}`,
      headers,
      async () => this.reading.handler(value),
      attributesOfSubject(subject),
    );
  }

  private sayWorking(): void {
    const held = this.inHand === undefined ? [] : [this.inHand];
    for (const message of [...held, ...this.queue.waiting()]) answer(this.link, message, WORKING);
  }

  /** Through somebody else's durable only what is here already can be counted: the server may not be asked. */
  private async measure(): Promise<void> {
    if (!this.link.isConnected()) return this.progress.excused();
    const here = this.here();
    if (this.isDurable)
      return here > 0 || this.pull?.isHeard() === true ? this.progress.measured(here) : undefined;
    if (this.own === undefined) return;
    await waitingIn(this.link, this.stream, this.own).then(
      (waiting) => this.progress.measured(here + waiting),
      (error: unknown) => this.progress.notMeasured(`the server does not say what waits (${String(error)})`),
    );
  }

  private here(): number {
    return this.queue.waiting().length + (this.inHand === undefined ? 0 : 1);
  }

  private failed(error: unknown): void {
    this.progress.notMeasured(error instanceof Error ? error.message : String(error));
    this.report(error, this.reading.filter);
  }

  private report(error: unknown, subject: string): void {
    if (this.ended.signal.aborted) return;
    this.link.metrics
      .counter('bus_reader_failures_total', 'Failed attempts of last-value readers')
      .add(1, { stream: this.stream });
    this.reading.options.onError?.(error, subject);
  }
}
