/**
 * When to flush, and that every flush reaches the stream. A burst of changes is one flush; what failed to be published
 * is published with the next try. Nothing is computed or written before `start`: until everything consumed is known,
 * what is missing would look deleted.
 */
import { continueTraces } from '@ringfence/bus';
import type { TraceHeaders } from '@ringfence/bus';
import { retrying } from '@ringfence/retrying';
import type { PolicyFeed } from '../domain/policy-feed.calculator.js';
import { StandingPolicy } from '../domain/standing-policy.js';
import type { RecordKey } from '../domain/standing-policy.js';
import type { PolicyLane } from './policy-lane.js';

const COALESCE_MS = 4;
/** A flush names at most so many of its causes. */
const MOST_LINKS = 32;

export interface FlushReport {
  readonly cluster: string;
  readonly flush: number;
  readonly upserts: number;
  readonly removals: number;
  readonly seconds: number;
}
export interface FlushLoopOptions {
  readonly feed: PolicyFeed;
  readonly policyVersion: () => number;
  readonly onFlush: (report: FlushReport) => void;
  readonly onError: (error: unknown) => void;
}

export class FlushLoop {
  private readonly standings = new Map<string, StandingPolicy>();
  /** Touched and not yet on the stream. */
  private readonly unpublished = new Map<string, Map<string, RecordKey>>();
  private lane: PolicyLane | null = null;
  /** The flush that is, or was last, written to a lane. */
  private underWay: Promise<void> | null = null;
  private causes: TraceHeaders[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | null = null;
  private isAsked = false;
  private isStarted = false;
  private readonly closing = new AbortController();

  constructor(private readonly options: FlushLoopOptions) {}

  standing(cluster: string): StandingPolicy | undefined {
    return this.standings.get(cluster);
  }

  /** Everything consumed is known from now on. */
  start(): void {
    this.isStarted = true;
    this.request([]);
  }

  /** Where flushes go from now on; what it holds otherwise is put right. */
  writeTo(lane: PolicyLane): void {
    this.lane = lane;
    this.unpublished.clear();
    this.request([]);
  }

  /** Computed, but written nowhere, until there is a lane again. Done when nothing more goes to the former one. */
  async writeNowhere(): Promise<void> {
    this.lane = null;
    // How it ended is told and tried again where it runs.
    await this.underWay?.catch(() => undefined);
  }

  /** Something changed; `causes` are the traces that brought it. */
  request(causes: readonly TraceHeaders[]): void {
    this.causes.push(...causes.slice(0, Math.max(0, MOST_LINKS - this.causes.length)));
    this.isAsked = true;
    const { aborted: isClosed } = this.closing.signal;
    if (!this.isStarted || isClosed || this.running !== null || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.running = this.run().finally(() => {
        this.running = null;
        if (this.isAsked) this.request([]);
      });
    }, COALESCE_MS);
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.closing;
    while (this.isAsked && !signal.aborted)
      await retrying(() => this.flush(), { signal, onError: this.options.onError });
  }

  private async flush(): Promise<void> {
    this.isAsked = false;
    const causes = this.causes.splice(0);
    try {
      this.underWay = continueTraces('flush policy', causes, () => this.flushAll());
      await this.underWay;
    } catch (error) {
      this.isAsked = true;
      this.causes.unshift(...causes);
      throw error;
    }
  }

  private async flushAll(): Promise<void> {
    const lane = this.lane;
    const known = new Set(this.options.feed.clusters());
    for (const cluster of known) await this.flushOne(cluster, lane);
    const gone = [...this.standings.keys(), ...(lane?.heldClusters() ?? [])].filter(
      (cluster) => !known.has(cluster),
    );
    for (const cluster of new Set(gone)) await this.withdraw(cluster, lane);
  }

  private async flushOne(cluster: string, lane: PolicyLane | null): Promise<void> {
    const begun = performance.now();
    const standing = this.standings.get(cluster) ?? new StandingPolicy();
    this.standings.set(cluster, standing);
    const unpublished = this.unpublished.get(cluster) ?? new Map<string, RecordKey>();
    this.unpublished.set(cluster, unpublished);
    for (const key of standing.apply(this.options.feed.flush(cluster))) {
      unpublished.set(`${key.kind}/${key.id}`, key);
    }
    const keys = [...unpublished.values()];
    const { feed, policyVersion } = this.options;
    // Of the same moment as what stands: nothing may be called taken in that came since.
    const source = { policyVersion: policyVersion(), facts: feed.heads.concerning(cluster) };
    const result = (await lane?.publish(cluster, standing, keys, source)) ?? null;
    unpublished.clear();
    if (result === null) return;
    this.options.onFlush({ cluster, ...result, seconds: (performance.now() - begun) / 1_000 });
  }

  private async withdraw(cluster: string, lane: PolicyLane | null): Promise<void> {
    await lane?.withdraw(cluster, this.standings.get(cluster)?.keys() ?? []);
    this.options.feed.forget(cluster);
    this.standings.delete(cluster);
    this.unpublished.delete(cluster);
  }
}
