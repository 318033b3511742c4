/** Opens a service's store: waits for Postgres, migrates, builds outdated read tables, and puts the parts together. */
import pg from 'pg';
import { appendEvents } from './append.js';
import { untilPostgresAnswers, codeOf } from './database.js';
import type { EventStore, EventStoreOptions, Projection } from './event-store.js';
import { eventsAbove, loadStream } from './read.js';
import { rebuildOutdated, rebuildProjection } from './rebuild.js';
import { LOCKS, migrate } from './schema.js';
import { inTransaction } from './transaction.js';
import { watchAvailability } from './availability.js';

const UNDEFINED_TABLE = '42P01';
const POOL = {
  max: 10,
  connectionTimeoutMillis: 5_000,
  statement_timeout: 60_000,
  idle_in_transaction_session_timeout: 60_000,
};

export async function openEventStore(options: EventStoreOptions): Promise<EventStore> {
  const pool = new pg.Pool({ connectionString: options.url, application_name: options.service, ...POOL });
  // A dropped idle connection is reported here; the next query opens another.
  pool.on('error', () => undefined);
  // One that is dropped between two queries of a transaction is told to the client itself; its next query says so.
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    await untilPostgresAnswers(() => prepare(pool, options), options);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return storeOn(pool, options);
}

async function prepare(pool: pg.Pool, options: EventStoreOptions): Promise<void> {
  const client = await pool.connect();
  try {
    await migrate(client, options.migrations ?? []);
  } finally {
    // Not back into the pool: a failed migration may have left its lock on the session.
    client.release(true);
  }
  await rebuildOutdated(pool, options.projections);
}

/** Transactions, and who wants to know that one has appended. */
function transactionsOn(
  pool: pg.Pool,
  projections: readonly Projection[],
): Pick<EventStore, 'appendIn' | 'transaction' | 'onCommitted'> {
  const listeners = new Set<() => void>();
  const appendedIn = new WeakSet<pg.PoolClient>();
  return {
    appendIn: (tx, batches, meta) => {
      appendedIn.add(tx);
      return appendEvents(tx, projections, batches, meta);
    },
    transaction: async (work) => {
      let hasAppended = false;
      const result = await inTransaction(pool, async (tx) => {
        appendedIn.delete(tx);
        const done = await work(tx);
        hasAppended = appendedIn.has(tx);
        return done;
      });
      if (hasAppended) for (const listener of listeners) listener();
      return result;
    },
    onCommitted: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function storeOn(pool: pg.Pool, { service, url, projections }: EventStoreOptions): EventStore {
  const watch = watchAvailability(pool);
  const transactions = transactionsOn(pool, projections);
  const appendMany: EventStore['appendMany'] = (batches, meta, alsoDo) =>
    transactions.transaction(async (tx) => {
      const events = await transactions.appendIn(tx, batches, meta);
      await alsoDo?.(tx);
      return events;
    });
  return {
    ...transactions,
    service,
    url,
    pool,
    load: (stream) => loadStream(pool, stream),
    // eslint-disable-next-line max-params -- as the interface has it: where, after what, what, by whom, and what else
    append: (stream, expectedVersion, events, meta, alsoDo) =>
      appendMany([{ stream, expectedVersion, events }], meta, alsoDo),
    appendMany,
    follow: (fromPosition, limit) => eventsAbove(pool, fromPosition, limit),
    nextIds: (sequence, count = 1) => nextIds(pool, sequence, count),
    rebuild: async (name) => {
      const projection = projections.find((candidate) => candidate.name === name);
      if (projection === undefined) throw new Error(`no projection is called ${name}`);
      await rebuildProjection(pool, projection);
    },
    availability: watch.availability,
    close: async () => {
      watch.stop();
      await pool.end();
    },
  };
}

async function nextIds(pool: pg.Pool, sequence: string, count: number): Promise<string[]> {
  const name = pg.escapeIdentifier(`ids_${sequence}`);
  const take = async (): Promise<string[]> => {
    const { rows } = await pool.query<{ id: string }>(
      'select nextval($1::regclass)::text as id from generate_series(1, $2)',
      [name, count],
    );
    return rows.map((row) => row.id);
  };
  try {
    return await take();
  } catch (error) {
    if (codeOf(error) !== UNDEFINED_TABLE) throw error;
    // "if not exists" alone fails when two sessions create at once.
    await inTransaction(pool, async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [LOCKS.migrate]);
      await tx.query(`create sequence if not exists ${name}`);
    });
    return take();
  }
}
