/** The table that is not folded from own events: how far settings are published. */
import type { Migration, MigrationClass, Sql } from '@ringfence/event-store';

class LabelResolver1795219201000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create table settings_published (id int primary key, position bigint not null);
      insert into settings_published values (1, 0);
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop table settings_published');
  }
}

export const MIGRATIONS: readonly MigrationClass[] = [LabelResolver1795219201000];
