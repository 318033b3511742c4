/** `migrate`: the migrations of a service by hand. Services run what is pending at their start; nobody needs this for that. */
import { dryRun, migrate, revertLast } from '@ringfence/event-store';
import type { ServiceDatabase } from '@ringfence/event-store';
import type { DataSource } from 'typeorm';
import { withDatabase } from '../task.js';
import type { Perform } from '../task.js';

type Way = (source: DataSource, database: ServiceDatabase) => Promise<string>;

const listed = (names: readonly string[], what: string): string =>
  names.length === 0 ? 'nothing is pending' : names.map((name) => `${what}: ${name}`).join('\n');

const run: Way = async (source, { migrations = [] }) => listed(await migrate(source, migrations), 'ran');
const tryOut: Way = async (source, { migrations = [] }) =>
  listed(await dryRun(source, migrations), 'would run');
const takeBack: Way = async (source) => {
  const name = await revertLast(source);
  return name === undefined ? 'none ever ran' : `took back: ${name}`;
};

export interface MigrateFlags {
  readonly dryRun?: boolean;
  readonly revert?: boolean;
}

export const migrations = (flags: MigrateFlags): Perform => {
  const way = flags.revert === true ? takeBack : flags.dryRun === true ? tryOut : run;
  return (task) =>
    withDatabase(task, async ({ source }) => task.write(`${await way(source, task.service.database)}\n`));
};
