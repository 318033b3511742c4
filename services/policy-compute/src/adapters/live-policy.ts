/**
 * The computation as it runs: facts and provisions in, records out, once everything consumed is known. The preview of
 * drafts is made when it is first asked for and kept up from then on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, TraceHeaders } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import { turnToWrite } from '@ringfence/event-store';
import type { StoredEvent } from '@ringfence/event-store';
import { retrying } from '@ringfence/retrying';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import type { FactChange } from '../domain/facts.js';
import { IN_FORCE_AT_ONCE, policyObjects } from '../domain/policy-book.js';
import type { PolicyBook } from '../domain/policy-book.js';
import { PolicyFeed } from '../domain/policy-feed.calculator.js';
import { PolicyPreview } from '../domain/policy-preview.js';
import type { StandingPolicy } from '../domain/standing-policy.js';
import { FACTS } from '../manifest.js';
import type { FactMirror } from '../read/fact-mirror.js';
import { FactConsumer } from './fact.consumer.js';
import { FlushLoop } from './flush-loop.js';
import type { PolicyBookStore } from './policy-book.store.js';
import { PolicyLane } from './policy-lane.js';

export interface LivePolicyOptions {
  readonly bus: Bus;
  readonly book: PolicyBookStore;
  readonly mirror: FactMirror;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

type LaneEnd = 'lost' | keyof typeof READ_AGAIN;
const READ_AGAIN = {
  anew: 'NATS has lost the policy of all clusters: it is said again',
  left: 'a process that wrote before has ended its turn only now: what it wrote is looked through',
};

const NOT_KNOWN = 'not known yet';

/** How often to look for what another process of this service provisioned. */
const LOOK_EVERY_MS = 500;

export class LivePolicy {
  private readonly feed = new PolicyFeed();
  private readonly loop: FlushLoop;
  private readonly closing = new AbortController();
  private openPreview: PolicyPreview | undefined;
  private consumer: FactConsumer | undefined;
  private state: true | string = 'reading labels, profiles and entities';
  private whoWrites: string = NOT_KNOWN;
  private writing: Promise<void> = Promise.resolve();
  private looking: NodeJS.Timeout | undefined;
  /** What the lane knows of the stream is not so any more. */
  private readAgain: (why: 'anew' | 'left') => void = () => undefined;

  private constructor(private readonly options: LivePolicyOptions) {
    this.loop = this.makeLoop();
    for (const change of options.mirror.all()) this.feed.apply(change);
    for (const head of options.mirror.heads.all()) this.feed.heads.take(head);
    this.feed.setObjects(policyObjects(options.book.latest, 'active'));
    options.book.onChanged((book, events) => this.provisioned(book, events));
  }

  /** Returns at once; `inSync` tells when what is consumed is known. */
  static begin(options: LivePolicyOptions): LivePolicy {
    const live = new LivePolicy(options);
    live.writing = live.run().catch((error: unknown) => {
      live.state = `the computation ended: ${error instanceof Error ? error.message : String(error)}`;
      options.logger.error({ err: error }, 'the computation ended');
    });
    return live;
  }

  inSync(): true | string {
    return this.state;
  }

  /** Facts that are not taken in. */
  async waiting(): Promise<number> {
    return (await this.consumer?.waiting()) ?? Number.POSITIVE_INFINITY;
  }

  /** Facts up to this place of their stream are taken in. */
  async hasPassed(seq: number): Promise<boolean> {
    return (await this.consumer?.hasPassed(seq)) ?? false;
  }

  /** Who writes the POLICY stream, in words. */
  writer(): string {
    return this.whoWrites;
  }

  standing(cluster: string): StandingPolicy | undefined {
    return this.loop.standing(cluster);
  }

  preview(): PolicyPreview {
    return (this.openPreview ??= new PolicyPreview(this.options.mirror.all()));
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearInterval(this.looking);
    await this.consumer?.close();
    await this.loop.close();
    await this.writing;
  }

