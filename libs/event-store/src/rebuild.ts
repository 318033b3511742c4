/**
 * Building a projection's read tables from the first event, beside the live ones. The new tables grow in a schema of
 * their own while writers go on; the last few events and the swap happen under the append lock, in one transaction. One process
 * builds at a time: two would grow the same tables. What an interrupted one left behind is dropped by the next.
 * SQL: schemas and tables are moved, and events come in pages (`npm run bench -- rows`).
 */
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { connected, inTransaction } from './data-source.js';
import type { Projection } from './event-store.js';
import { eventsAbove } from './read.js';
import { LOCKS } from './schema.js';
import { takeTurn } from './turn.js';

const PAGE = 1_000;

export interface RebuildOptions {
  /** Ends it between two pages: the live tables stay as they are. */
  readonly signal?: AbortSignal | undefined;
  /** Up to which position the new tables are filled. */
  readonly onProgress?: (position: number) => void;
}

export function rebuildProjection(
  source: DataSource,
  projection: Projection,
  options: RebuildOptions = {},
): Promise<void> {
  return inTurn(source, options.signal, (check) => build(source, projection, { ...options, check }));
}

/** At the start: what is new, or has another version than the one in the database. */
export async function rebuildOutdated(source: DataSource, projections: readonly Projection[]): Promise<void> {
  if ((await outdated(source, projections)).length === 0) return;
  await inTurn(source, undefined, async (check) => {
    // Who had the turn before may have built them.
    for (const projection of await outdated(source, projections)) await build(source, projection, { check });
  });
}

async function outdated(source: DataSource, projections: readonly Projection[]): Promise<Projection[]> {
  const rows = (await source.query('select name, version from projections')) as {
    readonly name: string;
    readonly version: number;
  }[];
  const built = new Map(rows.map((row) => [row.name, row.version]));
  return projections.filter(({ name, version }) => built.get(name) !== version);
}

/** `check` throws when the work must not go on: the turn is lost, or the signal came. */
async function inTurn<T>(
  source: DataSource,
  signal: AbortSignal | undefined,
  work: (check: () => void) => Promise<T>,
): Promise<T> {
  const turn = await takeTurn(await connected(source), LOCKS.rebuild, signal);
  if (turn === null) throw new Error('interrupted while another process builds read tables');
  let isLost = false;
  void turn.lost.then(() => (isLost = true));
  try {
    return await work(() => {
      signal?.throwIfAborted();
      if (isLost) throw new Error('the database session was lost while read tables were built');
    });
  } finally {
    turn.release();
  }
}

async function build(
  source: DataSource,
  projection: Projection,
  { check, onProgress }: Pick<RebuildOptions, 'onProgress'> & { readonly check: () => void },
): Promise<void> {
  const schema = `rebuild_${projection.name.replace(/[^a-z0-9_]/gi, '_').toLowerCase()}`;
  await inTransaction(source, async (tx) => {
    await tx.query(`drop schema if exists ${schema} cascade; create schema ${schema}`);
    await inSchema(tx, schema);
    await tx.query(projection.tables);
  });
  let position = 0;
  for (let more = true; more;) {
    check();
    const reached = await inTransaction(source, (tx) => replayPage(tx, schema, projection, position));
    more = reached !== position;
    position = reached;
    onProgress?.(position);
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
  await projection.apply(tx, events);
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
