import { isDeepStrictEqual } from 'node:util';
import { connectBus, ensureStreams, eventOf } from '@ringfence/bus';
import type { Bus, Subscription } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { Consumption } from '@ringfence/contracts';
import { eventually, startNats, startPostgres } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import fc from 'fast-check';
import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureDatabase } from './database.js';
import type { EventMeta, EventStore } from './event-store.js';
import { keepWhole } from './keep-whole.js';
import { mirror } from './mirror.js';
import { openEventStore } from './open.js';
import { ownDurables } from './own-durables.js';
import { lastPosition } from './read.js';
import { relayed, startRelay } from './relay.js';
import type { Relay } from './relay.js';

let nats: NatsServer;
let postgres: PostgresServer;
let bus: Bus;
let owner: EventStore;
let relay: Relay;
let serving: Subscription;
let run = 0;
let asked = 0;
const ending: { close(): Promise<void> }[] = [];
const meta: EventMeta = { actor: { kind: 'user', id: '1' }, cluster: 'global' };
const copied = mirror({ kinds: ['label'] });

const open = async (service: string): Promise<EventStore> =>
  openEventStore({ url: await ensureDatabase(postgres.url, service), service, projections: [] });
/** What the owner decided, by id; of what is gone its version alone. */
const decided = new Map<string, { readonly version: number; readonly value: string | null }>();
async function decide(id: string, value: string | null): Promise<void> {
  const { version = 0, value: before = null } = decided.get(id) ?? {};
  const type = value === null ? 'LabelDeleted' : before === null ? 'LabelCreated' : 'LabelChanged';
  if (value === null && before === null) return;
  const label = { id, key: 'app', value, externalDataSet: null, externalDataReference: null };
  const data = value === null ? { id, key: 'app', value: before } : label;
  await owner.append(`label-${id}`, version, [{ type, data }], meta);
  decided.set(id, { version: version + 1, value });
}
async function decideMany(count: number): Promise<void> {
  const from = decided.size;
  for (let n = from; n < from + count; n += 1) await decide(String(n + 1), `v${n}`);
  await untilSaid();
}
const untilSaid = () =>
  eventually(async () => (await relayed(owner.pool, 'owner')) === (await lastPosition(owner.pool)));
const standing = () =>
  Object.fromEntries([...decided].flatMap(([id, { value }]) => (value === null ? [] : [[id, value]])));
/** As the stream's age and size would, in time. */
async function forgetStream(): Promise<void> {
  const connection = await connect({ servers: nats.url });
  await (await connection.jetstreamManager()).streams.purge('EVENTS');
  await connection.close();
}

interface Copy {
  readonly store: EventStore;
  state(): true | string;
  values(): Promise<Record<string, string>>;
  close(): Promise<void>;
}
async function startCopy(
  service = `copy${(run += 1)}`,
  waiting = (lane: Consumption): Promise<number> => bus.waiting(lane),
): Promise<Copy> {
  const store = await open(service);
  const lane: Consumption = {
    ...{ stream: 'EVENTS', filter: 'evt.*.label.*', durable: service },
    ...({ mode: 'durable', server: 'control' } as const),
  };
  await ownDurables(store, bus, { consumes: [lane] });
  const consumer = bus.consumeBatches(lane, { maxMessages: 50, maxWaitMs: 5 }, async (messages) => {
    await store.transaction((tx) => copied.take(tx, messages.map(eventOf)));
  });
  const host: { state(): true | string; release(): Promise<void> } = {
    state: () => 'nobody looks',
    release: async () => undefined,
  };
  keepWhole(
    {
      health: { require: (_, isMet) => void (host.state = isMet) },
      logger: { warn: (details) => void (asked += 'owner' in details ? 1 : 0) },
      onShutdown: (release) => void (host.release = release),
    },
    { store, bus, owners: ['label-resolver'], waiting: () => waiting(lane), everyMs: 20 },
  );
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await host.release();
    await consumer.close();
    await store.close();
  };
  ending.push({ close });
  const values = async () =>
    Object.fromEntries(
      [...(await copied.all(store.entities, 'label'))].map(([id, { value }]) => [id, value] as const),
    );
  return { store, state: () => host.state(), values, close };
}

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await connectBus({ servers: nats.url, name: 'spec', server: 'control' });
  await ensureStreams(bus, 'control');
  owner = await open('owner');
  relay = startRelay(owner, bus);
  serving = bus.serve(CALLS.labelResync, relay.resync);
});
afterEach(async () => {
  for (const each of ending.splice(0)) await each.close();
  asked = 0;
});
afterAll(async () => {
  await relay.close();
  await owner.close();
  await bus.close();
  await Promise.all([nats.close(), postgres.close()]);
});

