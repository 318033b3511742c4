/**
 * One process at a time writes policy, because two would undo each other's records and flush numbers: a lock that lasts
 * as long as its database session. A second process computes the same and stands by.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore } from '@ringfence/event-store';

const LOCK = 7_310_101;
const LOOK_EVERY_MS = 500;

export interface Turn {
  /** Settled when the session is gone, and the lock with it. */
  readonly lost: Promise<void>;
  release(): void;
}

/** Waits until no other process writes; null when `signal` ends the wait. */
export async function takeTurn(store: EventStore, signal: AbortSignal): Promise<Turn | null> {
  while (!signal.aborted) {
    // A database that is away is told by the store's own health; here it only means to look again.
    const turn = await tryOnce(store).catch(() => null);
    if (turn !== null) return turn;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

async function tryOnce(store: EventStore): Promise<Turn | null> {
  const client = await store.pool.connect();
  const lost = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  try {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCK]);
    if (rows[0]?.mine === true) return { lost, release: () => client.release(true) };
  } catch (error) {
    client.release(true);
    throw error;
  }
  client.release(true);
  return null;
}
