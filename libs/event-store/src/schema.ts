/**
 * The store's own tables, the service's migrations, and the registry of projections. Numbered, forward only, each in
 * a transaction of its own, one process at a time. What ran is known by its checksum: an edited one would leave databases
 * that differ, and is refused.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Migration } from './event-store.js';

/** Advisory locks of one database. `append`: held from the insert to the commit, so that position is commit order. `write`: of the one process that writes. */
export const LOCKS = { append: 7_310_001, migrate: 7_310_002, relay: 7_310_003, write: 7_310_004 } as const;

const OWN: readonly Migration[] = [
  {
    id: '0001-event-store',
    sql: `
      create table events (
        position bigint generated always as identity primary key,
        id uuid not null unique,
        stream text not null,
        version int not null,
        type text not null,
        v int not null,
        at timestamptz not null,
        cluster text not null,
        actor jsonb not null,
        correlation text,
        causation text,
        trace jsonb not null,
        data jsonb not null,
        unique (stream, version)
      );
      create table consumed (consumer text not null, stream text not null, seq bigint not null, primary key (consumer, stream));
      create table relayed (relay text primary key, position bigint not null);
      create table projections (name text primary key, version int not null, tables text[] not null);
    `,
  },
  {
    id: '0002-mirrored',
    sql: `
      create table mirrored (
        kind text not null, id text not null, cluster text not null, position bigint not null, type text not null, v int not null,
        data jsonb, at timestamptz not null default now(), primary key (kind, id));
      create index on mirrored (kind, cluster);
    `,
  },
];

export async function migrate(client: pg.ClientBase, migrations: readonly Migration[]): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCKS.migrate]);
  try {
    await client.query(
      `create table if not exists migrations (id text primary key, at timestamptz not null default now());
       alter table migrations add column if not exists checksum text`,
    );
    const { rows } = await client.query<{ id: string; checksum: string | null }>(
      'select id, checksum from migrations',
    );
    const done = new Map(rows.map((row) => [row.id, row.checksum]));
    const inOrder = [...OWN, ...[...migrations].sort((a, b) => (a.id < b.id ? -1 : 1))];
    // All before the first runs: a refusal leaves the database as it was.
    for (const migration of inOrder) refuseEdited(migration, done.get(migration.id));
    for (const migration of inOrder) {
      if (!done.has(migration.id)) await runOne(client, migration);
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCKS.migrate]);
  }
}

/** Of the words, however they are indented. */
const checksumOf = ({ sql }: Migration): string =>
  createHash('sha256').update(sql.replace(/\s+/g, ' ').trim()).digest('hex');

/** Null: it ran before checksums were kept. */
function refuseEdited(migration: Migration, checksum: string | null | undefined): void {
  if (typeof checksum === 'string' && checksum !== checksumOf(migration))
    throw new Error(
      `migration ${migration.id} was edited after it ran here: put it back, and write a new one`,
    );
}

async function runOne(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into migrations (id, checksum) values ($1, $2)', [
      migration.id,
      checksumOf(migration),
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`migration ${migration.id} failed: ${(error as Error).message}`, { cause: error });
  }
}
