/** The store's own tables, and the locks that its parts share. */
import type { Migration, Sql } from './migration.js';

/** Advisory locks of one database. `append`: held from the insert to the commit, so that position is commit order. `write`: of the one process that writes; `rebuild`: of the one that builds read tables anew. */
export const LOCKS = {
  append: 7_310_001,
  migrate: 7_310_002,
  relay: 7_310_003,
  write: 7_310_004,
  rebuild: 7_310_005,
} as const;

export class EventStore1795219200000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
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
      create table mirrored (
        kind text not null, id text not null, cluster text not null, position bigint not null, type text not null, v int not null,
        data jsonb, at timestamptz not null default now(), primary key (kind, id));
      create index on mirrored (kind, cluster);
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table events, consumed, relayed, projections, mirrored');
  }
}

/** One row: the resync that is under way, or the last one. */
export class Resync1795305600000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table resync (
        id int primary key, run uuid not null, said int not null, position bigint not null, upto bigint not null)
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table resync');
  }
}

/** Since when what comes through a durable comes to this database. Its place stands on the server; effects know what they have by id or position. */
export class Durables1795392000000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(
      'create table durables (durable text primary key, since timestamptz); drop table consumed',
    );
  }
  async down(db: Sql): Promise<void> {
    await db.query(`
      create table consumed (consumer text not null, stream text not null, seq bigint not null, primary key (consumer, stream));
      drop table durables
    `);
  }
}

/** Up to which message everything that an owner said is in this database's copies. */
export class Copied1795478400000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query('create table copied (owner text primary key, stream text not null, seq bigint not null)');
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table copied');
  }
}
