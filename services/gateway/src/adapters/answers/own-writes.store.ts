/**
 * How far the events go that each caller has written: owners are told with his next calls, so that he sees his own writes everywhere,
 * through whichever gateway he comes. Kept for longer than anything takes to arrive; worth nothing after a crash of Postgres.
 */
import type { Owner, Positions } from '@ringfence/contracts';
import { keepNewest, WHOLE_NUMBER } from '@ringfence/event-store';
import { EntitySchema, LessThan, MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';

const KEPT_MS = 10 * 60_000;

interface OwnWriteRow {
  readonly username: string;
  readonly owner: Owner;
  readonly position: number;
  readonly at: Date;
}

export const OwnWriteEntity = new EntitySchema<OwnWriteRow>({
  name: 'OwnWrite',
  tableName: 'own_writes',
  columns: {
    username: { type: 'text', primary: true },
    owner: { type: 'text', primary: true },
    position: WHOLE_NUMBER,
    at: { type: 'timestamptz' },
  },
});

export interface OwnWrites {
  /** Undefined: nothing of late, or nobody is known to call. */
  of(username: string | undefined): Promise<Positions | undefined>;
  note(username: string | undefined, owner: Owner, position: number): Promise<void>;
  prune(): Promise<void>;
}

export function ownWritesStore(entities: EntityManager): OwnWrites {
  const old = (): Date => new Date(Date.now() - KEPT_MS);
  return {
    of: async (username) => {
      if (username === undefined) return undefined;
      const rows = await entities.findBy(OwnWriteEntity, { username, at: MoreThan(old()) });
      if (rows.length === 0) return undefined;
      return Object.fromEntries(rows.map(({ owner, position }) => [owner, position]));
    },
    note: async (username, owner, position) => {
      if (username === undefined) return;
      await keepNewest(entities, OwnWriteEntity, [{ username, owner, position, at: new Date() }], 'position');
    },
    prune: async () => void (await entities.delete(OwnWriteEntity, { at: LessThan(old()) })),
  };
}
