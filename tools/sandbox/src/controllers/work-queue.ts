/**
 * Keys of objects that need work, each at most once in the queue and one at a time at work. A failed key comes back after a
 * growing pause. Work runs in the turn after the change that caused it, so a burst of changes is one run per object.
 */
const firstRetryMs = 20;
const lastRetryMs = 5000;
/** After so long the queue lets requests and watches have a turn: all controllers share one thread with the API server. */
const longestTurnMs = 5;

export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private running: Promise<void> | undefined;
  private isClosed = false;
  failureCount = 0;

  constructor(private readonly work: (key: string) => Promise<void> | void) {}

  add(key: string): void {
    if (this.isClosed) return;
    this.waiting.add(key);
    this.running ??= new Promise<void>((resolve) => setImmediate(() => void this.drain().finally(resolve)));
  }

  /** The earlier of two pending delays wins. */
  addAfter(key: string, delayMs: number): void {
    if (this.isClosed || this.timers.has(key)) return;
    const timer = setTimeout(() => {
      this.timers.delete(key);
      this.add(key);
    }, delayMs);
    this.timers.set(key, timer);
  }

  /** Resolves when the key at work is done; what waits is dropped. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.waiting.clear();
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    await this.running;
  }

  private async drain(): Promise<void> {
    let turnStart = Date.now();
    for (const key of this.waiting) {
      this.waiting.delete(key);
      await this.attempt(key);
      if (Date.now() - turnStart < longestTurnMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      turnStart = Date.now();
    }
    this.running = undefined;
  }

  private async attempt(key: string): Promise<void> {
    try {
      await this.work(key);
      this.failures.delete(key);
    } catch {
      // Conflicts with deletions and refusals by webhooks end up here; the retry sees the state after them.
      this.failureCount += 1;
      const failures = (this.failures.get(key) ?? 0) + 1;
      this.failures.set(key, failures);
      this.addAfter(key, Math.min(lastRetryMs, firstRetryMs * 2 ** failures));
    }
  }
}

export function keyOf(object: { metadata: { namespace?: string; name: string } }): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function targetOfKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
