/**
 * From clas-cache's word on a Pod to the Pod's readiness condition: newest per Pod, a few Pods at once but never two patches
 * of one, since the server takes them in the order in which they arrive; again while the API server is away. What was told before we began is compared first, so that a restart does not write every Pod.
 */
import { subjects, PodReadiness } from '@ringfence/contracts';
import type { Bus, LatestReader, LatestValue } from '@ringfence/bus';
import { writeReadiness } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import type { Counter } from '@ringfence/service-host';

const AT_ONCE = 8;

export interface ReadinessOptions {
  readonly client: ApiClient;
  readonly written: Counter;
  readonly onTrouble: (message: string, error: unknown) => void;
}

export class PodConditions {
  private readonly waiting = new Map<string, PodReadiness>();
  /** Pods of which a word is being written. */
  private readonly writing = new Set<string>();
  private readonly ended = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private reader: LatestReader | undefined;
  private isCaughtUp = false;

  constructor(private readonly options: ReadinessOptions) {}

  /** `durable`: what clas-cache made for us, where the server lets no edge make its own. */
  async follow(bus: Bus, cluster: string, durable?: string): Promise<void> {
    this.reader = await bus.latest(
      'READINESS',
      subjects.readiness(cluster, '*').replace(/[^.]+$/, '*'),
      (value) => this.take(value),
      {
        ...(durable !== undefined && { durable }),
        onError: (error, subject) =>
          this.options.onTrouble(`readiness of ${subject} could not be read`, error),
      },
    );
    void this.reader.caughtUp.then(() => (this.isCaughtUp = true));
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.reader?.close();
    await Promise.all(this.running);
  }

  private take({ subject, payload }: LatestValue): void {
    if (payload === null) return;
    const read = PodReadiness.safeParse(payload);
    if (!read.success) return this.options.onTrouble(`${subject} is not a readiness`, read.error);
    if (read.data.gates.length === 0) return;
    this.waiting.set(read.data.podUid, read.data);
    if (this.running.size < AT_ONCE) this.startWriting();
  }

  private startWriting(): void {
    const work = this.writeAll().finally(() => this.running.delete(work));
    this.running.add(work);
  }

  private async writeAll(): Promise<void> {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      this.writing.add(next.podUid);
      await this.write(next, !this.isCaughtUp).finally(() => this.writing.delete(next!.podUid));
    }
  }

  /** A newer word on a Pod that is being written waits for its writer, which comes back for it. */
  private next(): PodReadiness | undefined {
    if (this.ended.signal.aborted) return undefined;
    for (const [uid, readiness] of this.waiting) {
      if (this.writing.has(uid)) continue;
      this.waiting.delete(uid);
      return readiness;
    }
    return undefined;
  }

  private async write(readiness: PodReadiness, compareFirst: boolean): Promise<void> {
    const isWritten = await writeReadiness(this.options.client, readiness, {
      unlessWritten: compareFirst || !readiness.ready,
      isWanted: () => !this.waiting.has(readiness.podUid),
      onTrouble: this.options.onTrouble,
      signal: this.ended.signal,
    });
    if (isWritten) this.options.written.add(1, { reason: readiness.reason });
  }
}
