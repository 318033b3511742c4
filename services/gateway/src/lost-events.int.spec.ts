/** A control NATS that lost its disk has lost what nobody had read of the audit: the gateway has its owners say it again. */
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import { ensureDatabase, lastPosition, openEventStore, relayed, startRelay } from '@ringfence/event-store';
import type { EventStore, Relay } from '@ringfence/event-store';
import { eventually, freePort, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY, OWNER, SECRET } from './testing/gateway-under-test.js';

let nats: NatsServer;
let postgres: PostgresServer;
let bus: Bus;
let owner: EventStore;
let relay: Relay;
let gateway: ServiceProcess;
let port: number;
let decided = 0;

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
const all = (): string[] => Array.from({ length: decided }, (_, index) => `v${index + 1}`);

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await connectBus({ servers: nats.url, name: 'label-resolver', server: 'control' });
  await ensureStreams(bus, 'control');
  const url = await ensureDatabase(postgres.url, 'owner');
  owner = await openEventStore({ url, service: 'owner', projections: [] });
  relay = startRelay(owner, bus);
  bus.serve(CALLS.labelResync, relay.resync);
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
    await eventually(async () => (await audited()).length === 20);
    await gateway.kill();
    await decide(20);
    await nats.loseDisk();
    await eventually(() => bus.isConnected());
    await ensureStreams(bus, 'control');
    // Said on the new stream before the gateway is back: what came before it is missing all the same.
    await decide(5);
    await gateway.start();
    await eventually(() => gateway.isReady());
    await eventually(async () => (await audited()).length >= decided, undefined, 60_000);
    expect((await audited()).sort()).toEqual(all().sort());
  });

  it('goes on from there when that happens again under a gateway that reads', async () => {
    await nats.loseDisk();
    await decide(5);
    await eventually(async () => (await audited()).length >= decided, undefined, 60_000);
    expect((await audited()).sort()).toEqual(all().sort());
  });
});
