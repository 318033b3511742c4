/**
 * Events do not stay: an hour after they were last said, as with an API server, and sooner when there are too many. Whoever
 * applies thousands of objects gets thousands of events, and the newest are those that are looked for.
 */
import type { Cluster } from '../api/cluster.js';
import type { KindClient } from '../api/kind-client.js';
import type { KubeObject } from '../api/kube-object.js';
import { keyOf, targetOfKey, WorkQueue } from './work-queue.js';

export interface EventRetention {
  readonly keptMs: number;
  readonly mostKept: number;
}

const stock: EventRetention = { keptMs: 3_600_000, mostKept: 5_000 };
const lookEveryMs = 60_000;

export class EventRetentionController {
  private readonly events: KindClient<KubeObject>;
  /** When each was last said; the longest unsaid first. */
  private readonly saidMs = new Map<string, number>();
  private readonly queue = new WorkQueue(() => this.dropOld());
  private readonly timer: NodeJS.Timeout;
  private readonly stop: () => void;

  constructor(
    private readonly cluster: Cluster,
    private readonly retention = stock,
  ) {
    this.events = cluster.resource('events');
    this.stop = this.events.watch(({ type, object }) => this.onEvent(type === 'DELETED', keyOf(object)));
    for (const event of this.events.list()) this.onEvent(false, keyOf(event));
    this.timer = setInterval(() => this.queue.add('old'), lookEveryMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.stop();
    await this.queue.close();
  }

  private onEvent(isGone: boolean, key: string): void {
    this.saidMs.delete(key);
    if (!isGone) this.saidMs.set(key, this.cluster.now().getTime());
    if (this.saidMs.size > this.retention.mostKept) this.queue.add('many');
  }

  private dropOld(): void {
    const { keptMs, mostKept } = this.retention;
    const dueMs = this.cluster.now().getTime() - keptMs;
    for (const [key, saidMs] of this.saidMs) {
      if (saidMs > dueMs && this.saidMs.size <= mostKept) return;
      this.saidMs.delete(key);
      this.events.remove(targetOfKey(key));
    }
  }
}
