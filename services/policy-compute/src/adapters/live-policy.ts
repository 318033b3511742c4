/**
 * The computation as it runs: facts and provisions in, records out, once everything consumed is known. The preview of
 * drafts is made when it is first asked for and kept up from then on.
 */
import type { Bus, TraceHeaders } from '@ringfence/bus';
import type { StoredEvent } from '@ringfence/event-store';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import type { FactChange } from '../domain/facts.js';
import { policyObjects } from '../domain/policy-book.js';
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

export class LivePolicy {
  readonly #feed = new PolicyFeed();
  #preview: PolicyPreview | undefined;
  #loop: FlushLoop | undefined;
  #consumer: FactConsumer | undefined;
  #state: true | string = 'reading what the POLICY stream holds';
  #isClosed = false;

  private constructor(private readonly options: LivePolicyOptions) {
    for (const change of options.mirror.all()) this.#feed.apply(change);
    this.#feed.setObjects(policyObjects(options.book.latest, 'active'));
    options.book.onChanged((book, events) => this.#provisioned(book, events));
  }

  /** Returns at once; `inSync` tells when the first flush is under way. */
  static begin(options: LivePolicyOptions): LivePolicy {
    const live = new LivePolicy(options);
    live.#start().catch((error: unknown) => {
      live.#state = `the computation did not start: ${error instanceof Error ? error.message : String(error)}`;
      options.logger.error({ err: error }, 'the computation did not start');
    });
    return live;
  }

  inSync(): true | string {
    return this.#state;
  }

  standing(cluster: string): StandingPolicy | undefined {
    return this.#loop?.standing(cluster);
  }

  preview(): PolicyPreview {
    return (this.#preview ??= new PolicyPreview(this.options.mirror.all()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#consumer?.close();
    await this.#loop?.close();
  }

  async #start(): Promise<void> {
    const { bus, mirror, logger } = this.options;
    const onError = (error: unknown, subject: string): void =>
      logger.error({ err: error, subject }, 'an event was not taken in');
    const lane = await PolicyLane.open(bus, onError);
    if (this.#isClosed) return;
    this.#loop = this.#makeLoop(lane);
    this.#state = 'reading labels, profiles and entities';
    const onNews = (changes: readonly FactChange[], causes: readonly TraceHeaders[]): void =>
      this.#learned(changes, causes);
    this.#consumer = await FactConsumer.start({ bus, mirror, consumptions: FACTS, onNews, onError });
    await this.#consumer.caughtUp();
    if (this.#isClosed) return;
    this.#state = true;
    this.#loop.start();
  }

  #makeLoop(lane: PolicyLane): FlushLoop {
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
      feed: this.#feed,
      lane,
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

  #learned(changes: readonly FactChange[], causes: readonly TraceHeaders[]): void {
    for (const change of changes) {
      this.#feed.apply(change);
      this.#preview?.apply(change);
    }
    this.#loop?.request(causes);
  }

  /** Drafts change nothing in force: only a provision is taken in. */
  #provisioned(book: PolicyBook, events: readonly StoredEvent[]): void {
    const provisions = events.filter((event) => event.type === 'PolicyProvisioned');
    if (provisions.length === 0) return;
    this.#feed.setObjects(policyObjects(book, 'active'));
    this.#loop?.request(provisions.map((event) => event.trace));
  }
}
