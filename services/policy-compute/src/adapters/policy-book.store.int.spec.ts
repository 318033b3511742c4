import { openServiceStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASE } from '../database.js';
import type { PolicyIntent } from '../domain/policy.decider.js';
import { service } from '../testing/policy-builders.js';
import { PolicyBookStore } from './policy-book.store.js';
import type { Executed } from './policy-book.store.js';
import { seedPolicy } from './seed-policy.js';

const BY = { kind: 'user', id: '1' } as const;
const PROCESSES = 4;

let postgres: PostgresServer;
let stores: EventStore[] = [];
let books: PolicyBookStore[] = [];

const execute = (book: PolicyBookStore, intent: PolicyIntent): Promise<Executed> =>
  book.execute(BY, () => ({
    intent,
    stamp: { at: '2026-11-22T12:00:00.000Z', by: BY },
    known: { labelKey: () => undefined, hasWorkload: () => false },
  }));

beforeAll(async () => {
  postgres = await startPostgres();
  const open = (): Promise<EventStore> =>
    openServiceStore(DATABASE, { config: { DATABASE_URL: postgres.url } });
  stores = await Promise.all(Array.from({ length: PROCESSES }, open));
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await postgres.close();
});

describe('the policy book of several processes', () => {
  it('is begun once, when all of them begin at once on a new database', async () => {
    books = await Promise.all(stores.map((store) => PolicyBookStore.open(store)));
    await Promise.all(books.map(seedPolicy));
    const [one, ...others] = await Promise.all(books.map((book) => book.current()));
    for (const other of others) expect(other).toEqual(one);
    expect(one?.version).toBe(1);
  });

  it('takes what is provisioned through all of them at once one after the other, none of it twice', async () => {
    for (let round = 0; round < 5; round++) {
      const ids = books.map((_, index) => String(100 + round * PROCESSES + index));
      await Promise.all(
        books.map((book, index) =>
          execute(book, { do: 'create', type: 'services', object: service(ids[index]!) }),
        ),
      );
      const provisioned = await Promise.all(
        books.map((book, index) => {
          const chosen = [{ type: 'services' as const, id: ids[index]! }];
          return execute(book, { do: 'provision', chosen, note: '', workloadsAffected: 0 });
        }),
      );
      expect(provisioned.map(({ rejected }) => rejected)).toEqual(books.map(() => undefined));
    }
    const current = await books[0]!.current();
    expect(current.version).toBe(1 + 5 * PROCESSES);
  });
});
