/** Work that goes by what it has read: what it writes is written only if nobody else has written since; else it reads anew. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventStore } from './event-store.js';

const ATTEMPTS = 10;

/** Somebody else was faster, each time. Nothing was written. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
  constructor() {
    super('somebody else has written since this was read');
  }
}

/** Whose writing counts: to the streams that the work writes to, or any. */
export type OvertakenBy = 'same-streams' | 'anything';
interface Reading {
  readonly since: number;
  readonly by: OvertakenBy;
  hasWritten: boolean;
}

const readings = new AsyncLocalStorage<Reading>();

/** `work` reads before it writes, and may be begun again as long as it has written nothing. Where it finds nothing to write, what it wanted was so. */
export async function unlessOvertaken<T>(
  { lastPosition }: Pick<EventStore, 'lastPosition'>,
  work: () => Promise<T>,
  by: OvertakenBy = 'same-streams',
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const since = await lastPosition();
    try {
      return await readings.run({ since, by, hasWritten: false }, work);
    } catch (error) {
      if (!(error instanceof Overtaken) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Under the lock that writers take one after the other. `lastOf`: the last position of those who count. */
export async function refuseOvertaken(lastOf: (by: OvertakenBy) => Promise<number>): Promise<void> {
  const reading = readings.getStore();
  if (reading === undefined || reading.hasWritten) return;
  if ((await lastOf(reading.by)) > reading.since) throw new Overtaken();
}

/** After the commit: what follows comes after the work's own. */
export function noteOwnWrite(): void {
  const reading = readings.getStore();
  if (reading !== undefined) reading.hasWritten = true;
}
