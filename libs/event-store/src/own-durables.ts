/**
 * A durable outlives the database that its effects went into. One that this database has not read through yet begins at the oldest
 * message that its stream keeps: a database that is new, after another was lost, gets what there still is. What is read twice is
 * known by its id or position.
 */
import type { Consumption, ServiceManifest } from '@ringfence/contracts';
import type { EventStore } from './event-store.js';

/** The bus, as far as this needs it. */
export interface Rewinder {
  /** From the oldest message; answers when that was stored. */
  rewind(durable: Consumption): Promise<{ readonly oldest: Date | null }>;
}

/** Before anything is read. By durable, since when its messages came to this database; null: from the first one on. */
export async function ownDurables(
  { pool }: Pick<EventStore, 'pool'>,
  bus: Rewinder,
  { consumes }: Pick<ServiceManifest, 'consumes'>,
): Promise<Map<string, Date | null>> {
  const known = async (): Promise<Map<string, Date | null>> => {
    const { rows } = await pool.query<{ durable: string; since: Date | null }>('select * from durables');
    return new Map(rows.map(({ durable, since }) => [durable, since]));
  };
  const owned = await known();
  for (const each of consumes) {
    if (each.mode !== 'durable' || owned.has(each.durable)) continue;
    const { oldest } = await bus.rewind(each);
    // Only now: after a crash in between it is read from the oldest once more.
    await pool.query('insert into durables values ($1, $2) on conflict do nothing', [each.durable, oldest]);
  }
  return known();
}
