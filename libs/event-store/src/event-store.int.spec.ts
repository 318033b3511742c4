import type { LabelState } from '@ringfence/contracts';
import type { Decider } from '@ringfence/decider';
import { eventually } from '@ringfence/testing';
import pg from 'pg';
import { EntitySchema } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { entitiesIn } from './data-source.js';
import { ensureDatabase } from './database.js';
import { documents } from './documents.projection.js';
import type { DocumentTypes } from './documents.projection.js';
import { VersionConflict } from './event-store.js';
import type { EventStore, Projection, StoredEvent } from './event-store.js';
import { handleCommand } from './handle-command.js';
import { inTurns } from './in-turns.js';
import type { OwnTurn, Turns } from './in-turns.js';
import { happened, meta, StoreBed, total, totals } from './testing/store-bed.js';
import { TooLate, written } from './written.js';

let bed: StoreBed;
const open: StoreBed['open'] = (...how) => bed.open(...how);

beforeAll(async () => {
  bed = await StoreBed.start();
});
afterEach(() => bed.closeStores());
afterAll(() => bed.close());

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

  it('writes nothing for who has given up waiting, and all that follows for who was in time', async () => {
    const store = await open();
    const write = async (stream: string): Promise<void> =>
      void (await store.append(stream, 0, [happened(1)], meta));
    await expect(written(() => write('late-1'), { until: Date.now() - 1 })).rejects.toThrow(TooLate);
    expect((await store.load('late-1')).version).toBe(0);
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const until = Date.now() + 1_000;
      await written(
        async () => {
          await write('late-2');
          vi.setSystemTime(until + 1);
          await write('late-3');
        },
        { until },
      );
    } finally {
      vi.useRealTimers();
    }
    expect((await store.load('late-3')).version).toBe(1);
  });

  it('knows the request by which something was written', async () => {
    const store = await open();
    const request = '11111111-1111-4111-8111-111111111111';
    await written(() => store.append('asked-1', 0, [happened(1)], meta), { request });
    expect((await store.load('asked-1')).events).toMatchObject([{ correlation: request }]);
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

  it('builds document tables anew when one of their events was raised', async () => {
    const types: DocumentTypes = { name: 'labels', written: ['LabelCreated'], deleted: 'LabelDeleted' };
    const { version } = documents(types).projection;
    expect(documents({ ...types, name: 'other' }).projection.version).toBe(version);
    expect(documents({ ...types, deleted: 'LabelTypeDeleted' }).projection.version).not.toBe(version);
    expect(documents<LabelState>({ ...types, indexed: ['key'] }).projection.version).not.toBe(version);
  });

  it('lets one process work: another stands by, and begins when the session of the first ends, and with it all that was begun', async () => {
    const store = await open();
    const other = await open(store.service);
    const works = new Map<string, OwnTurn>();
    const turnsOf = (who: string, { pool }: EventStore): Turns =>
      inTurns(
        { pool },
        async (turn) => {
          works.set(who, turn);
          turn.onShutdown(() => void works.delete(who));
        },
        () => undefined,
      );
    const first = turnsOf('first', store);
    await eventually(() => first.state() === true);
    const second = turnsOf('second', other);
    await eventually(
      second.state,
      (state) => state === 'another process writes: this one waits for its turn',
    );
    const before = works.get('first')!;
    expect(await before.oneAtATime(async () => works.size)).toBe(1);
    await store.pool.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 7310004 and granted
         and database = (select oid from pg_database where datname = current_database())`,
    );
    await eventually(() => before.signal.aborted);
    await expect(before.oneAtATime(async () => 'written')).rejects.toMatchObject({ code: '40001' });
    // Whoever is faster now.
    await eventually(() => works.size === 1 && !works.has('first') !== (first.state() === true));
    await Promise.all([first.close(), second.close()]);
    expect(works.size).toBe(0);
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
    const store = await bed.openOn(await bed.database(), { entities: [Total], projections: [byEntity] });
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
    const client = new pg.Client({ connectionString: bed.postgres.url });
    await client.connect();
    await client.query('create role poor login');
    await client.end();
    const url = new URL(bed.postgres.url);
    url.username = 'poor';
    await expect(ensureDatabase(url.href, 'nowhere')).rejects.toThrow(
      /^database_missing: database ringfence_nowhere is missing and role "poor" may not create it.*createdb/,
    );
  });

  it('waits for Postgres at the start, and goes on after it was killed', async () => {
    const store = await open();
    await store.append('thing-1', 0, [happened(1)], meta);
    await bed.postgres.kill();
    const states: boolean[] = [];
    const waiting = ensureDatabase(bed.postgres.url, 'late', {
      onState: ({ connected }) => void states.push(connected),
    });
    await eventually(() => states.length > 1);
    await eventually(() => store.availability() !== true);
    await bed.postgres.start();
    expect(await waiting).toMatch(/ringfence_late$/);
    expect(states).toEqual([...states.slice(0, -1).map(() => false), true]);
    await eventually(() => store.availability() === true);
    await store.append('thing-1', 1, [happened(1)], meta);
    expect(await total(store, 'thing-1')).toBe(2);
  });
});
