/** The table that is not folded from own events. */
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

export const MIGRATIONS: readonly MigrationClass[] = [FactHeads1795219201000];
