import type { EventStore } from '@ringfence/event-store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDatabase } from '../../testing/database.js';
import type { StartedDatabase } from '../../testing/database.js';
import { consumerReport } from '../../testing/flow-batch.builder.js';
import { flowStoreSuite } from '../../testing/flow-store.suite.js';
import type { Sql } from './bounded-query.js';
import { boundedQuery } from './bounded-query.js';
import { postgresFlowStore } from './postgres-flow-store.js';

let started: StartedDatabase;
let database: EventStore;
beforeAll(async () => {
  started = await startDatabase();
  ({ database } = started);
});
afterAll(() => started.close());

describe('flows in Postgres', () => {
  flowStoreSuite(async (retentionDays) => {
    const store = postgresFlowStore(database.pool, retentionDays);
    return {
      store,
      close: async () => {
        await store.prune('2999-01-01');
        await database.pool.query('truncate ends, flow_batches');
      },
    };
  });

  it('forget the ends that only dropped days knew', async () => {
    const store = postgresFlowStore(database.pool, 97);
    await store.write([consumerReport({}, {})], '2026-11-20');
    await store.prune('2027-03-20');
    expect((await database.pool.query('select 1 from ends')).rowCount).toBe(0);
  });
});

describe('a statement that waits', () => {
  const waiting: Sql = { text: 'select pg_sleep(60) as "one that waits"', values: [] };
  const stillRunning = async (): Promise<number | null> =>
    (
      await database.pool.query(
        `select 1 from pg_stat_activity where query like '%one that waits%' and state = 'active' and pid <> pg_backend_pid()`,
      )
    ).rowCount;

  it('is ended at the server when it is cancelled', async () => {
    const asked = new AbortController();
    const ended = boundedQuery(database.pool, waiting, { signal: asked.signal, withinMs: 60_000 });
    const rejected = expect(ended).rejects.toMatchObject({ reason: 'cancelled' });
    await expect.poll(stillRunning).toBe(1);
    asked.abort();
    await rejected;
    expect(await stillRunning()).toBe(0);
  });

  it('is ended after its time, and the session is as it was before', async () => {
    const { signal } = new AbortController();
    const ended = boundedQuery(database.pool, waiting, { signal, withinMs: 50 });
    await expect(ended).rejects.toMatchObject({ reason: 'too_long' });
    expect(await stillRunning()).toBe(0);
    const { rows } = await database.pool.query<{ statement_timeout: string }>('show statement_timeout');
    expect(rows[0]?.statement_timeout).toBe('1min');
  });
});
