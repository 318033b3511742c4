/**
 * One process of a service writes at a time, where two would decide on what the other has just changed. A second process stands
 * by and takes over when the first one's database session ends.
 */
import type { EventStore } from './event-store.js';
import { oneAtATime } from './one-at-a-time.js';
import type { OneAtATime } from './one-at-a-time.js';
import { LOCKS } from './schema.js';
import { takeTurn } from './turn.js';
import type { Turn } from './turn.js';

/** Work that waits longer for its turn fails: its caller asks again, its message is delivered again. */
const TURN_WITHIN_MS = 5_000;

/** Readiness of a process that stands by. */
export const STANDS_BY = 'another process writes: this one waits for its turn';

/** Waits until no other process writes, and tells `onOther` while one does; null when `signal` ends the wait. */
export const turnToWrite = (
  store: Pick<EventStore, 'pool'>,
  signal: AbortSignal,
  onOther?: () => void,
): Promise<Turn | null> => takeTurn(store.pool, LOCKS.write, signal, onOther);

/** The turn was not to be had in time; nothing was done. `code` as Postgres says that another was faster: worth another try. */
class AnotherWrites extends Error {
  override readonly name = 'AnotherWrites';
  readonly code = '40001';
  constructor() {
    super('another process of this service writes');
  }
}

export interface SoleWriter {
  /** One after the other, and only in this process's turn; a turn that was lost with its session is taken anew first. */
  readonly oneAtATime: OneAtATime;
  close(): Promise<void>;
}

export interface SoleWriterOptions {
  /** Ends the wait for the first turn. */
  readonly signal?: AbortSignal | undefined;
  /** Another process writes, and this one waits for its first turn. */
  readonly onStandBy?: (() => void) | undefined;
  /** After a turn was lost and taken anew: another process may have written meanwhile. */
  readonly onRegained?: () => void;
}

/** Returns in this process's turn: until then it stands by. Closes the store and throws when `signal` ends the wait. */
export async function soleWriter(store: EventStore, options: SoleWriterOptions = {}): Promise<SoleWriter> {
  const closing = new AbortController();
  const inTurn = oneAtATime();
  let turn: Turn | null = null;
  const hold = async (signal: AbortSignal, onOther?: () => void): Promise<void> => {
    const taken = await turnToWrite(store, signal, onOther);
    if (taken === null) throw new AnotherWrites();
    turn = taken;
    void taken.lost.then(() => {
      if (turn !== taken) return;
      turn = null;
      taken.release();
    });
  };
  await hold(options.signal ?? closing.signal, options.onStandBy).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  return {
    oneAtATime: (work) =>
      inTurn(async () => {
        if (turn === null) {
          await hold(AbortSignal.any([closing.signal, AbortSignal.timeout(TURN_WITHIN_MS)]));
          options.onRegained?.();
        }
        return work();
      }),
    close: async () => {
      closing.abort();
      // What is under way is finished before another process may write.
      await inTurn(async () => {
        const held = turn;
        turn = null;
        held?.release();
      });
    },
  };
}
