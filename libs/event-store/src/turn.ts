/** What one process of a service does at a time: a lock that lasts as long as its database session. */
import { pause } from '@ringfence/retrying';
import type pg from 'pg';
import type { EventStore } from './event-store.js';
import { LOCKS } from './schema.js';

const LOOK_EVERY_MS = 500;

export interface Turn {
  /** Settled when the session is gone, and the lock with it. */
  readonly lost: Promise<void>;
  release(): void;
}

/** To write where two would decide on what the other has just changed. */
export const turnToWrite = (
  store: Pick<EventStore, 'pool'>,
  signal: AbortSignal,
  onOther?: () => void,
): Promise<Turn | null> => takeTurn(store.pool, LOCKS.write, signal, onOther);

/** Waits until no other process has the lock, and tells `onHeld` that one has it; null when `signal` ends the wait. */
export async function takeTurn(
  pool: pg.Pool,
  lock: number,
  signal: AbortSignal | undefined,
  onHeld: () => void = () => undefined,
): Promise<Turn | null> {
  while (signal?.aborted !== true) {
    // A database that is away is told by the store's own health; here it only means to look again.
    const turn = await tryOnce(pool, lock).catch(() => 'not known' as const);
    if (turn === null) onHeld();
    else if (turn !== 'not known') return turn;
    await pause(LOOK_EVERY_MS, signal);
  }
  return null;
}

/** Null: another process has it. */
async function tryOnce(pool: pg.Pool, lock: number): Promise<Turn | null> {
  const client = await pool.connect();
  const lost = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  try {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [lock]);
    if (rows[0]?.mine === true) return { lost, release: () => client.release(true) };
  } catch (error) {
    client.release(true);
    throw error;
  }
  client.release(true);
  return null;
}
