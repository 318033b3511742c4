import type { LabelState } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Decider } from '@ringfence/decider';
import { eventually, startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import pg from 'pg';
import { EntitySchema } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dataSource, entitiesIn } from './data-source.js';
import { ensureDatabase } from './database.js';
import { VersionConflict } from './event-store.js';
import type { EventMeta, EventStore, Projection, StoredEvent } from './event-store.js';
import { documents } from './documents.projection.js';
import type { DocumentTypes } from './documents.projection.js';
import { handleCommand, handleCommands } from './handle-command.js';
import { dryRun, revertLast } from './migrate.js';
import type { Migration, MigrationClass, Sql } from './migration.js';
import { openEventStore } from './open.js';
import { soleWriter } from './sole-writer.js';

let postgres: PostgresServer;
let run = 0;
const stores: EventStore[] = [];
const meta: EventMeta = { actor: { kind: 'user', id: '1' }, cluster: 'global' };
const happened = (n: number) => ({ type: 'Happened', data: { n } });

const totals = (version: number, factor: number): Projection => ({
  name: 'totals',
  version,
  tables: 'create table if not exists totals (stream text primary key, total int not null)',
  apply: async (tx, events) => {
    for (const { stream, data } of events) {
      const { n } = data as { n: number };
      await tx.query(
        'insert into totals values ($1, $2) on conflict (stream) do update set total = totals.total + $2',
        [stream, n * factor],
      );
    }
  },
});
const open = async (
  service = `s${(run += 1)}`,
  projections: Projection[] = [totals(1, 1)],
): Promise<EventStore> => {
  const store = await openEventStore({
    url: await ensureDatabase(postgres.url, service),
    service,
    projections,
  });
  stores.push(store);
  return store;
};
const total = async (store: EventStore, stream: string): Promise<number | undefined> => {
  const { rows } = await store.pool.query<{ total: number }>('select total from totals where stream = $1', [
    stream,
  ]);
  return rows[0]?.total;
};

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
const freshDatabase = async (): Promise<{ service: string; url: string }> => {
  const service = `s${(run += 1)}`;
  return { service, url: await ensureDatabase(postgres.url, service) };
};
const openWith = async (
  database: { service: string; url: string },
  ...migrations: MigrationClass[]
): Promise<EventStore> => {
  const store = await openEventStore({ ...database, migrations, projections: [] });
  stores.push(store);
  return store;
};
const tablesOf = async (store: EventStore): Promise<string[]> => {
  const { rows } = await store.pool.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'`,
  );
  return rows.map(({ name }) => name);
};

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(() => postgres.close());

