import { randomUUID } from 'node:crypto';
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { eventually, startNats, startPostgres } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureDatabase } from './database.js';
import type { EventMeta, EventStore } from './event-store.js';
import { neverTwice } from './never-twice.js';
import { openEventStore } from './open.js';
import { lastPosition } from './read.js';
import { relayed, startRelay } from './relay.js';

let nats: NatsServer;
let postgres: PostgresServer;
let bus: Bus;
const meta: EventMeta = { actor: { kind: 'user', id: '1' }, cluster: 'global' };
const manifest = {
  emits: ['evt.*.label.*', 'evt.*.profile.*'].map((subject) => ({ subject, server: 'control' as const })),
};

/** On an empty database: a backup of before everything. */
const open = async (): Promise<EventStore> =>
  openEventStore({
    url: await ensureDatabase(postgres.url, randomUUID().replaceAll('-', '_')),
    service: 'owner',
    projections: [],
  });
async function decide(store: EventStore, id: string): Promise<number> {
  const label = { id, key: 'app', value: id, externalDataSet: null, externalDataReference: null };
  const [event] = await store.append(`label-${id}`, 0, [{ type: 'LabelCreated', data: label }], meta);
  const relay = startRelay(store, bus);
  await eventually(async () => (await relayed(store.pool, 'owner')) === (await lastPosition(store.pool)));
  await relay.close();
  return event!.position;
}

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await connectBus({ servers: nats.url, name: 'owner', server: 'control' });
  await ensureStreams(bus, 'control');
});
afterAll(async () => {
  await bus.close();
  await Promise.all([nats.close(), postgres.close()]);
});

describe('a database from which something was said', () => {
  it('that is the one from which it was said has nothing to say of it', async () => {
    const store = await open();
    expect(await neverTwice(store, bus, manifest)).toBeNull();
    for (const id of ['1', '2', '3']) await decide(store, id);
    expect(await neverTwice(store, bus, manifest)).toBeNull();
    expect(await decide(store, '4')).toBe(4);
    await store.close();
  });

  it('and that is older says so, and gives no position again', async () => {
    const store = await open();
    expect(await neverTwice(store, bus, manifest)).toMatch(
      /said more than its database knows \(LabelCreated of .*\): an older backup was restored/,
    );
    expect(await decide(store, '5')).toBe(5);
    await store.close();
  });

  it('has nothing to say where NATS begins anew, too', async () => {
    const store = await open();
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    await ensureStreams(bus, 'control');
    expect(await neverTwice(store, bus, manifest)).toBeNull();
    await store.close();
  });
});
