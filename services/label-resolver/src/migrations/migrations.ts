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

/** What had a name or an address once is found by it. Hashes, because a name may be longer than a tree takes. */
class NamesOfOld1795564800000 implements Migration {
  async up(db: Sql): Promise<void> {
    await db.query(`
      create index events_entity_names on events using hash ((data->>'name')) where type = 'EntityLabelled';
      create index events_entity_addresses on events using gin ((data->'addresses')) where type = 'EntityLabelled';
    `);
  }
  async down(db: Sql): Promise<void> {
    await db.query('drop index events_entity_names, events_entity_addresses');
  }
}

export const MIGRATIONS: readonly MigrationClass[] = [LabelResolver1795219201000, NamesOfOld1795564800000];
