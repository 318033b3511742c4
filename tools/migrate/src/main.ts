/** `npm run migrate`: a service's migrations by hand. Services run what is pending at their start; nobody needs this for that. */
import { parseArgs } from 'node:util';
import { dataSource, dryRun, ensureDatabase, migrate, revertLast } from '@ringfence/event-store';
import type { ServiceDatabase } from '@ringfence/event-store';
import type { DataSource } from 'typeorm';
import { DATABASES } from './databases.js';

const HELP = `npm run migrate -- <service> [--dry-run | --revert]

Runs what is pending on the database of a service, found by DATABASE_URL as the service finds it.

  --dry-run   runs it and takes it back: says what is pending, and whether it would succeed
  --revert    takes back the one that ran last, with what is stored in its tables; end the service first

Services: ${DATABASES.map(({ service }) => service).join(', ')}`;
const USAGE_EXIT_CODE = 2;

type Way = (source: DataSource, database: ServiceDatabase) => Promise<string>;

const listed = (names: readonly string[], what: string): string =>
  names.length === 0 ? 'nothing is pending' : names.map((name) => `${what}: ${name}`).join('\n');

const WAYS: Readonly<Record<'run' | 'dry-run' | 'revert', Way>> = {
  run: async (source, { migrations = [] }) => listed(await migrate(source, migrations), 'ran'),
  'dry-run': async (source, { migrations = [] }) => listed(await dryRun(source, migrations), 'would run'),
  revert: async (source) => {
    const name = await revertLast(source);
    return name === undefined ? 'none ever ran' : `took back: ${name}`;
  },
};

async function main(args: string[], adminUrl: string | undefined): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean' }, revert: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const database = DATABASES.find(({ service }) => service === positionals[0]);
  if (values.help === true || database === undefined || adminUrl === undefined) {
    process.stdout.write(`${HELP}${adminUrl === undefined ? '\n\nDATABASE_URL is not set.' : ''}\n`);
    return values.help === true ? 0 : USAGE_EXIT_CODE;
  }
  const way = values.revert === true ? 'revert' : values['dry-run'] === true ? 'dry-run' : 'run';
  const source = dataSource({ ...database, url: await ensureDatabase(adminUrl, database.service) });
  await source.initialize();
  try {
    process.stdout.write(`${await WAYS[way](source, database)}\n`);
    return 0;
  } finally {
    await source.destroy();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2), process.env['DATABASE_URL']);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
