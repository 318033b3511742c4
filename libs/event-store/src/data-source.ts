/** TypeORM on a service's database. Its pool is the store's only one: hot paths are SQL on it, everything else asks by entity. */
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type pg from 'pg';
import type { ServiceDatabase } from './event-store.js';
import { withOwn } from './migrate.js';
import { MirroredEntity } from './mirror.js';

/** As long as a statement may take, so long may the next one wait for its connection: on a busy machine nothing else is wrong. */
const LONGEST_MS = 60_000;
const POOL = {
  max: 10,
  connectionTimeoutMillis: LONGEST_MS,
  statement_timeout: LONGEST_MS,
  idle_in_transaction_session_timeout: 60_000,
};

/** Not connected yet. It never makes or changes a table by itself. */
export function dataSource({
  url,
  service,
  entities = [],
  migrations = [],
}: Omit<ServiceDatabase, 'projections'> & { readonly url: string }): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    applicationName: service,
    entities: [MirroredEntity, ...entities],
    migrations: withOwn(migrations),
    synchronize: false,
    // Silent unless somebody asks for it with DEBUG=typeorm:*: stdout is for the service's own lines.
    logger: 'debug',
    // A dropped idle connection is not an event; the next query opens another.
    poolErrorHandler: () => undefined,
    extra: POOL,
  });
}

/** Connects where it is not yet; the pool is this source's. */
export async function connected(source: DataSource): Promise<pg.Pool> {
  if (source.isInitialized) return poolOf(source);
  await source.initialize();
  const pool = poolOf(source);
  // One that is dropped between two queries of a transaction is told to the client itself; its next query says so.
  return pool.on('connect', (client) => client.on('error', () => undefined));
}

const poolOf = (source: DataSource): pg.Pool => (source.driver as PostgresDriver).master as pg.Pool;

const managers = new WeakMap<pg.ClientBase, EntityManager>();

/** TypeORM on the connection of a transaction: what it writes is committed with the SQL beside it. */
export function entitiesIn(tx: pg.ClientBase): EntityManager {
  const entities = managers.get(tx);
  if (entities === undefined) throw new Error('not a connection of a transaction of the store');
  return entities;
}

/** One transaction on one connection: committed, or rolled back. */
export function inTransaction<T>(source: DataSource, work: (tx: pg.PoolClient) => Promise<T>): Promise<T> {
  return source.transaction(async (entities) => {
    const tx = (await entities.queryRunner!.connect()) as pg.PoolClient;
    managers.set(tx, entities);
    return work(tx);
  });
}
