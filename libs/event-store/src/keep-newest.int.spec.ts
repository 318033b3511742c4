import { startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import fc from 'fast-check';
import { EntitySchema } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureDatabase } from './database.js';
import type { EventStore } from './event-store.js';
import { keepNewest } from './keep-newest.js';
import type { Migration, Sql } from './migration.js';
import { openEventStore } from './open.js';

interface Note {
  readonly id: string;
  readonly saidAt: number;
  readonly text: string;
  readonly extra: string | null;
}
const NoteEntity = new EntitySchema<Note>({
  name: 'Note',
  tableName: 'notes',
  columns: {
    id: { type: 'text', primary: true },
    saidAt: { name: 'said_at', type: 'int' },
    text: { type: 'text' },
    extra: { type: 'text', nullable: true },
  },
});
class Notes1795219201000 implements Migration {
  up = async (db: Sql): Promise<void> =>
    void (await db.query(
      'create table notes (id text primary key, said_at int not null, text text not null, extra text)',
    ));
  down = async (db: Sql): Promise<void> => void (await db.query('drop table notes'));
}

let postgres: PostgresServer;
let store: EventStore;
beforeAll(async () => {
  postgres = await startPostgres();
  store = await openEventStore({
    ...{ url: await ensureDatabase(postgres.url, 'notes'), service: 'notes', projections: [] },
    ...{ migrations: [Notes1795219201000], entities: [NoteEntity] },
  });
});
afterAll(async () => {
  await store.close();
  await postgres.close();
});

const keep = (rows: readonly Partial<Note>[]): Promise<Partial<Note>[]> =>
  keepNewest(store.entities, NoteEntity, rows, 'saidAt');

describe('rows that say how new they are', () => {
  it('are kept as the newest said, and of two as new the later; what was late is not among what was written', async () => {
    const said = fc.record({ id: fc.constantFrom('a', 'b'), saidAt: fc.nat(3), text: fc.string() });
    const printable = said.filter(({ text }) => !text.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.array(printable, { maxLength: 8 }), async (all) => {
        await store.entities.clear(NoteEntity);
        const plain = new Map<string, Note>();
        for (const row of all) {
          const isTaken = row.saidAt >= (plain.get(row.id)?.saidAt ?? 0);
          if (isTaken) plain.set(row.id, { ...row, extra: null });
          expect(await keep([row])).toEqual(isTaken ? [row] : []);
        }
        const kept = await store.entities.find(NoteEntity);
        expect(new Map(kept.map((row) => [row.id, row]))).toEqual(plain);
      }),
      { numRuns: 40 },
    );
  });

  it('come many at once, and keep what a newer one does not name', async () => {
    await store.entities.clear(NoteEntity);
    await store.entities.insert(NoteEntity, { id: 'a', saidAt: 2, text: 'first', extra: 'stays' });
    const rows = ['a', 'b'].map((id) => ({ id, saidAt: 3, text: 'second' }));
    expect(await keep(rows)).toEqual(rows);
    expect(await keep([])).toEqual([]);
    expect(await store.entities.findBy(NoteEntity, { id: 'a' })).toEqual([{ ...rows[0], extra: 'stays' }]);
    const late = { id: 'b', saidAt: 2, text: 'late' };
    const other = { id: 'a', saidAt: 4, text: 'third' };
    expect(await keep([late, other])).toEqual([other]);
  });
});