  private async run(): Promise<void> {
    const { bus, mirror, logger, book } = this.options;
    const onError = (error: unknown, subject: string): void =>
      logger.error({ err: error, subject }, 'an event was not taken in');
    const onNews = (changes: readonly FactChange[], causes: readonly TraceHeaders[]): void =>
      this.learned(changes, causes);
    this.consumer = await FactConsumer.start({ bus, mirror, consumptions: FACTS, onNews, onError });
    await unlessAborted(this.consumer.caughtUp(), this.closing.signal);
    if (this.closing.signal.aborted) return;
    this.looking = setInterval(() => void book.current().catch(() => undefined), LOOK_EVERY_MS);
    this.state = true;
    this.loop.start();
    const watching = bus.onMadeAnew('POLICY', () => this.readAgain('anew'));
    const left = await bus.latest('POLICY', subjects.turnLeft(), () => this.readAgain('left'), { onError });
    await unlessAborted(left.caughtUp, this.closing.signal);
    while (!this.closing.signal.aborted) await this.writeWhileOurTurn();
    watching.close();
    await left.close();
  }

  private async writeWhileOurTurn(): Promise<void> {
    const { book, logger } = this.options;
    const { signal } = this.closing;
    this.whoWrites = NOT_KNOWN;
    const turn = await turnToWrite(book.store, signal, () => (this.whoWrites = 'another process'));
    if (turn === null) return;
    const lost = turn.lost.then(() => 'lost' as const);
    try {
      let end: LaneEnd | undefined = 'anew';
      while (end === 'anew' || end === 'left') end = await unlessAborted(this.writeOneLane(lost), signal);
      if (end === 'lost') this.leaveTurn();
    } catch (error) {
      logger.warn({ err: error }, 'writing policy did not begin');
      await sleep(LOOK_EVERY_MS);
    } finally {
      // What is under way is finished before another process may write.
      await this.loop.writeNowhere();
      turn.release();
    }
  }

  /** A lane is opened anew where what it knows is not so any more: it finds what differs, and puts it right. */
  private async writeOneLane(lost: Promise<'lost'>): Promise<LaneEnd> {
    const { bus, book, logger } = this.options;
    const again = new Promise<LaneEnd>((resolve) => (this.readAgain = resolve));
    const over = Promise.race([lost, again]);
    await book.current();
    const onError = (error: unknown, subject: string): void =>
      logger.error({ err: error, subject }, 'a record was not read back');
    const lane = await Promise.race([PolicyLane.open(bus, onError), over]);
    if (!(lane instanceof PolicyLane)) return lane;
    this.whoWrites = 'this process';
    this.loop.writeTo(lane);
    const end = await over;
    if (end === 'lost') lane.end();
    else logger.warn(READ_AGAIN[end]);
    await this.loop.writeNowhere();
    return end;
  }

  /** After everything that was under way: who has the turn by now has perhaps read the stream before that came. */
  private leaveTurn(): void {
    const { bus, logger } = this.options;
    logger.warn('the turn to write policy was lost with its database session');
    void retrying(() => bus.publish(subjects.turnLeft(), { at: new Date().toISOString() }), {
      signal: this.closing.signal,
      onError: (error) => logger.warn({ err: error }, 'that the turn is over could not be said yet'),
    });
  }

  private makeLoop(): FlushLoop {
    const { logger, metrics, book } = this.options;
    const seconds = metrics.histogram(
      'policy_compute_flush_seconds',
      'From the computation to the commit on the stream',
    );
    const records = metrics.counter(
      'policy_compute_records_total',
      'Records written to and removed from the POLICY stream',
    );
    const failures = metrics.counter(
      'policy_compute_flush_failures_total',
      'Flushes that did not reach the stream and were tried again',
    );
    return new FlushLoop({
      feed: this.feed,
      policyVersion: () => book.latest.version,
      onFlush: (report) => {
        seconds.record(report.seconds);
        records.add(report.upserts, { change: 'written' });
        records.add(report.removals, { change: 'removed' });
        logger.info(report, 'flushed');
      },
      onError: (error) => {
        failures.add();
        logger.warn({ err: error }, 'a flush did not reach the stream');
      },
    });
  }

  private learned(changes: readonly FactChange[], causes: readonly TraceHeaders[]): void {
    for (const change of changes) {
      this.feed.apply(change);
      this.openPreview?.apply(change);
    }
    this.loop.request(causes);
  }

  /** Drafts change nothing in force: only provisions and bindings are taken in. */
  private provisioned(book: PolicyBook, events: readonly StoredEvent[]): void {
    const effective = events.filter((event) => IN_FORCE_AT_ONCE.has(event.type));
    if (effective.length === 0) return;
    this.feed.setObjects(policyObjects(book, 'active'));
    this.loop.request(effective.map((event) => event.trace));
  }
}

/** What the work gives, or undefined as soon as the signal ends the wait. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  return Promise.race([work, aborted]);
}