const whole = ({ state }: Copy) => eventually(() => state() === true);
/** So that what comes later is missed when it is away. */
const noted = (copy: Copy) =>
  eventually(async () => {
    const { last } = await bus.kept('EVENTS');
    return ((await copy.store.pool.query(`select from copied where seq = ${last}`)).rowCount ?? 0) > 0;
  });

describe('a copy', () => {
  it('asks nobody where the stream still keeps everything', async () => {
    await decideMany(30);
    const copy = await startCopy();
    await whole(copy);
    await noted(copy);
    expect(await copy.values()).toEqual(standing());
    expect(asked).toBe(0);
  });

  it('that is new asks the owner, once, where the stream has forgotten, and says so until it is whole', async () => {
    await decideMany(30);
    await forgetStream();
    serving.close();
    const copy = await startCopy();
    await eventually(copy.state, (state) => state === 'label-resolver is asked to say everything again');
    serving = bus.serve(CALLS.labelResync, relay.resync);
    await whole(copy);
    expect(await copy.values()).toEqual(standing());
    await noted(copy);
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(asked).toBe(before);
    await copy.close();
    await whole(await startCopy(`copy${run}`));
    expect(asked).toBe(before);
  });

  it('that was away while the stream went on without it asks again', async () => {
    const copy = await startCopy();
    await whole(copy);
    await noted(copy);
    await copy.close();
    asked = 0;
    await decideMany(10);
    await forgetStream();
    const back = await startCopy(`copy${run}`);
    await whole(back);
    expect(await back.values()).toEqual(standing());
    expect(asked).toBe(1);
  });

  it('that was killed in its first moments asks when the server has lost its disk meanwhile', async () => {
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    await ensureStreams(bus, 'control');
    await decideMany(5);
    let looked = 0;
    const copy = await startCopy(undefined, async () => (looked += 1));
    await eventually(() => looked > 0);
    await copy.close();
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    await ensureStreams(bus, 'control');
    const back = await startCopy(`copy${run}`);
    await whole(back);
    expect(await back.values()).toEqual(standing());
  });

  it('is right after resyncs that are doubled, late, and in between what is decided, whatever it missed', async () => {
    const value: fc.Arbitrary<string | null> = fc.option(fc.constantFrom('x', 'y'));
    const happening = fc.constantFrom('resync' as const, 'forget' as const, 'restart' as const);
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constantFrom('9001', '9002', '9003'), value) },
      { weight: 3, arbitrary: happening },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        let copy = await startCopy();
        for (const each of steps) {
          if (Array.isArray(each)) await decide(...each);
          else if (each === 'resync') await relay.resync({ begin: true });
          else if (each === 'forget') await untilSaid().then(forgetStream);
          else {
            await copy.close();
            copy = await startCopy(`copy${run}`);
          }
        }
        await untilSaid();
        await eventually(async () => {
          const { position, upto } = await relay.resync({ begin: false });
          return position === upto;
        });
        await eventually(copy.values, (values) => isDeepStrictEqual(values, standing()));
        await copy.close();
      }),
      { numRuns: 5 },
    );
  });
});
