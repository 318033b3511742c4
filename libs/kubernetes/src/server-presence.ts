/**
 * Whether the API server answers, asked by the smallest list there is. Two things give no sign on a watch: a server that neither ends nor
 * answers, and a state that was put back to an older one, of which a watch from a version that is the future now hears nothing.
 * That list is read from the store itself, so that its version never falls; once it does, everything held is of another time.
 */
import { pause } from '@ringfence/retrying';
import { ApiError } from './api-client.js';
import type { ApiClient } from './api-client.js';
import { isOlder } from './revision.js';

const ASK_EVERY_MS = 1_500;
const ASK_AGAIN_AFTER_MS = 250;
const ANSWER_WITHIN_MS = 3_000;
/** One question may be lost, or be asked while we ourselves had no turn. */
const FAILURES_OF_ABSENCE = 2;
const PATH = '/api/v1/namespaces';
const UNAUTHORIZED = 401;
const SERVER_FAILED = 500;

export interface Absence {
  readonly since: string;
  readonly words: string;
}
export interface PresenceTimes {
  readonly everyMs?: number;
  readonly answerWithinMs?: number;
}
export interface PresenceOptions extends PresenceTimes {
  readonly client: ApiClient;
  /** The version at which namespaces were listed. */
  readonly since: string | undefined;
  readonly wentBack: (from: string, to: string) => void;
  /** It answers again. */
  readonly returned: () => void;
}

export class ServerPresence {
  private readonly ended = new AbortController();
  private readonly running: Promise<void>;
  private version: string | undefined;
  private failures = 0;
  private failingSince = '';
  private words = '';

  constructor(private readonly options: PresenceOptions) {
    this.version = options.since;
    this.running = this.run();
  }

  /** Null: it answers. */
  absence(): Absence | null {
    if (this.failures < FAILURES_OF_ABSENCE) return null;
    return { since: this.failingSince, words: this.words };
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { everyMs = ASK_EVERY_MS } = this.options;
    const { signal } = this.ended;
    while (!signal.aborted) {
      await pause(this.failures > 0 ? Math.min(ASK_AGAIN_AFTER_MS, everyMs) : everyMs, signal);
      if (signal.aborted) return;
      await this.ask().catch((error: unknown) => this.failed(error));
    }
  }

  private async ask(): Promise<void> {
    const { client, answerWithinMs = ANSWER_WITHIN_MS } = this.options;
    const asked = new Date();
    const signal = AbortSignal.any([this.ended.signal, AbortSignal.timeout(answerWithinMs)]);
    try {
      const list = await client.get<{ metadata?: { resourceVersion?: string } }>(PATH, { limit: 1 }, signal);
      this.compare(list.metadata?.resourceVersion);
    } catch (error) {
      if (this.failures === 0) this.failingSince = asked.toISOString();
      if (!isAnswer(error)) throw error;
    }
    const wasAway = this.absence() !== null;
    this.failures = 0;
    if (wasAway) this.options.returned();
  }

  private failed(error: unknown): void {
    if (this.ended.signal.aborted) return;
    this.failures += 1;
    this.words = wordsOf(error);
  }

  private compare(version: string | undefined): void {
    const before = this.version;
    this.version = version ?? before;
    if (version !== undefined && before !== undefined && isOlder(version, before))
      this.options.wentBack(before, version);
  }
}

/** No, but an answer. One that lets nobody in, or has no store, is none. */
function isAnswer(error: unknown): boolean {
  return error instanceof ApiError && error.status !== UNAUTHORIZED && error.status < SERVER_FAILED;
}

function wordsOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'it is silent';
  return error instanceof Error ? error.message : String(error);
}
