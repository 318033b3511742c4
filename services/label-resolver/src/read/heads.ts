/** By cluster and kind of entity, the last event that was written: what follows from it is asked for from that moment on. */
import { EVENTS } from '@ringfence/contracts';
import type { CALLS, EventType } from '@ringfence/contracts';
import { entitiesIn, WHOLE_NUMBER } from '@ringfence/event-store';
import type { Projection } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';

export type Heads = z.output<(typeof CALLS)['askedSettings']['response']>['heads'];

interface HeadRow {
  readonly cluster: string;
  readonly kind: string;
  readonly position: number;
  readonly at: Date;
}

export const HeadEntity = new EntitySchema<HeadRow>({
  name: 'Head',
  tableName: 'heads',
  columns: {
    cluster: { type: 'text', primary: true },
    kind: { type: 'text', primary: true },
    position: WHOLE_NUMBER,
    at: { type: 'timestamptz' },
  },
});

export const headsProjection: Projection = {
  name: 'heads',
  version: 1,
  tables: `create table if not exists heads (cluster text not null, kind text not null, position bigint not null,
    at timestamptz not null, primary key (cluster, kind))`,
  apply: async (tx, events) => {
    const heads = new Map<string, HeadRow>();
    for (const { type, cluster, position, at } of events) {
      const kind = EVENTS[type as EventType].entity;
      heads.set(`${cluster} ${kind}`, { cluster, kind, position, at: new Date(at) });
    }
    await entitiesIn(tx).upsert(HeadEntity, [...heads.values()], ['cluster', 'kind']);
  },
};

export async function readHeads(entities: EntityManager): Promise<Heads> {
  return (await entities.find(HeadEntity)).map((row) => ({ ...row, at: row.at.toISOString() }));
}
