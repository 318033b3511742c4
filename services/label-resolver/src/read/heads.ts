/** By cluster and kind of entity, the last event that was written: what follows from it is asked for from that moment on. */
import { EVENTS } from '@ringfence/contracts';
import type { CALLS, EventType } from '@ringfence/contracts';
import type { Projection } from '@ringfence/event-store';
import type pg from 'pg';
import type { z } from 'zod';

export type Heads = z.output<(typeof CALLS)['askedSettings']['response']>['heads'];

export const headsProjection: Projection = {
  name: 'heads',
  version: 1,
  tables: `create table if not exists heads (cluster text not null, kind text not null, position bigint not null,
    at timestamptz not null, primary key (cluster, kind))`,
  apply: async (tx, { type, cluster, position, at }) => {
    await tx.query(
      `insert into heads values ($1, $2, $3, $4)
       on conflict (cluster, kind) do update set position = excluded.position, at = excluded.at`,
      [cluster, EVENTS[type as EventType].entity, position, at],
    );
  },
};

export async function readHeads(db: Pick<pg.ClientBase, 'query'>): Promise<Heads> {
  const { rows } = await db.query<{ cluster: string; kind: string; position: number; at: Date }>(
    'select cluster, kind, position::int, at from heads',
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
