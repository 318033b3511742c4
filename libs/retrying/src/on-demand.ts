/** Work that is done once more whenever it is asked for: one at a time, tried until it succeeds, and never older than the last asking. */
import { retrying } from './retrying.js';
import type { RetryOptions } from './retrying.js';

export interface OnDemand {
  ask(): void;
  /** Done when nothing is under way any more; the signal ends what would be tried again. */
  settled(): Promise<void>;
}

export function onDemand(work: () => Promise<void>, options: RetryOptions): OnDemand {
  const { signal } = options;
  let asked = 0;
  let done = 0;
  let isRunning = false;
  let running: Promise<void> = Promise.resolve();
  const round = async (): Promise<void> => {
    const now = asked;
    await work();
    done = now;
  };
  const untilDone = async (): Promise<void> => {
    isRunning = true;
    while (done !== asked && signal?.aborted !== true) await retrying(round, options);
    isRunning = false;
  };
  return {
    ask: () => {
      asked += 1;
      if (!isRunning) running = untilDone();
    },
    settled: () => running,
  };
}
