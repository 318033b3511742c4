/**
 * The net below Kubelink: a Pod that was told to be ready becomes ready, also while Kubelink is silent. A moment after the
 * telling the Pod is looked at; only where its condition does not say so, it is written here. Both write the same words, and
 * only ever that a Pod is ready, so that neither takes back what the other wrote. Without a way to the API server there is no net.
 */
import type { PodReadiness } from '@ringfence/contracts';
import { writeReadiness } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { pause } from '@ringfence/retrying';
import type { Metrics } from '@ringfence/service-host';

/** Kubelink writes within milliseconds; a Pod waits no longer than this for one that does not. */
const KUBELINK_HAS_MS = 1_000;
const AT_ONCE = 4;

export interface ReadinessNetOptions {
  readonly client: ApiClient;
  readonly metrics: Metrics;
  readonly onTrouble: (message: string, error: unknown) => void;
}

interface Due {
  readonly readiness: PodReadiness;
  readonly at: number;
}

export class ReadinessNet {
  /** The newest per Pod, in the order of their times. */
  private readonly due = new Map<string, Due>();
  private readonly ended = new AbortController();
  private readonly workers = new Set<Promise<void>>();
  private readonly written;

  constructor(private readonly options: ReadinessNetOptions) {
    this.written = options.metrics.counter(
      'clas_cache_conditions_written_total',
      'Readiness conditions that clas-cache wrote because Kubelink had not',
    );
  }

  told(readiness: PodReadiness): void {
    this.due.delete(readiness.podUid);
    if (!readiness.ready || readiness.gates.length === 0) return;
    this.due.set(readiness.podUid, { readiness, at: Date.now() + KUBELINK_HAS_MS });
    if (this.workers.size >= AT_ONCE) return;
    const worker: Promise<void> = this.work().finally(() => this.workers.delete(worker));
    this.workers.add(worker);
  }

  withdrawn(podUid: string): void {
    this.due.delete(podUid);
  }

  async close(): Promise<void> {
    this.ended.abort();
    await Promise.all(this.workers);
  }

  private async work(): Promise<void> {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      await pause(next.at - Date.now(), this.ended.signal);
      await this.look(next.readiness);
    }
  }

  private next(): Due | undefined {
    const [first] = this.due.entries();
    if (first === undefined || this.ended.signal.aborted) return undefined;
    this.due.delete(first[0]);
    return first[1];
  }

  private async look(readiness: PodReadiness): Promise<void> {
    const { client, onTrouble } = this.options;
    const isWritten = await writeReadiness(client, readiness, {
      unlessWritten: true,
      isWanted: () => !this.due.has(readiness.podUid),
      onTrouble,
      signal: this.ended.signal,
    });
    if (isWritten) this.written.add();
  }
}
