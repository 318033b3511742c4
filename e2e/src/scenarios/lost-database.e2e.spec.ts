/** A service's database is lost: what its streams keep comes back by itself, nothing is doubled, and enforcement never noticed. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deployment,
  label,
  managedNamespace,
  POLICY_GATE,
  provision,
  removeNamespace,
  ruleSet,
} from '../application.js';
import {
  api,
  apply,
  connect,
  eventually,
  HeldConnection,
  readyPods,
  recentFlows,
  stackProcess,
  stackProcesses,
} from '../world.js';
import type { Outcome, Pod } from '../world.js';

const NAMESPACE = 'lost-database';
const SERVICE = 'flow-ingest';
const SERVER = 'ld-server';
const scope = { app: 'lost-database', env: 'test' };
const [ALLOWED, FORBIDDEN, PAST] = [7600, 7601, 7603];

/** How the server is labelled in what flows to it are shown as; undefined: no flow is there. */
async function rolesShown({ address }: Pod): Promise<readonly string[] | undefined> {
  const flow = (await recentFlows()).find((each) => each.dst.ip === address && each.service.port === ALLOWED);
  const workload = flow?.dst.workload as { labels?: readonly { value: string }[] } | undefined;
  return workload?.labels?.map(({ value }) => value);
}
const isNamed = async (pod: Pod): Promise<boolean> => (await rolesShown(pod))?.includes(SERVER) ?? false;
/** Connections that were tried before, as they are stored now. */
const past = async (): Promise<number | undefined> =>
  (await recentFlows()).find(({ service }) => service.port === PAST)?.num_connections;

async function dropDatabase(): Promise<void> {
  const { env } = (await stackProcesses()).find(({ name }) => name === SERVICE)!;
  const url = new URL(env!['DATABASE_URL']!);
  const database = `${url.pathname.slice(1)}_flow_ingest`;
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`drop database ${pg.escapeIdentifier(database)} with (force)`);
  await client.end();
}

async function resync(service: string): Promise<void> {
  await api.post('/resync', { service });
  await eventually(`${service} has said everything again`, async () => {
    const { done } = await api.post<{ done: boolean }>('/resync', { service, begin: false });
    return done;
  });
}

describe('the database of flows and names is lost', () => {
  let server: Pod;
  let client: Pod;
  let held: HeldConnection;
  const outcomes: { readonly port: number; readonly outcome: Outcome }[] = [];
  let isWatching = true;
  let watching: Promise<unknown> = Promise.resolve();

  const watch = async (port: number): Promise<void> => {
    while (isWatching) outcomes.push({ port, outcome: await connect(client, server.address, port, 500) });
  };

  beforeAll(async () => {
    for (const role of [SERVER, 'ld-client']) await label('role', role);
    await managedNamespace(NAMESPACE, scope, 'full');
    await apply(
      deployment(NAMESPACE, 'server', { role: SERVER, port: ALLOWED, podSpec: POLICY_GATE }),
      deployment(NAMESPACE, 'client', { role: 'ld-client', port: 7602, podSpec: POLICY_GATE }),
    );
    await ruleSet(NAMESPACE, scope, [{ from: { role: 'ld-client' }, to: { role: SERVER }, port: ALLOWED }]);
    await provision(NAMESPACE);
    [server] = (await readyPods(NAMESPACE, 'server')) as [Pod];
    [client] = (await readyPods(NAMESPACE, 'client')) as [Pod];
    held = await HeldConnection.open(client, server.address, ALLOWED);
    watching = Promise.all([ALLOWED, FORBIDDEN].map(watch));
    await eventually('flows are shown by name', () => isNamed(server), 60_000);
  });
  afterAll(async () => {
    isWatching = false;
    await watching;
    held.close();
    await removeNamespace(NAMESPACE);
  });

  it('is whole again, also when the owners say everything once more, while the rest runs and nothing opens or closes', async () => {
    for (let n = 0; n < 3; n += 1) await connect(client, server.address, PAST, 300);
    await eventually('they are stored', async () => (await past()) !== undefined, 60_000);
    // Their last packets are in the next report.
    await sleep(5_000);
    const before = await past();
    await stackProcess(SERVICE, 'stop');
    await dropDatabase();
    await stackProcess(SERVICE, 'start');
    await eventually('flows of before are there again', async () => (await past()) === before, 60_000);
    await eventually('flows are shown by name again', () => isNamed(server), 60_000);
    for (const owner of ['inventory', 'label-resolver', 'policy-compute']) await resync(owner);
    expect(await past()).toBe(before);
    expect(await isNamed(server)).toBe(true);
    expect(await held.alive()).toBe(true);
    isWatching = false;
    await watching;
    const allOf = (port: number) =>
      outcomes.filter((each) => each.port === port).map(({ outcome }) => outcome);
    for (const [port, wanted] of [[ALLOWED, 'open'] as const, [FORBIDDEN, 'dropped'] as const]) {
      expect(allOf(port).length).toBeGreaterThan(5);
      expect([...new Set(allOf(port))]).toEqual([wanted]);
    }
  });
});
