import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectBus } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { eventually } from '@ringfence/testing';
import { connect } from 'nats';
import type { StreamAPI } from 'nats';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from './free-ports.js';
import { postgresProcess } from './postgres.js';
import { Processes } from './processes.js';

const run = promisify(execFile);
const MIB = 1024 ** 2;
let directory: string;
let disk: string;
let processes: Processes;
const said: string[] = [];
const crashed: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-guard-'));
  disk = join(directory, 'disk');
  mkdirSync(disk);
  await run('chmod', ['755', directory]);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'tmpfs', disk]);
  processes = new Processes(join(directory, 'logs'), (exit) => crashed.push(exit.name), {
    say: (line) => said.push(line),
    fullBelowBytes: 4 * MIB,
  });
});
afterAll(async () => {
  await processes.stopAll([]);
  await run('umount', [disk]);
  rmSync(directory, { recursive: true, force: true });
});

const ballast = (): string => join(disk, 'ballast');
async function fillDisk(): Promise<void> {
  await run('sh', ['-c', `dd if=/dev/zero of=${ballast()} bs=1M 2>/dev/null || true`]);
}

async function managed<T>(url: string, work: (streams: StreamAPI) => Promise<T>): Promise<T> {
  const admin = await connect({ servers: url });
  try {
    return await work((await admin.jetstreamManager()).streams);
  } finally {
    await admin.close();
  }
}

async function startNats(): Promise<string> {
  const started = await processes.startListening(async () => {
    const port = await freePort();
    const config = join(directory, 'nats.conf');
    writeFileSync(
      config,
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${disk}/nats", max_file_store: 64GB }\n`,
    );
    const listensOn = { host: '127.0.0.1', port };
    const spec = {
      name: 'nats',
      command: 'nats-server',
      args: ['-c', config],
      stopSignal: 'SIGINT' as const,
      listensOn,
      stores: disk,
    };
    return { spec, url: `nats://127.0.0.1:${port}` };
  });
  return started.url;
}

describe('a full disk below the servers of the stack', () => {
  it('is said, and the servers are started anew when there is room, with all that they had acknowledged', async () => {
    const url = await startNats();
    await managed(url, (streams) => streams.add({ name: 'S', subjects: ['obs.>'] }));
    const bus: Bus = await connectBus({ servers: url, name: 'spec', server: 'cluster' });
    let acknowledged = 0;
    const publish = async (): Promise<void> => {
      await bus.publish('obs.c.pod.1', 'x'.repeat(50_000));
      acknowledged += 1;
    };
    await publish();
    await fillDisk();
    await eventually(() => said.some((line) => /disk of nats is full/.test(line)));
    await expect(
      (async () => {
        for (;;) await publish();
      })(),
    ).rejects.toThrow();
    rmSync(ballast());
    await eventually(() => said.some((line) => /room again for nats/.test(line)));
    await eventually(() => bus.isConnected());
    await publish();
    const { state } = await managed(url, (streams) => streams.info('S'));
    expect(state.messages).toBeGreaterThanOrEqual(acknowledged);
    await bus.close();
    expect(crashed).toEqual([]);
  });

  it('does not end the stack when Postgres ends by it', async () => {
    const made = await processes.startListening(async () =>
      postgresProcess(join(disk, 'postgres'), await freePort()),
    );
    const url = made.url.replace(/ringfence$/, 'postgres');
    const query = async (text: string): Promise<unknown> => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      try {
        return await client.query(text);
      } finally {
        await client.end().catch(() => undefined);
      }
    };
    await eventually(
      () =>
        query('select 1').then(
          () => true,
          () => false,
        ),
      undefined,
      60_000,
    );
    await query('create table kept (n int)');
    await query('insert into kept values (1)');
    await fillDisk();
    await eventually(() => said.some((line) => /disk of postgres is full/.test(line)));
    const grow = `insert into kept select generate_series(1, 2000000)`;
    await expect(query(grow)).rejects.toThrow();
    rmSync(ballast());
    await eventually(() => said.some((line) => /room again for postgres/.test(line)));
    await eventually(
      () =>
        query('insert into kept values (2)').then(
          () => true,
          () => false,
        ),
      undefined,
      60_000,
    );
    expect(await query('select n from kept where n <= 2 order by n')).toMatchObject({
      rows: [{ n: 1 }, { n: 2 }],
    });
    expect(crashed).toEqual([]);
  });
});
