/**
 * Readiness as clas-cache tells it, written into Pods: the newest word per Pod, several Pods at once but never two words of one, since the
 * server takes them in the order in which they arrive. A Pod whose condition is refused waits outside of the row: others go first, its
 * pauses grow, and after some tries it is given up until something newer is said of it. A server that does not answer refuses nobody.
 */
import type { PodReadiness } from '@ringfence/contracts';
import { jittered } from '@ringfence/retrying';
import { ApiError } from './api-client.js';
import type { ApiClient } from './api-client.js';
import { isConditionWritten, patchPodConditions } from './pod-condition.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 60_000;
/** Some four minutes. */
const MOST_TRIES = 12;
/** The Pod is gone, is another one, or cannot have the condition. */
const POINTLESS = [404, 409, 422];
const TOO_MANY_REQUESTS = 429;

export interface ReadinessWriterOptions {
  readonly client: ApiClient;
  readonly atOnce: number;
  readonly onWritten: (readiness: PodReadiness) => void;
  readonly onGivenUp: (readiness: PodReadiness, error: ApiError) => void;
  readonly onTrouble: (message: string, error: unknown) => void;
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}
export interface ReadinessWish {
  /** The Pod is looked at first, and left alone where it says so already. */
  readonly unlessWritten: boolean;
  readonly afterMs?: number;
}

interface Word extends ReadinessWish {
  readonly readiness: PodReadiness;
  readonly tries: number;
  readonly pauseMs: number;
}

export class ReadinessWriter {
  private readonly ended = new AbortController();
  /** By uid of the Pod; who was refused goes after who was not tried yet. */
  private readonly fresh = new Map<string, Word>();
  private readonly refused = new Map<string, Word>();
  private readonly later = new Map<string, NodeJS.Timeout>();
  private readonly writing = new Map<string, Promise<void>>();

  constructor(private readonly options: ReadinessWriterOptions) {}

  put(readiness: PodReadiness, wish: ReadinessWish): void {
    const { firstPauseMs: pauseMs = FIRST_PAUSE_MS } = this.options;
    this.withdraw(readiness.podUid);
    this.row(this.fresh, { readiness, ...wish, tries: 0, pauseMs }, wish.afterMs ?? 0);
  }

  withdraw(podUid: string): void {
    clearTimeout(this.later.get(podUid));
    for (const row of [this.later, this.fresh, this.refused]) row.delete(podUid);
  }

  async close(): Promise<void> {
    this.ended.abort();
    for (const timer of this.later.values()) clearTimeout(timer);
    await Promise.all(this.writing.values());
  }

  private row(row: Map<string, Word>, word: Word, afterMs: number): void {
    const { podUid } = word.readiness;
    const enter = (): void => {
      this.later.delete(podUid);
      row.set(podUid, word);
      this.next();
    };
    if (afterMs === 0) enter();
    else this.later.set(podUid, setTimeout(enter, afterMs));
  }

  private next(): void {
    while (this.writing.size < this.options.atOnce && !this.ended.signal.aborted) {
      const word = this.take(this.fresh) ?? this.take(this.refused);
      if (word === undefined) return;
      const { podUid } = word.readiness;
      const work = this.write(word).finally(() => {
        this.writing.delete(podUid);
        this.next();
      });
      this.writing.set(podUid, work);
    }
  }

  /** A newer word on a Pod that is being written waits until that is done. */
  private take(row: Map<string, Word>): Word | undefined {
    for (const [uid, word] of row) {
      if (this.writing.has(uid)) continue;
      row.delete(uid);
      return word;
    }
    return undefined;
  }

  private async write(word: Word): Promise<void> {
    const { readiness } = word;
    try {
      if (await this.isWrittenHere(word)) this.options.onWritten(readiness);
    } catch (error) {
      if (this.ended.signal.aborted) return;
      const { namespace, name } = readiness;
      this.options.onTrouble(`the condition of Pod ${namespace}/${name} could not be written`, error);
      this.tryAgain(word, error);
    }
  }

  private tryAgain(word: Word, error: unknown): void {
    const isRefusal = error instanceof ApiError && error.status !== TOO_MANY_REQUESTS;
    const tries = word.tries + (isRefusal ? 1 : 0);
    if (this.isSuperseded(word.readiness)) return;
    if (isRefusal && tries === MOST_TRIES) return this.options.onGivenUp(word.readiness, error);
    const { longestPauseMs = LONGEST_PAUSE_MS } = this.options;
    const pauseMs = Math.min(word.pauseMs * 2, longestPauseMs);
    const wished = error instanceof ApiError ? error.retryAfterMs : 0;
    this.row(this.refused, { ...word, tries, pauseMs }, Math.max(jittered(word.pauseMs), wished));
  }

  private isSuperseded({ podUid }: PodReadiness): boolean {
    return this.fresh.has(podUid) || this.later.has(podUid);
  }

  /** False: it stood there, something newer was said, or the Pod cannot have it. */
  private async isWrittenHere({ readiness, unlessWritten }: Word): Promise<boolean> {
    const { client } = this.options;
    const { podUid: uid, namespace, name, gates, ready: status, reason, message } = readiness;
    const conditions = gates.map((type) => ({ type, status, reason, message }));
    const pod = { namespace, name, uid, conditions, at: new Date() };
    try {
      if (unlessWritten && (await isConditionWritten(client, pod, this.ended.signal))) return false;
      if (this.isSuperseded(readiness)) return false;
      await patchPodConditions(client, pod, this.ended.signal);
      return true;
    } catch (error) {
      if (error instanceof ApiError && POINTLESS.includes(error.status)) return false;
      throw error;
    }
  }
}
