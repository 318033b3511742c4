/**
 * Asks Kubelink to tell everything again while lists are missing from its stream. It tells a list once: a stream that was
 * purged, or that lost its disk, would else stay without one until the next resync, and with it the cluster out of sync.
 */
import type { Bus } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { Logger } from 'pino';
import { LISTED_KINDS } from '../../domain/in-sync.js';

const LOOK_EVERY_MS = 1_000;
/** What is just being told comes by itself. */
const FIRST_PAUSE_MS = 3_000;
const LONGEST_PAUSE_MS = 60_000;

export interface RelistOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export class Relist {
  /** Read from the stream; what was kept on disk does not count, for it may be of before the loss. */
  private readonly heardKinds = new Set<string>();
  private readonly timer: NodeJS.Timeout;
  private readonly asked;
  private hasReadAll = false;
  private pauseMs = FIRST_PAUSE_MS;
  private dueAt = Infinity;

  constructor(private readonly options: RelistOptions) {
    this.asked = options.metrics.counter(
      'clas_cache_relists_asked_total',
      'Times that Kubelink was asked to tell everything again',
    );
    this.timer = setInterval(() => this.look(Date.now()), LOOK_EVERY_MS);
  }

  heard(kind: string): void {
    this.heardKinds.add(kind);
  }

  /** Everything in the stream was read. */
  readAll(): void {
    this.hasReadAll = true;
    this.wait(FIRST_PAUSE_MS);
  }

  /** The stream was made anew: it has no list that it had before. */
  startOver(): void {
    this.heardKinds.clear();
    this.wait(FIRST_PAUSE_MS);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private wait(pauseMs: number): void {
    this.pauseMs = pauseMs;
    this.dueAt = Date.now() + pauseMs;
  }

  private look(now: number): void {
    const { bus, cluster, logger } = this.options;
    const missing = LISTED_KINDS.filter((kind) => !this.heardKinds.has(kind));
    if (!this.hasReadAll || missing.length === 0 || now < this.dueAt || !bus.isConnected()) return;
    bus.send(subjects.relist(cluster), {});
    this.asked.add(1);
    logger.warn({ missing }, 'the stream has no list of these: Kubelink is asked to tell everything again');
    this.wait(Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS));
  }
}