describe('the event store', () => {
  it('gives back what was appended, and read tables that are current at once', async () => {
    const store = await open();
    const appended = await store.append('thing-1', 0, [happened(1), happened(2)], {
      ...meta,
      correlation: 'c',
    });
    const { events, version } = await store.load('thing-1');
    expect(events).toEqual(appended);
    expect(version).toBe(2);
    expect(events[1]).toMatchObject({
      type: 'Happened',
      v: 1,
      version: 2,
      data: { n: 2 },
      cluster: 'global',
      correlation: 'c',
    });
    expect(await total(store, 'thing-1')).toBe(3);
  });

  it('writes the newest version of an event, and reads every older one as the newest', async () => {
    const told: StoredEvent[] = [];
    const reader = (version: number): Projection => ({
      name: 'told',
      version,
      tables: 'create table if not exists told (n int)',
      apply: async (_, events) => void told.push(...events),
    });
    const store = await open(undefined, [reader(1)]);
    const named = { id: '7', key: 'role', value: 'Web' };
    const deleted = { type: 'LabelDeleted', data: named };
    expect(await store.append('label-7', 0, [deleted], meta)).toMatchObject([{ v: 2, data: named }]);
    // What a program of yesterday left behind.
    await store.pool.query(`update events set v = 1, data = '{"id": "7"}'`);
    const asNewest = { v: 2, data: { id: '7', key: null, value: null } };
    expect((await store.load('label-7')).events).toMatchObject([asNewest]);
    expect(await store.follow(0, 10)).toMatchObject([asNewest]);
    const states: Decider<unknown, 'look', typeof deleted> = {
      initial: null,
      decide: () => [],
      evolve: (_, event) => event.data,
    };
    expect((await handleCommand(store, states, 'label-7', 'look', meta)).state).toEqual(asNewest.data);
    told.length = 0;
    await open(store.service, [reader(2)]);
    expect(told).toMatchObject([asNewest]);
  });

  it('refuses an append to another version than expected, and leaves nothing of it', async () => {
    const store = await open();
    await store.append('thing-1', 0, [happened(1)], meta);
    await expect(store.append('thing-1', 0, [happened(1)], meta)).rejects.toBeInstanceOf(VersionConflict);
    const batches = [
      { stream: 'thing-2', expectedVersion: 0, events: [happened(1)] },
      { stream: 'thing-1', expectedVersion: 7, events: [happened(1)] },
    ];
    await expect(store.appendMany(batches, meta)).rejects.toBeInstanceOf(VersionConflict);
    await expect(
      store.append('thing-3', 'any', [happened(1)], meta, () => Promise.reject(new Error('no'))),
    ).rejects.toThrow('no');
    expect((await store.follow(0, 10)).map((event) => event.stream)).toEqual(['thing-1']);
    expect(await total(store, 'thing-2')).toBeUndefined();
  });

  it('gives positions in commit order: a follower of concurrent writers misses nothing', async () => {
    const store = await open();
    const other = await open(store.service);
    const seen: number[] = [];
    let writing = true;
    const following = (async () => {
      for (let from = 0; ;) {
        const ended = !writing;
        const page = await store.follow(from, 50);
        for (const event of page) seen.push(event.position);
        from = page.at(-1)?.position ?? from;
        if (ended && page.length === 0) return;
      }
    })();
    const writers = Array.from({ length: 12 }, async (_, writer) => {
      for (let n = 0; n < 40; n++) {
        // A slow transaction in between, and one that is given up.
        const slowly =
          n % 10 === 0
            ? async (tx: pg.PoolClient) => void (await tx.query('select pg_sleep(0.02)'))
            : undefined;
        await (writer % 2 ? store : other).append(`thing-${writer}`, n, [happened(n)], meta, slowly);
        if (n % 7 === 0)
          await store
            .append('gone', 'any', [happened(n)], meta, () => Promise.reject(new Error('x')))
            .catch(() => undefined);
      }
    });
    await Promise.all(writers);
    writing = false;
    await following;
    expect(seen).toHaveLength(480);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('decides anew when somebody else was faster, and tells refusals as values', async () => {
    const store = await open();
    const counter: Decider<number, 'count' | 'stop', ReturnType<typeof happened>> = {
      initial: 0,
      decide: (state, command) =>
        command === 'stop' ? reject('not-stoppable', 'it counts on') : [happened(state + 1)],
      evolve: (state) => state + 1,
    };
    const results = await Promise.all(
      [1, 2, 3].map(() => handleCommand(store, counter, 'counter-1', 'count', meta)),
    );
    expect(results.map((result) => result.state).sort()).toEqual([1, 2, 3]);
    const refused = await handleCommand(store, counter, 'counter-1', 'stop', meta);
    expect(refused).toMatchObject({ rejected: { reason: 'not-stoppable' }, state: 3 });
  });

  describe('many commands in one work', () => {
    const counter: Decider<number, number, ReturnType<typeof happened>> = {
      initial: 0,
      decide: (state, n) =>
        n < 0 ? reject('negative', 'only upwards') : n === 0 ? [] : [happened(state + n)],
      evolve: (_, { data }) => data.n,
    };
    const streams = ['counter-1', 'counter-2', 'counter-3'];

    it('are each decided by themselves, knowing what those before them did, and written in one transaction', async () => {
      const store = await open();
      await store.append('counter-2', 0, [happened(5)], meta);
      const states = await handleCommands({ store, decider: counter, streams, meta }, async (work) =>
        [
          ['counter-1', 1],
          ['counter-2', -1],
          ['counter-1', 2],
          ['counter-3', 0],
          ['counter-2', 1],
        ].map(([stream, n]) => work.decide(stream as string, n as number)),
      );
      expect(states).toMatchObject([
        ...[{ state: 1 }, { state: 5, rejected: { reason: 'negative' } }, { state: 3 }],
        ...[{ state: 0 }, { state: 6 }],
      ]);
      const { rows } = await store.pool.query(
        'select stream, version, xmin::text as tx from events where position > 1 order by position',
      );
      expect(rows.map(({ stream, version }) => [stream, version])).toEqual([
        ...[
          ['counter-1', 1],
          ['counter-1', 2],
          ['counter-2', 2],
        ],
      ]);
      expect(new Set(rows.map(({ tx }) => tx)).size).toBe(1);
    });

    it('are written together or not at all', async () => {
      const store = await open(undefined, [
        {
          ...totals(1, 1),
          apply: async (_, events) => {
            if (events.some(({ stream }) => stream === 'counter-3')) throw new Error('no room');
          },
        },
      ]);
      const work = handleCommands({ store, decider: counter, streams, meta }, async ({ decide }) =>
        streams.map((stream) => decide(stream, 1)),
      );
      await expect(work).rejects.toThrow('no room');
      expect(await store.follow(0, 10)).toEqual([]);
    });

    it('are all decided anew when somebody else was faster with one of them', async () => {
      const store = await open();
      let tries = 0;
      const work = handleCommands({ store, decider: counter, streams, meta }, async ({ decide }) => {
        if ((tries += 1) === 1) await store.append('counter-2', 'any', [happened(7)], meta);
        return streams.map((stream) => decide(stream, 1).state);
      });
      expect(await work).toEqual([1, 8, 1]);
      expect(tries).toBe(2);
    });
  });

  it('gives ids that rise and are never given twice', async () => {
    const store = await open();
    const ids = (
      await Promise.all([store.nextIds('label', 3), store.nextIds('label', 3), store.nextIds('rule')])
    ).flat();
    expect(new Set(ids.slice(0, 6))).toEqual(new Set(['1', '2', '3', '4', '5', '6']));
    expect(ids.at(-1)).toBe('1');
  });

  it('builds read tables anew when their version changes, while writers go on', async () => {
    const store = await open();
    for (let n = 0; n < 30; n++) await store.append('thing-1', n, [happened(1)], meta);
    let writing = true;
    const writer = (async () => {
      for (let n = 30; writing; n++) await store.append('thing-1', n, [happened(1)], meta);
      return store.load('thing-1');
    })();
    await store.rebuild('totals');
    await store.rebuild('totals');
    writing = false;
    const { version } = await writer;
    expect(await total(store, 'thing-1')).toBe(version);
    const newer = await open(store.service, [totals(2, 10)]);
    expect(await total(newer, 'thing-1')).toBe(version * 10);
  });

  it('builds read tables right though several processes begin at once, and another was killed half-way', async () => {
    const store = await open();
    const events = Array.from({ length: 2_500 }, () => happened(1));
    await store.append('thing-1', 0, events, meta);
    // What a killed one leaves behind.
    await store.pool.query('create schema rebuild_totals; create table rebuild_totals.totals (x int)');
    const newer = Array.from({ length: 3 }, () => open(store.service, [totals(2, 10)]));
    await Promise.all([store.rebuild('totals'), ...newer]);
    const { rows } = await store.pool.query<{ version: number }>('select version from projections');
    expect(await total(store, 'thing-1')).toBe(2_500 * (rows[0]?.version === 2 ? 10 : 1));
    expect((await store.pool.query("select from pg_namespace where nspname like 'rebuild%'")).rowCount).toBe(
      0,
    );
  });

  it('refuses a migration that was edited after it ran, and does nothing of what comes after it', async () => {
    const database = await freshDatabase();
    await openWith(database, things('create table things (id int)'));
    const store = await openWith(database, things('\n  create table things\n  (id int)'));
    const edited = openWith(database, things('create table things (id bigint)'), MoreThings1795219203000);
    await expect(edited).rejects.toMatchObject({
      code: 'migration_edited',
      message: expect.stringMatching(/^migration_edited: Things1795219202000 was edited/) as string,
    });
    expect(await tablesOf(store)).not.toContain('more_things');
  });

  it('refuses in one line a database that was made before migrations had names, and leaves it as it is', async () => {
    const database = await freshDatabase();
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

  it('says what a migration would do to this database without doing it, and takes the last one back', async () => {
    const database = await freshDatabase();
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

  it('builds document tables anew when one of their events was raised', async () => {
    const types: DocumentTypes = { name: 'labels', written: ['LabelCreated'], deleted: 'LabelDeleted' };
    const { version } = documents(types).projection;
    expect(documents({ ...types, name: 'other' }).projection.version).toBe(version);
    expect(documents({ ...types, deleted: 'LabelTypeDeleted' }).projection.version).not.toBe(version);
    expect(documents<LabelState>({ ...types, indexed: ['key'] }).projection.version).not.toBe(version);
  });

  it('lets one process write: another waits, and takes over when the session of the first ends', async () => {
    const store = await open();
    const other = await open(store.service);
    const regained: string[] = [];
    const standsBy = new Set<string>();
    const onStandBy = (who: string) => (): void => void standsBy.add(who);
    const onRegained = (): void => void regained.push('first');
    const first = await soleWriter(store, { onRegained, onStandBy: onStandBy('first') });
    let isSecondIn = false;
    const second = soleWriter(other, { onStandBy: onStandBy('second') }).then((writer) => {
      isSecondIn = true;
      return writer;
    });
    expect(await first.oneAtATime(async () => isSecondIn)).toBe(false);
    await eventually(() => standsBy.size > 0);
    expect([...standsBy]).toEqual(['second']);
    // Whoever is faster now; work of the other fails for good reason, or waits its turn.
    await store.pool.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 7310004 and granted
         and database = (select oid from pg_database where datname = current_database())`,
    );
    const writer = await second;
    await expect(first.oneAtATime(async () => 'written')).rejects.toMatchObject({ code: '40001' });
    expect(regained).toEqual([]);
    await writer.close();
    expect(await first.oneAtATime(async () => 'written')).toBe('written');
    expect(regained).toEqual(['first']);
    await first.close();
  });

  it('reads and writes by entity, in the transaction of the events', async () => {
    const Total = new EntitySchema<{ stream: string; total: number }>({
      name: 'Total',
      tableName: 'totals',
      columns: { stream: { type: 'text', primary: true }, total: { type: 'int' } },
    });
    const doubled = totals(1, 1);
    const byEntity: Projection = {
      ...doubled,
      apply: async (tx, events) => {
        await doubled.apply(tx, events);
        for (const { stream } of events) await entitiesIn(tx).increment(Total, { stream }, 'total', 1);
      },
    };
    const service = `s${(run += 1)}`;
    const url = await ensureDatabase(postgres.url, service);
    const store = await openEventStore({ url, service, entities: [Total], projections: [byEntity] });
    stores.push(store);
    await store.append('thing-1', 0, [happened(4)], meta);
    const failing = store.append('thing-1', 1, [happened(4)], meta, async (tx) => {
      await entitiesIn(tx).insert(Total, { stream: 'thing-2', total: 1 });
      throw new Error('given up');
    });
    await expect(failing).rejects.toThrow('given up');
    const expected = [{ stream: 'thing-1', total: 5 }];
    expect(await store.entities.find(Total)).toEqual(expected);
    // Built anew in a schema of its own: by entity as by SQL.
    await store.rebuild('totals');
    expect(await store.entities.find(Total)).toEqual(expected);
  });

  it('says in one line which right is missing to make the database', async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query('create role poor login');
    await client.end();
    const url = new URL(postgres.url);
    url.username = 'poor';
    await expect(ensureDatabase(url.href, 'nowhere')).rejects.toThrow(
      /^database_missing: database ringfence_nowhere is missing and role "poor" may not create it.*createdb/,
    );
  });

  it('waits for Postgres at the start, and goes on after it was killed', async () => {
    const store = await open();
    await store.append('thing-1', 0, [happened(1)], meta);
    await postgres.kill();
    const states: boolean[] = [];
    const waiting = ensureDatabase(postgres.url, 'late', {
      onState: ({ connected }) => void states.push(connected),
    });
    await eventually(() => states.length > 1);
    await eventually(() => store.availability() !== true);
    await postgres.start();
    expect(await waiting).toMatch(/ringfence_late$/);
    expect(states).toEqual([...states.slice(0, -1).map(() => false), true]);
    await eventually(() => store.availability() === true);
    await store.append('thing-1', 1, [happened(1)], meta);
    expect(await total(store, 'thing-1')).toBe(2);
  });
});
