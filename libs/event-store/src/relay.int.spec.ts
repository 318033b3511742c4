import { eventually, startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureDatabase } from './database.js';
import type { EventMeta, EventStore } from './event-store.js';
import { openEventStore } from './open.js';
import { startRelay } from './relay.js';
import type { EventPublisher, Relay } from './relay.js';

let postgres: PostgresServer;
let run = 0;
const ending: { close(): Promise<void> }[] = [];
const meta: EventMeta = { actor: { kind: 'user', id: '1' }, cluster: 'global' };
const label = (n: number) => ({ type: 'LabelCreated', data: { n } });
const profile = (n: number) => ({ type: 'PairingProfileCreated', data: { n } });

const open = async (service = `relay${(run += 1)}`): Promise<EventStore> => {
  const store = await openEventStore({
    url: await ensureDatabase(postgres.url, service),
    service,
    projections: [],
  });
  ending.unshift(store);
  return store;
};
const relay = (store: EventStore, publisher: EventPublisher): Relay => {
  const started = startRelay(store, publisher);
  ending.unshift(started);
  return started;
};
/** Keeps what was published as a stream does: the second time an id comes, it is dropped. */
const stream = () => {
  const kept: { subject: string; id: string; n: number }[] = [];
  const state = { attempts: 0, failAfter: Number.POSITIVE_INFINITY };
  return {
    kept,
    state,
    publishMany: async (publications: Parameters<EventPublisher['publishMany']>[0]) => {
      for (const { subject, id, payload } of publications) {
        if ((state.attempts += 1) > state.failAfter) throw new Error('connection lost');
        if (!kept.some((entry) => entry.id === id))
          kept.push({ subject, id, n: (payload as { data: { n: number } }).data.n });
      }
    },
  };
};

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const part of ending.splice(0)) await part.close();
});
afterAll(() => postgres.close());

describe('the relay', () => {
  it('publishes what is stored, in commit order, on the subject of its entity', async () => {
    const store = await open();
    const out = stream();
    relay(store, out);
    await Promise.all(Array.from({ length: 50 }, (_, n) => store.append(`label-${n}`, 0, [label(n)], meta)));
    await eventually(() => out.kept.length === 50);
    const stored = await store.follow(0, 100);
    expect(out.kept.map((entry) => entry.id)).toEqual(stored.map((event) => event.id));
    expect(out.kept[0]?.subject).toBe(`evt.global.label.${stored[0]?.stream.split('-')[1]}`);
  });

  it('loses nothing and doubles nothing when it crashes between publishing and its checkpoint', async () => {
    const store = await open();
    const out = stream();
    await store.appendMany(
      Array.from({ length: 30 }, (_, n) => ({
        stream: `label-${n}`,
        expectedVersion: 0,
        events: [label(n)],
      })),
      meta,
    );
    out.state.failAfter = 17;
    const first = relay(store, out);
    await eventually(() => out.kept.length === 17);
    await first.close();
    out.state.failAfter = Number.POSITIVE_INFINITY;
    relay(await open(store.service), out);
    await eventually(() => out.kept.length === 30);
    expect(out.kept.map((entry) => entry.n)).toEqual(Array.from({ length: 30 }, (_, n) => n));
  });

  it('runs once, however many processes start it, and the next takes over', async () => {
    const store = await open();
    const [a, b] = [stream(), stream()];
    const first = relay(store, a);
    await store.append('label-1', 0, [label(1)], meta);
    await eventually(() => a.kept.length === 1);
    relay(await open(store.service), b);
    await store.append('label-2', 0, [label(2)], meta);
    await eventually(() => a.kept.length === 2);
    expect(b.kept).toEqual([]);
    await first.close();
    await store.append('label-3', 0, [label(3)], meta);
    await eventually(() => b.kept.length === 1);
    expect(b.kept[0]?.n).toBe(3);
  });

  it('says again what is so now, and what is folded as a whole, when told to', async () => {
    const store = await open();
    const out = stream();
    const running = relay(store, out);
    const changed = (n: number) => ({ type: 'LabelChanged', data: { n } });
    const drafted = (n: number) => ({ type: 'PolicyObjectDrafted', data: { n } });
    await store.append('label-1', 0, [label(1), changed(2)], meta);
    await store.append('label-2', 0, [label(3), { type: 'LabelDeleted', data: { n: 4 } }], meta);
    await store.append(
      'pairing-profile-1',
      0,
      [profile(5), { type: 'PairingKeyIssued', data: { n: 6 } }],
      meta,
    );
    await store.append('policy-object-1', 0, [drafted(7), drafted(8)], meta);
    await eventually(() => out.kept.length === 8);
    out.kept.length = 0;
    expect(await running.resync({ begin: false })).toEqual({ said: 0, position: 0, upto: 0 });
    await running.resync({ begin: true });
    await eventually(async () => (await running.resync({ begin: false })).said === 5);
    expect(out.kept.map(({ n }) => n)).toEqual([2, 4, 5, 7, 8]);
    await running.resync({ begin: true });
    await eventually(() => out.kept.length === 10);
  });

  it('goes on saying again where another process stopped, and never an older word after a newer one', async () => {
    const store = await open();
    const out = stream();
    const first = relay(store, out);
    for (let n = 0; n < 20; n += 1) await store.append(`label-${n}`, 0, [label(n)], meta);
    await eventually(() => out.kept.length === 20);
    out.state.failAfter = out.state.attempts + 7;
    await first.resync({ begin: true });
    await eventually(() => out.state.attempts > out.state.failAfter);
    await first.close();
    await store.append('label-3', 1, [{ type: 'LabelChanged', data: { n: 103 } }], meta);
    out.state.failAfter = Number.POSITIVE_INFINITY;
    const next = relay(await open(store.service), out);
    await eventually(async () => {
      const { position, upto } = await next.resync({ begin: false });
      return position === upto;
    });
    await eventually(() => out.kept.some(({ n }) => n === 103));
    expect(out.kept.filter(({ subject }) => subject.endsWith('.3')).at(-1)?.n).toBe(103);
    for (let n = 0; n < 20; n += 1)
      expect(out.kept.filter(({ subject }) => subject.endsWith(`.${n}`)).length).toBeGreaterThan(1);
  });

  it('goes on after Postgres was killed, and publishes again from a position when told to', async () => {
    const store = await open();
    const out = stream();
    const running = relay(store, out);
    await store.append('label-1', 0, [label(1)], meta);
    await eventually(() => out.kept.length === 1);
    await postgres.kill();
    await postgres.start();
    await eventually(() =>
      store.append('label-2', 0, [label(2)], meta).then(
        () => true,
        () => false,
      ),
    );
    await eventually(() => out.kept.length === 2);
    out.kept.length = 0;
    await running.rewind(0);
    await eventually(() => out.kept.length === 2);
  });
});
