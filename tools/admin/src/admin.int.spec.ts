import { randomUUID } from 'node:crypto';
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { ensureDatabase, openEventStore, startRelay } from '@ringfence/event-store';
import type { EventPublisher, EventStore, Relay } from '@ringfence/event-store';
import { DATABASE as LABEL_RESOLVER } from '@ringfence/label-resolver/database';
import { manifest } from '@ringfence/gateway/manifest';
import { eventually, startNats, startPostgres } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runAdmin } from './main.js';

let nats: NatsServer;
let postgres: PostgresServer;
let bus: Bus;
let store: EventStore;
let relay: Relay | undefined;
const said: string[] = [];
const listener: EventPublisher = {
  publishMany: async (publications) => void said.push(...publications.map(({ subject }) => subject)),
};

async function ran(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const env = { DATABASE_URL: postgres.url, NATS_URL: nats.url };
  const code = await runAdmin(args, env, { out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}
const label = (id: string, value: string) => ({
  type: 'LabelCreated',
  data: { id, key: 'app', value, externalDataSet: null, externalDataReference: null },
});
const shown = async (): Promise<string[]> => {
  const { rows } = await store.pool.query<{ value: string }>(
    "select body->>'value' as value from labels order by id",
  );
  return rows.map(({ value }) => value);
};

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await connectBus({ servers: nats.url, name: 'gateway', server: 'control' });
  await ensureStreams(bus, 'control');
  const url = await ensureDatabase(postgres.url, LABEL_RESOLVER.service);
  store = await openEventStore({ ...LABEL_RESOLVER, url });
  const meta = { actor: { kind: 'user', id: '1' }, cluster: 'global' } as const;
  for (const [id, value] of ['shop', 'bank', 'mill'].entries())
    await store.append(`label-${id}`, 0, [label(String(id), value)], meta);
});
beforeEach(() => void said.splice(0));
afterEach(async () => {
  await relay?.close();
  relay = undefined;
});
afterAll(async () => {
  await bus.close();
  await store.close();
  await Promise.all([nats.close(), postgres.close()]);
});

describe('ringfence-admin', () => {
  it('builds read tables anew from the events while the service runs, as often as it is asked to', async () => {
    await store.pool.query("update labels set body = '{}'; delete from labels where id = '2'");
    expect(await ran('rebuild', 'label-resolver', 'labels')).toMatchObject({
      code: 0,
      out: 'labels is built anew\n',
      err: expect.stringContaining('labels: 3 of 3') as string,
    });
    expect(await shown()).toEqual(['shop', 'bank', 'mill']);
    const both = await Promise.all([ran('rebuild', 'label-resolver'), ran('rebuild', 'label-resolver')]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await shown()).toEqual(['shop', 'bank', 'mill']);
  });

  it('has a service publish its events again, from a position, and an owner say again what is so', async () => {
    relay = startRelay(store, listener);
    await eventually(() => said.length === 3);
    said.length = 0;
    expect(await ran('rewind', 'label-resolver', '--said', '--from', '1')).toMatchObject({ code: 0 });
    expect(said).toEqual(['evt.global.label.1', 'evt.global.label.2']);
    said.length = 0;
    expect(await ran('resync', 'label-resolver')).toMatchObject({
      code: 0,
      out: 'label-resolver has said 3 events again\n',
    });
    expect(said).toHaveLength(3);
  });

  it('has a service read again what its streams keep, while it runs', async () => {
    const [audit] = manifest.consumes;
    const seen: string[] = [];
    for (let n = 0; n < 5; n += 1) await bus.publish(`evt.global.label.${n}`, { n }, { id: randomUUID() });
    const consumer = bus.consume(audit!, async ({ subject }) => void seen.push(subject));
    await eventually(() => seen.length === 5);
    expect(await ran('rewind', 'gateway')).toMatchObject({
      code: 0,
      out: 'gateway has read its streams again\n',
    });
    expect(seen).toHaveLength(10);
    await consumer.close();
  });

  it('says what is wrong, and what to do', async () => {
    expect(await ran('--help')).toMatchObject({ code: 0, out: expect.stringContaining('rebuild') as string });
    expect(await ran('rebuild', 'nobody')).toMatchObject({ code: 2 });
    expect(await ran('rebuild', 'label-resolver', 'lables')).toMatchObject({
      code: 2,
      err: expect.stringContaining('it has: labels, label_types') as string,
    });
    expect(await ran('resync', 'flow-ingest')).toMatchObject({ code: 2 });
    expect(await ran('rewind', 'gateway', '--since', 'monday')).toMatchObject({ code: 2 });
    expect(await ran('rebuild', 'inventory')).toMatchObject({
      code: 1,
      err: expect.stringContaining('start inventory once') as string,
    });
    expect(await ran('rebuild', 'flow-ingest')).toMatchObject({
      code: 1,
      err: expect.stringContaining('rewind flow-ingest') as string,
    });
    const code = await runAdmin(['rebuild', 'gateway'], {}, { out: () => undefined, err: () => undefined });
    expect(code).toBe(2);
  });
});
