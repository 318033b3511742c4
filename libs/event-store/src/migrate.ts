/**
 * TypeORM's migrations, as a service runs them at its start: what is pending, in one transaction, one process at a time. What ran is
 * known by a checksum of its SQL: an edited one would leave databases that differ, and is refused before the first runs.
 */
import { createHash } from 'node:crypto';
import { MigrationExecutor } from 'typeorm';
import type { DataSource, QueryRunner } from 'typeorm';
import { codeOf } from './database.js';
import { DatabaseRefused } from './database-refused.js';
import type { MigrationClass, Sql } from './migration.js';
import {
  Copied1795478400000,
  Durables1795392000000,
  EventStore1795219200000,
  LOCKS,
  Resync1795305600000,
} from './schema.js';

/** The store's own tables first. */
export const withOwn = (migrations: readonly MigrationClass[]): MigrationClass[] => [
  EventStore1795219200000,
  Resync1795305600000,
  Durables1795392000000,
  Copied1795478400000,
  ...migrations,
];

/** Returns the names of those that were pending. */
export function migrate(source: DataSource, migrations: readonly MigrationClass[]): Promise<string[]> {
  return source.transaction((entities) => runPending(source, entities.queryRunner!, migrations));
}

/** Runs what is pending on the database as it is, and takes it back. Returns the names, or throws what `migrate` would. */
export async function dryRun(source: DataSource, migrations: readonly MigrationClass[]): Promise<string[]> {
  const runner = source.createQueryRunner();
  await runner.startTransaction();
  try {
    return await runPending(source, runner, migrations);
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

/** Takes back the one that ran last, and what was stored in its tables. Returns its name; undefined if none ever ran. */
export function revertLast(source: DataSource): Promise<string | undefined> {
  return source.transaction(async ({ queryRunner }) => {
    await takeTurn(queryRunner!);
    const executor = new MigrationExecutor(source, queryRunner!);
    const [last] = await executor.getExecutedMigrations();
    await executor.undoLastMigration();
    return last?.name;
  });
}

async function runPending(
  source: DataSource,
  runner: QueryRunner,
  migrations: readonly MigrationClass[],
): Promise<string[]> {
  await takeTurn(runner);
  // TypeORM's table, with a column more.
  await runner.query(
    'create table if not exists migrations (id serial primary key, timestamp bigint not null, name text not null, checksum text)',
  );
  const checksums = await checksumsOf(withOwn(migrations));
  await refuseEdited(runner, checksums);
  const done = await new MigrationExecutor(source, runner).executePendingMigrations();
  for (const { name } of done)
    await runner.query('update migrations set checksum = $2 where name = $1', [name, checksums.get(name)]);
  return done.map(({ name }) => name);
}

const takeTurn = (runner: QueryRunner): Promise<unknown> =>
  runner.query('select pg_advisory_xact_lock($1)', [LOCKS.migrate]);

async function refuseEdited(runner: QueryRunner, checksums: ReadonlyMap<string, string>): Promise<void> {
  for (const { name, checksum } of await ranHere(runner))
    if (checksums.has(name) && checksums.get(name) !== checksum)
      throw new DatabaseRefused(
        'migration_edited',
        `${name} was edited after it ran here: put it back and write a new one, or ${START_EMPTY}`,
      );
}

const START_EMPTY = 'start with an empty database (npm start: another --data DIR)';
const UNDEFINED_COLUMN = '42703';

async function ranHere(runner: QueryRunner): Promise<{ readonly name: string; readonly checksum: string }[]> {
  try {
    return (await runner.query('select name, checksum from migrations')) as {
      name: string;
      checksum: string;
    }[];
  } catch (error) {
    if (codeOf(error) !== UNDEFINED_COLUMN) throw error;
    const words = `it was made before the first release, and there is no way up from it: ${START_EMPTY}`;
    throw new DatabaseRefused('database_too_old', words, { cause: error });
  }
}

/** By name, of the words of its SQL, however they are indented. */
async function checksumsOf(migrations: readonly MigrationClass[]): Promise<Map<string, string>> {
  const checksums = new Map<string, string>();
  for (const migration of migrations) {
    const words = createHash('sha256');
    const query = async (sql: string): Promise<void> =>
      void words.update(`${sql.replace(/\s+/g, ' ').trim()};`);
    await new migration().up({ query } as Sql);
    checksums.set(migration.name, words.digest('hex'));
  }
  return checksums;
}
