/** What one process of a service does at a time while all of them serve, such as reading through a durable: each of two readers would take what the other was given for done. */
import { retrying } from '@ringfence/retrying';
import type { EventStore } from './event-store.js';
import { turnToWrite } from './sole-writer.js';

const LONGEST_PAUSE_MS = 1_000;

interface Ending {
  close(): Promise<void>;
}

/** `begin` in this process's turn, and again when the turn was lost and is had anew. */
export function inTurns(
  store: Pick<EventStore, 'pool'>,
  begin: () => Promise<Ending>,
  onError: (error: unknown) => void,
): Ending {
  const closing = new AbortController();
  const { signal } = closing;
  const closed = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const take = async (): Promise<void> => {
    const turn = await turnToWrite(store, signal);
    if (turn === null) return;
    try {
      const work = await begin();
      await Promise.race([turn.lost, closed]);
      await work.close();
    } finally {
      turn.release();
    }
  };
  const running = (async () => {
    while (!signal.aborted) await retrying(take, { signal, onError, longestPauseMs: LONGEST_PAUSE_MS });
  })();
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}
