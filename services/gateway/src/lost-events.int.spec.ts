/** What nobody had read of the audit when the control NATS lost its disk, or its stream dropped it: the gateway has its owners say it again. */
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import {
  ensureDatabase,
  lastPosition,
  openEventStore,
  openServiceStore,
  relayed,
  startRelay,
} from '@ringfence/event-store';
import type { EventStore, Relay } from '@ringfence/event-store';
import { eventually, freePort, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import { connect } from 'nats';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditedEntity, AuditedEvents } from './adapters/audit/audited.js';
import { DATABASE } from './database.js';
import { KEY, OWNER, SECRET } from './testing/gateway-under-test.js';

let nats: NatsServer;
let postgres: PostgresServer;
let bus: Bus;
let owner: EventStore;
let relay: Relay;
let gateway: ServiceProcess;
let port: number;
let decided = 0;
/** Positions after which the owner was asked to say everything. */
const asked: (number | undefined)[] = [];

async function decide(count: number): Promise<void> {
  for (let each = 0; each < count; each += 1) {
    const id = String((decided += 1));
    const label = { id, key: 'app', value: `v${id}`, externalDataSet: null, externalDataReference: null };
    const meta = { actor: { kind: 'user' as const, id: '1' }, cluster: 'global' };
    await owner.append(`label-${id}`, 0, [{ type: 'LabelCreated', data: label }], meta);
  }
  await eventually(
    async () => (await relayed(owner.pool, owner.service)) === (await lastPosition(owner.pool)),
  );
}
async function audited(): Promise<string[]> {
  const path = '/api/v2/orgs/1/events?event_type=label.create&max_results=5000';
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: OWNER } });
  const events = (await answer.json()) as {
    resource_changes: { resource: { label: { value: string } } }[];
  }[];
  return events.map((event) => event.resource_changes[0]!.resource.label.value);
}
/** How far it has written down that it is. */
async function noted(): Promise<number> {
  const client = new pg.Client({ connectionString: `${postgres.url}_gateway` });
  await client.connect();
  const { rows } = await client.query<{ position: string }>(
    `select position from audited where owner = 'label-resolver'`,
  );
  await client.end();
  return Number(rows[0]?.position ?? 0);
}
/** As if it were thirty days later. */
async function dropAllOfAge(): Promise<void> {
  const connection = await connect({ servers: nats.url });
  const { streams } = await connection.jetstreamManager();
  const { config } = await streams.info('EVENTS');
  const moment = 100_000_000;
  await streams.update('EVENTS', { ...config, max_age: moment, duplicate_window: moment });
  await eventually(async () => (await streams.info('EVENTS')).state.messages === 0);
  await streams.update('EVENTS', config);
  await connection.close();
  // By then the server has also forgotten which ids it has heard.
  await nats.stop();
  await nats.start();
  await eventually(() => bus.isConnected());
}
const all = (): string[] => Array.from({ length: decided }, (_, index) => `v${index + 1}`);

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await connectBus({ servers: nats.url, name: 'label-resolver', server: 'control' });
  await ensureStreams(bus, 'control');
  const url = await ensureDatabase(postgres.url, 'owner');
  owner = await openEventStore({ url, service: 'owner', projections: [] });
  relay = startRelay(owner, bus);
  bus.serve(CALLS.labelResync, (request) => {
    asked.push(request.after);
    return relay.resync(request);
  });
  port = await freePort();
  gateway = await startServiceProcess(new URL('../dist/main.js', import.meta.url), {
    ...{ NATS_URL: nats.url, DATABASE_URL: postgres.url, RINGFENCE_PORT: String(port) },
    ...{ RINGFENCE_BOOTSTRAP_API_KEY: `${KEY}:${SECRET}`, RINGFENCE_RATE_LIMIT: '100000' },
  });
  await eventually(() => gateway.isReady());
});
afterAll(async () => {
  await gateway.stop();
  await relay.close();
  await owner.close();
  await bus.close();
  await Promise.all([nats.close(), postgres.close()]);
});

describe('the audit trail', () => {
  it('has what was decided while nobody read and the server lost its disk, each once, whoever was first back', async () => {
    await decide(20);
    await eventually(audited, ({ length }) => length === 20);
    await gateway.kill();
    await decide(20);
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    await ensureStreams(bus, 'control');
    // Said on the new stream before the gateway is back: what came before it is missing all the same.
    await decide(5);
    await gateway.start();
    await eventually(() => gateway.isReady());
    await eventually(audited, ({ length }) => length >= decided);
    expect((await audited()).sort()).toEqual(all().sort());
  });

  it('goes on from there when that happens again under a gateway that reads', async () => {
    await nats.loseDisk();
    await decide(5);
    await eventually(audited, ({ length }) => length >= decided);
    expect((await audited()).sort()).toEqual(all().sort());
  });

  it('has what the stream dropped while no gateway was there, and asks for no more than what came after what it has', async () => {
    // What was lost both times before has been asked for: what comes now comes after it.
    await eventually(() => asked.length >= 2);
    await decide(1);
    await eventually(async () => (await noted()) === (await lastPosition(owner.pool)));
    await gateway.stop();
    const before = await lastPosition(owner.pool);
    await decide(20);
    await dropAllOfAge();
    // What is kept still does not hide that something before it is missing.
    await decide(5);
    asked.length = 0;
    await gateway.start();
    await eventually(() => gateway.isReady());
    await eventually(audited, ({ length }) => length >= decided);
    expect((await audited()).sort()).toEqual(all().sort());
    // Who hears no answer in time asks again.
    expect([...new Set(asked)]).toEqual([before]);
  });
});

describe('how far the audit trail is', () => {
  let store: EventStore;
  const open = (): Promise<AuditedEvents> => AuditedEvents.open(store.entities, bus);
  beforeAll(async () => {
    store = await openServiceStore(DATABASE, { config: { DATABASE_URL: `${postgres.url}_another` } });
    await gateway.stop();
  });
  afterAll(() => store.close());

  it('is known from the first moment on: who is killed at once misses later what was lost meanwhile', async () => {
    await open();
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    await ensureStreams(bus, 'control');
    const next = await open();
    asked.length = 0;
    await next.settle().catch(() => undefined);
    expect(asked).not.toEqual([]);
  });

  it('is the beginning where nobody has said anything yet: the first words are no sign of a loss', async () => {
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    await ensureStreams(bus, 'control');
    await store.entities.clear(AuditedEntity);
    const audit = await open();
    await decide(3);
    asked.length = 0;
    await audit.settle();
    expect(asked).toEqual([]);
  });
});
