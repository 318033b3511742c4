import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dataSource } from './data-source.js';
import type { EventStore } from './event-store.js';
import { dryRun, revertLast } from './migrate.js';
import type { Migration, MigrationClass, Sql } from './migration.js';
import { StoreBed } from './testing/store-bed.js';
import type { Database } from './testing/store-bed.js';

let bed: StoreBed;
const openWith = (database: Database, ...migrations: MigrationClass[]): Promise<EventStore> =>
  bed.openOn(database, { migrations, projections: [] });

const things = (sql: string): MigrationClass =>
  class Things1795219202000 implements Migration {
    up = async (db: Sql): Promise<void> => void (await db.query(sql));
    down = async (db: Sql): Promise<void> => void (await db.query('drop table things'));
  };
class MoreThings1795219203000 implements Migration {
  up = async (db: Sql): Promise<void> => void (await db.query('create table more_things (id int)'));
  down = async (db: Sql): Promise<void> => void (await db.query('drop table more_things'));
}
const failingMigration = (): MigrationClass =>
  class Failing1795219204000 extends MoreThings1795219203000 {
    override up = async (db: Sql): Promise<void> => void (await db.query('drop table nowhere'));
  };
const tablesOf = async (store: EventStore): Promise<string[]> => {
  const { rows } = await store.pool.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'`,
  );
  return rows.map(({ name }) => name);
};

beforeAll(async () => {
  bed = await StoreBed.start();
});
afterEach(() => bed.closeStores());
afterAll(() => bed.close());

describe('migrations', () => {
  it('refuse one that was edited after it ran, and do nothing of what comes after it', async () => {
    const database = await bed.database();
    await openWith(database, things('create table things (id int)'));
    const store = await openWith(database, things('\n  create table things\n  (id int)'));
    const edited = openWith(database, things('create table things (id bigint)'), MoreThings1795219203000);
    await expect(edited).rejects.toMatchObject({
      code: 'migration_edited',
      message: expect.stringMatching(/^migration_edited: Things1795219202000 was edited/) as string,
    });
    expect(await tablesOf(store)).not.toContain('more_things');
  });

  it('refuse in one line a database that was made before they had names, and leave it as it is', async () => {
    const database = await bed.database();
    const store = await openWith(database);
    await store.pool.query(
      `drop table migrations; create table migrations (id text primary key, at timestamptz not null default now(), checksum text)`,
    );
    const tables = await tablesOf(store);
    await expect(openWith(database)).rejects.toMatchObject({
      code: 'database_too_old',
      message: expect.stringMatching(/^database_too_old: .*empty database.*--data DIR/) as string,
    });
    expect(await tablesOf(store)).toEqual(tables);
  });

  it('say what they would do to this database without doing it, and take the last one back', async () => {
    const database = await bed.database();
    const migrations = [things('create table things (id int)'), MoreThings1795219203000];
    const store = await openWith(database, migrations[0]!);
    const source = await dataSource({ ...database, migrations }).initialize();
    expect(await dryRun(source, migrations)).toEqual(['MoreThings1795219203000']);
    expect(await tablesOf(store)).not.toContain('more_things');
    await openWith(database, ...migrations);
    expect(await tablesOf(store)).toContain('more_things');
    await revertLast(source);
    expect(await tablesOf(store)).not.toContain('more_things');
    expect(await dryRun(source, migrations)).toEqual(['MoreThings1795219203000']);
    const failing = [...migrations, failingMigration()];
    const refused = await dataSource({ ...database, migrations: failing }).initialize();
    await expect(dryRun(refused, failing)).rejects.toThrow('nowhere');
    await expect(openWith(database, ...failing)).rejects.toThrow('nowhere');
    // One transaction: the one before it is not there either.
    expect(await tablesOf(store)).not.toContain('more_things');
    await Promise.all([source.destroy(), refused.destroy()]);
  });
});
