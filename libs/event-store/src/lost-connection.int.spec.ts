import { startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureDatabase } from './database.js';
import { openEventStore } from './open.js';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.close());

describe('a connection that Postgres ends', () => {
  it('between two queries of a transaction fails the transaction, not the process', async () => {
    const url = await ensureDatabase(postgres.url, 'lost');
    const store = await openEventStore({ url, service: 'lost', projections: [] });
    const lost = store.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      const gone = new Promise<void>((resolve) => tx.once('end', () => resolve()));
      await store.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
      await gone;
      await tx.query('select 1');
    });
    await expect(lost).rejects.toThrow();
    await expect(store.transaction((tx) => tx.query('select 1'))).resolves.toBeDefined();
    await store.close();
  });
});
