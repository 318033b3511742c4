/**
 * Trying again until it works: with a pause that doubles, so that who is away is not also run over when it comes back.
 * Loops whose pause hangs on more than the failure are their own: the readers of the bus begin anew when something moved, and
 * give some failures a number of attempts; clas-cache's questions for Pods and lists double per thing that is asked for.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface RetryOptions {
  /** Ends the trying, also in the middle of a pause. */
  readonly signal: AbortSignal | undefined;
  /** Told of each failure. What it throws is not tried again: the caller of `retrying` gets it. */
  readonly onError: (error: unknown) => void;
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

/** What `work` gives when it succeeds; undefined if the signal came before. */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions): Promise<T | undefined> {
  const { signal, onError, firstPauseMs = FIRST_PAUSE_MS, longestPauseMs = LONGEST_PAUSE_MS } = options;
  for (
    let pauseMs = firstPauseMs;
    signal?.aborted !== true;
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  ) {
    try {
      return await work();
    } catch (error) {
      onError(error);
    }
    await pause(jittered(pauseMs), signal);
  }
  return undefined;
}

/** As long as that, or until the signal. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { ...(signal && { signal }) }).catch(() => undefined);
}

/** Give or take a quarter: who failed together shall not come back together. */
export function jittered(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
