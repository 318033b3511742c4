/**
 * Building a projection's read tables from the first event, beside the live ones. The new tables grow in a schema of
 * their own while writers go on; the last few events and the swap happen under the append lock, in one transaction.
 */
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { inTransaction } from './data-source.js';
import type { Projection } from './event-store.js';
import { eventsAbove } from './read.js';
import { LOCKS } from './schema.js';

const PAGE = 1_000;

export async function rebuildProjection(source: DataSource, projection: Projection): Promise<void> {
  const schema = `rebuild_${projection.name.replace(/[^a-z0-9_]/gi, '_').toLowerCase()}`;
  await inTransaction(source, async (tx) => {
    await tx.query(`drop schema if exists ${schema} cascade; create schema ${schema}`);
    await inSchema(tx, schema);
    await tx.query(projection.tables);
  });
  let position = 0;
  for (let more = true; more;) {
    const reached = await inTransaction(source, (tx) => replayPage(tx, schema, projection, position));
    more = reached !== position;
    position = reached;
  }
  await inTransaction(source, (tx) => finish(tx, schema, projection, position));
}

async function inSchema(tx: pg.PoolClient, schema: string): Promise<void> {
  await tx.query(`set local search_path to ${schema}, public`);
}

async function replayPage(
  tx: pg.PoolClient,
  schema: string,
  projection: Projection,
  from: number,
): Promise<number> {
  await inSchema(tx, schema);
  const events = await eventsAbove(tx, from, PAGE);
  for (const event of events) await projection.apply(tx, event);
  return events.at(-1)?.position ?? from;
}

async function finish(
  tx: pg.PoolClient,
  schema: string,
  projection: Projection,
  from: number,
): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [LOCKS.append]);
  let position = from;
  for (let more = true; more;) {
    const reached = await replayPage(tx, schema, projection, position);
    more = reached !== position;
    position = reached;
  }
  await swap(tx, schema, projection);
}

async function swap(tx: pg.PoolClient, schema: string, projection: Projection): Promise<void> {
  const { rows: old } = await tx.query<{ tables: string[] }>(
    'select tables from projections where name = $1',
    [projection.name],
  );
  const { rows } = await tx.query<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = $1',
    [schema],
  );
  const tables = rows.map((row) => row.name);
  for (const table of new Set([...(old[0]?.tables ?? []), ...tables])) {
    await tx.query(`drop table if exists public.${pg.escapeIdentifier(table)} cascade`);
  }
  for (const table of tables)
    await tx.query(`alter table ${schema}.${pg.escapeIdentifier(table)} set schema public`);
  await tx.query(`drop schema ${schema} cascade`);
  await tx.query(
    `insert into public.projections (name, version, tables) values ($1, $2, $3)
     on conflict (name) do update set version = excluded.version, tables = excluded.tables`,
    [projection.name, projection.version, tables],
  );
}

/** At the start: what is new, or has another version than the one in the database. */
export async function rebuildOutdated(source: DataSource, projections: readonly Projection[]): Promise<void> {
  const rows = (await source.query('select name, version from projections')) as {
    readonly name: string;
    readonly version: number;
  }[];
  const built = new Map(rows.map((row) => [row.name, row.version]));
  for (const projection of projections) {
    if (built.get(projection.name) !== projection.version) await rebuildProjection(source, projection);
  }
}
