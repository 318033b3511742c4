/**
 * From clas-cache's word on a Pod to the Pod's readiness condition: newest per Pod, a few Pods at once but never two patches
 * of one, since the server takes them in the order in which they arrive; again while the API server is away. What was told before we began is compared first, so that a restart does not write every Pod.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { subjects, PodReadiness } from '@ringfence/contracts';
import type { Bus, LatestReader, LatestValue } from '@ringfence/bus';
import { ApiError, patchPodConditions } from '@ringfence/kubernetes';
import type { ApiClient, PodCondition } from '@ringfence/kubernetes';
import type { Counter } from '@ringfence/service-host';

const AT_ONCE = 8;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 15_000;
/** The Pod is gone, is another one, or cannot have the condition. */
const POINTLESS = [404, 409, 422];

export interface ReadinessOptions {
  readonly client: ApiClient;
  readonly written: Counter;
  readonly onTrouble: (message: string, error: unknown) => void;
}

interface PodStatusView {
  readonly metadata?: { readonly uid?: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly reason?: string;
    }[];
  };
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
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.ended.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    ) {
      // Something newer was said of this Pod meanwhile.
      if (this.waiting.has(readiness.podUid)) return;
      try {
        if ((compareFirst || !readiness.ready) && (await this.isWritten(readiness))) return;
        await this.patch(readiness);
        return;
      } catch (error) {
        if (error instanceof ApiError && POINTLESS.includes(error.status)) return;
        this.options.onTrouble(
          `the condition of Pod ${readiness.namespace}/${readiness.name} could not be written`,
          error,
        );
        await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: this.ended.signal }).catch(
          () => undefined,
        );
      }
    }
  }

  private async patch({
    namespace,
    name,
    podUid,
    gates,
    ready,
    reason,
    message,
  }: PodReadiness): Promise<void> {
    const conditions: PodCondition[] = gates.map((type) => ({ type, status: ready, reason, message }));
    await patchPodConditions(
      this.options.client,
      { namespace, name, uid: podUid, conditions, at: new Date() },
      this.ended.signal,
    );
    this.options.written.add(1, { reason });
  }

  private async isWritten({ namespace, name, podUid, gates, ready, reason }: PodReadiness): Promise<boolean> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const pod = await this.options.client.get<PodStatusView>(path, {}, this.ended.signal);
    if (pod.metadata?.uid !== podUid) return true;
    return gates.every((gate) => {
      const condition = pod.status?.conditions?.find(({ type }) => type === gate);
      // What was ready stays so: an older word must not take back what clas-cache wrote while we were silent.
      if (!ready && condition?.status === 'True') return true;
      return condition?.status === (ready ? 'True' : 'False') && condition.reason === reason;
    });
  }
}
