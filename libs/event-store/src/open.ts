/** Opens a service's store: waits for Postgres, migrates, builds outdated read tables, and puts the parts together. */
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { appendEvents } from './append.js';
import { connected, dataSource, inTransaction } from './data-source.js';
import { untilPostgresAnswers, codeOf } from './database.js';
import type { EventStore, EventStoreOptions, Projection } from './event-store.js';
import { beganAt, eventsAbove, lastPosition, lastUpTo, loadStream, loadStreams } from './read.js';
import { rebuildOutdated, rebuildProjection } from './rebuild.js';
import { migrate } from './migrate.js';
import { LOCKS } from './schema.js';
import { watchAvailability } from './availability.js';
import { noteOwnWrite } from './unless-overtaken.js';
import { noteCommitted, refuseLate } from './written.js';

const UNDEFINED_TABLE = '42P01';

export async function openEventStore(options: EventStoreOptions): Promise<EventStore> {
  const source = dataSource(options);
  try {
    const pool = await untilPostgresAnswers(() => prepare(source, options), options);
    return storeOn(source, pool, options);
  } catch (error) {
    if (source.isInitialized) await source.destroy();
    throw error;
  }
}

async function prepare(
  source: DataSource,
  { migrations = [], projections }: EventStoreOptions,
): Promise<pg.Pool> {
  const pool = await connected(source);
  await migrate(source, migrations);
  await rebuildOutdated(source, projections);
  return pool;
}

/** Transactions, and who wants to know that one has appended. */
function transactionsOn(
  source: DataSource,
  projections: readonly Projection[],
): Pick<EventStore, 'appendIn' | 'transaction' | 'onCommitted'> {
  const listeners = new Set<() => void>();
  const appendedIn = new WeakMap<pg.PoolClient, number>();
  return {
    appendIn: async (tx, batches, meta) => {
      const events = await appendEvents(tx, projections, batches, meta);
      const last = events.at(-1);
      if (last !== undefined) appendedIn.set(tx, last.position);
      return events;
    },
    transaction: async (work) => {
      let appended: number | undefined;
      const result = await inTransaction(source, async (tx) => {
        appendedIn.delete(tx);
        const done = await work(tx);
        appended = appendedIn.get(tx);
        if (appended !== undefined) refuseLate();
        return done;
      });
      if (appended === undefined) return result;
      noteCommitted(appended);
      noteOwnWrite();
      for (const listener of listeners) listener();
      return result;
    },
    onCommitted: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function storeOn(
  source: DataSource,
  pool: pg.Pool,
  { service, url, projections }: EventStoreOptions,
): EventStore {
  const watch = watchAvailability(pool);
  const transactions = transactionsOn(source, projections);
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
    entities: source.manager,
    load: (stream) => loadStream(pool, stream),
    loadAll: (streams) => loadStreams(pool, streams),
    lastUpTo: (streams, at) => lastUpTo(pool, streams, at),
    beganAt: () => beganAt(pool),
    // eslint-disable-next-line max-params -- as the interface has it: where, after what, what, by whom, and what else
    append: (stream, expectedVersion, events, meta, alsoDo) =>
      appendMany([{ stream, expectedVersion, events }], meta, alsoDo),
    appendMany,
    lastPosition: () => lastPosition(pool),
    follow: (fromPosition, limit) => eventsAbove(pool, fromPosition, limit),
    nextIds: (sequence, count = 1) => nextIds(source, pool, sequence, count),
    rebuild: async (name) => {
      const projection = projections.find((candidate) => candidate.name === name);
      if (projection === undefined) throw new Error(`no projection is called ${name}`);
      await rebuildProjection(source, projection);
    },
    availability: watch.availability,
    close: async () => {
      watch.stop();
      await source.destroy();
    },
  };
}

async function nextIds(
  source: DataSource,
  pool: pg.Pool,
  sequence: string,
  count: number,
): Promise<string[]> {
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
    await inTransaction(source, async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [LOCKS.migrate]);
      await tx.query(`create sequence if not exists ${name}`);
    });
    return take();
  }
}
