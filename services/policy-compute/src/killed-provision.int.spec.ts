/** A provision whose process is killed, as it is built, on a real Postgres and NATS: the version is there as a whole, or not at all. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { eventually, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicy } from './testing/policy-fixture.js';
import type { PolicyReader } from './testing/policy-fixture.js';
import { factsOn } from './testing/told-facts.js';

/** Held by who appends events, from the insert to the commit. */
const APPEND_LOCK = 7_310_001;
const OBJECTS = 30;
const KILLED_AFTER_MS = [0, 3, 7, 13, 25];

let nats: NatsServer;
let postgres: PostgresServer;
let process: ServiceProcess;
let bus: Bus;
let database: pg.Client;
let reader: PolicyReader;

const ask = (op: string, rest: Partial<ResourceRequest> = {}, collection = 'sec_policy') =>
  bus.call(
    CALLS.policyResource,
    {
      ...{ org: 1, actor: { kind: 'user', id: '1' }, collection, op, pversion: 'draft', ids: [], query: {} },
      ...{ body: null, ...rest },
    },
    { deadlineMs: 20_000 },
  );
const provision = (): Promise<ResourceResponse> => ask('provision', { body: { update_description: 'all' } });
const inForce = async (): Promise<number> =>
  (await ask('list', { pversion: 'active' }, 'ip_lists')).total ?? 0;
const latest = async (): Promise<number> => {
  const { body } = await ask('list', { query: { max_results: '1' } });
  return (body as { version: number }[])[0]?.version ?? 0;
};

async function draftMany(): Promise<void> {
  const round = randomUUID();
  for (let n = 0; n < OBJECTS; n += 1)
    await ask(
      'create',
      { body: { name: `${round} ${n}`, ip_ranges: [{ from_ip: '192.0.2.1' }] } },
      'ip_lists',
    );
}

async function startAgain(): Promise<void> {
  await process.start();
  await eventually(() => process.isReady());
}

/** Whoever asks again gets it done, or hears that it was. */
async function askedAgain(): Promise<'done' | 'was done'> {
  try {
    await provision();
    return 'done';
  } catch (error) {
    expect(error).toMatchObject({ errors: [{ token: 'nothing_to_provision' }] });
    return 'was done';
  }
}

/** Sends a provision and keeps it from being written until `release`; what it is answered is nobody's matter. */
async function provisionOnHold(): Promise<() => Promise<unknown>> {
  await database.query('select pg_advisory_lock($1)', [APPEND_LOCK]);
  void provision().catch(() => undefined);
  await eventually(async () => {
    const { rows } = await database.query<{ waiting: number }>(
      `select count(*)::int as waiting from pg_locks where locktype = 'advisory' and objid = $1 and not granted`,
      [APPEND_LOCK],
    );
    return rows[0]!.waiting > 0;
  });
  return () => database.query('select pg_advisory_unlock($1)', [APPEND_LOCK]);
}

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await connectBus({ servers: nats.url, name: 'everybody-else', server: 'control' });
  await ensureStreams(bus, 'control');
  const facts = factsOn(bus);
  await facts.label({ id: '1', key: 'role', value: 'web' });
  await facts.entity({ id: randomUUID(), name: 'web', labels: ['1'] });
  process = await startServiceProcess(new URL('../dist/main.js', import.meta.url), {
    NATS_URL: nats.url,
    DATABASE_URL: postgres.url,
  });
  await eventually(() => process.isReady());
  const url = new URL(postgres.url);
  url.pathname += '_policy_compute';
  database = new pg.Client({ connectionString: url.href });
  await database.connect();
  reader = await readPolicy(bus);
});
afterAll(async () => {
  await process?.stop();
  await reader?.close();
  await database?.end();
  await bus?.close();
  await Promise.all([nats?.close(), postgres?.close()]);
});

const committed = (version: number) => eventually(() => reader.commit()?.policyVersion === version);

describe('a provision during which the service is killed', () => {
  it('is nothing at all when it was not written, and is done for who asks again', async () => {
    const before = await latest();
    await draftMany();
    const held = await inForce();
    const release = await provisionOnHold();
    await process.kill();
    await release();
    await startAgain();
    expect(await latest()).toBe(before);
    expect(await inForce()).toBe(held);
    expect(await askedAgain()).toBe('done');
    expect(await latest()).toBe(before + 1);
    expect(await inForce()).toBe(held + OBJECTS);
    await committed(before + 1);
  });

  it('is the whole version when it was written, also for the clusters that were not told, and is said to have been done', async () => {
    const before = await latest();
    await draftMany();
    const held = await inForce();
    const release = await provisionOnHold();
    await nats.kill();
    await release();
    await eventually(async () => {
      const { rows } = await database.query('select 1 from policy_versions where version = $1', [before + 1]);
      return rows.length === 1;
    });
    await process.kill();
    await nats.start();
    await eventually(() => bus.isConnected());
    expect(reader.commit()?.policyVersion).toBe(before);
    await startAgain();
    expect(await askedAgain()).toBe('was done');
    expect(await latest()).toBe(before + 1);
    expect(await inForce()).toBe(held + OBJECTS);
    await committed(before + 1);
  });

  it('is one of the two at whatever moment that is', async () => {
    for (const ms of KILLED_AFTER_MS) {
      const before = await latest();
      await draftMany();
      const held = await inForce();
      const answered = provision().then(
        () => true,
        () => false,
      );
      await sleep(ms);
      await process.kill();
      await startAgain();
      const isThere = (await latest()) === before + 1;
      expect(await inForce()).toBe(held + (isThere ? OBJECTS : 0));
      // What was said to be done is.
      if (await Promise.race([answered, sleep(0, false)])) expect(isThere).toBe(true);
      expect(await askedAgain()).toBe(isThere ? 'was done' : 'done');
      expect(await inForce()).toBe(held + OBJECTS);
      await committed(before + 1);
    }
  });
});
