/** For a service of which one process works at a time: two of it, as they are built, on a real Postgres and NATS. */
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import type { CALLS } from '@ringfence/contracts';
import { eventually, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const STANDS_BY = 'turn: another process writes: this one waits for its turn';
const LOCK = 7_310_004;

export interface Owner {
  readonly service: string;
  readonly main: URL;
  readonly call: (typeof CALLS)['inventoryResource'];
  readonly collection: string;
  /** Something new of it. */
  body(name: string): Readonly<Record<string, unknown>>;
  /** What others answer to it. */
  others?(bus: Bus): void;
}

export function twoProcessesSuite(owner: Owner): void {
  let nats: NatsServer;
  let postgres: PostgresServer;
  let bus: Bus;
  let processes: ServiceProcess[] = [];

  const rest = (op: string, body: unknown = null) =>
    bus.call(owner.call, {
      ...{ org: 1, actor: { kind: 'user', id: '1' }, collection: owner.collection, op },
      ...{ ids: [], query: { max_results: '500' }, body },
    });
  const create = (name: string) => rest('create', owner.body(name));
  const count = async (): Promise<number> => ((await rest('list')).body as unknown[]).length;
  const start = () => startServiceProcess(owner.main, { NATS_URL: nats.url, DATABASE_URL: postgres.url });

  /** The one that works, and the one that stands by. */
  async function roles(): Promise<readonly [ServiceProcess, ServiceProcess]> {
    const lacks = () => Promise.all(processes.map((each) => each.missing()));
    const [first] = await eventually(
      lacks,
      (words) => words.some((one) => one.length === 0) && words.some((one) => one.includes(STANDS_BY)),
    );
    return first!.length === 0 ? [processes[0]!, processes[1]!] : [processes[1]!, processes[0]!];
  }

  async function endSessionOfWriter(): Promise<void> {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const database = `ringfence_${owner.service.replaceAll('-', '_')}`;
    await client.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = $1 and granted
         and database = (select oid from pg_database where datname = $2)`,
      [LOCK, database],
    );
    await client.end();
  }

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
    bus = await connectBus({ servers: nats.url, name: 'everybody-else', server: 'control' });
    await ensureStreams(bus, 'control');
    owner.others?.(bus);
    processes = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    for (const each of processes) await each.stop();
    await bus.close();
    await Promise.all([nats.close(), postgres.close()]);
  });

  describe(`two processes of ${owner.service}`, () => {
    it('decide in one of them: the other stands by, and decides when the first one has ended', async () => {
      const [writer, other] = await roles();
      const before = await count();
      await create('by the first');
      await writer.kill();
      await eventually(() => other.isReady());
      await expect(create('by the first')).rejects.toThrow();
      await create('by the second');
      expect(await count()).toBe(before + 2);
      await writer.start();
    });

    it('answer in one of them, also when the other has lost its turn without having ended', async () => {
      const [writer, other] = await roles();
      const before = await count();
      writer.pause();
      await endSessionOfWriter();
      await eventually(() => other.isReady());
      writer.resume();
      await eventually(async () => (await writer.missing()).includes(STANDS_BY));
      for (let each = 0; each < 20; each += 1) await create(`number ${String(each)}`);
      expect(await count()).toBe(before + 20);
    });
  });
}
