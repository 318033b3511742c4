import {
  dataSource,
  dryRun,
  ensureDatabase,
  migrate,
  openEventStore,
  revertLast,
} from '@ringfence/event-store';
import { startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES } from './services.js';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.close());

/** Every table, column and index, in words. */
async function shapeOf(source: DataSource): Promise<string[]> {
  const rows: { word: string }[] = await source.query(`
    select concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) as word
      from information_schema.columns where table_schema = 'public' and table_name <> 'migrations'
    union all select indexdef from pg_indexes where schemaname = 'public' and tablename <> 'migrations' order by 1`);
  return rows.map(({ word }) => word);
}

describe.each(SERVICES)('the migrations of $database.service', ({ database }) => {
  const { service, migrations = [] } = database;
  const opened = async (suffix: string): Promise<DataSource> => {
    const url = await ensureDatabase(postgres.url, `${service}-${suffix}`);
    return dataSource({ ...database, url }).initialize();
  };

  it('leave nothing when they are tried, and nothing when each was taken back', async () => {
    const source = await opened('back');
    const pending = await dryRun(source, migrations);
    expect(await shapeOf(source)).toEqual([]);
    expect(await migrate(source, migrations)).toEqual(pending);
    const whole = await shapeOf(source);
    const back: (string | undefined)[] = [];
    for (const _ of pending) back.push(await revertLast(source));
    expect(back).toEqual([...pending].reverse());
    expect(await shapeOf(source)).toEqual([]);
    await migrate(source, migrations);
    expect(await shapeOf(source)).toEqual(whole);
    await source.destroy();
  });

  it('make the tables that the entities say, with the projections', async () => {
    const url = await ensureDatabase(postgres.url, `${service}-entities`);
    const store = await openEventStore({ ...database, url });
    const { upQueries } = await store.entities.connection.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    await store.close();
  });
});
