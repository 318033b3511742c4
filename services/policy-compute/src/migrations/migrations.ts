/** The tables that are not folded from own events. */
import type { Migration, MigrationClass, Sql } from '@ringfence/event-store';

/** How far everything of a kind is taken in: what a row knows of one thing says nothing of the others. */
class FactHeads1795219201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table fact_heads (
        cluster text not null, kind text not null, position bigint not null, primary key (cluster, kind));
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table fact_heads');
  }
}

/** What workloads were called that rules may still name. */
class GoneWorkloads1795459201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table gone_workloads (
        id text primary key, name text not null, class text not null, at timestamptz not null default now());
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table gone_workloads');
  }
}

export const MIGRATIONS: readonly MigrationClass[] = [FactHeads1795219201000, GoneWorkloads1795459201000];
