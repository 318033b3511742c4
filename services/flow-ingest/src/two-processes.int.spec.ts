import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, subjects } from '@ringfence/contracts';
import { eventually, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aBatch, aFlow, CLUSTER } from './testing/flow-batch.builder.js';
import { sayCluster } from './testing/known-cluster.js';

let nats: NatsServer;
let postgres: PostgresServer;
let edge: Bus;
let processes: ServiceProcess[] = [];
let sent = 0;

const start = async (): Promise<ServiceProcess> => {
  const env = { NATS_URL: nats.url, DATABASE_URL: postgres.url };
  return startServiceProcess(new URL('../dist/main.js', import.meta.url), env);
};
/** One connection each, all of the same two ends. */
async function send(batches: number): Promise<void> {
  const now = { from: new Date(Date.now() - 5_000).toISOString(), to: new Date().toISOString() };
  for (let n = 0; n < batches; n += 1) {
    const batch = aBatch({ ...now, id: `node-1/boot/${(sent += 1)}`, flows: [aFlow({ connections: 1 })] });
    await edge.publish(subjects.decorated(CLUSTER, batch.node), batch);
  }
}
async function stored(): Promise<number> {
  const client = new pg.Client({ connectionString: `${postgres.url}_flow_ingest` });
  try {
    await client.connect();
    const { rows } = await client.query<{ sum: number }>(
      'select coalesce(sum(in_connections), 0)::int as sum from flows',
    );
    return rows[0]?.sum ?? 0;
  } finally {
    await client.end();
  }
}
const ask = () =>
  edge.call(CALLS.flowResource, {
    ...{ org: 1, actor: { kind: 'user', id: '1' }, collection: 'traffic_flows/database_metrics', op: 'get' },
    ...{ ids: [], query: {}, body: null },
  });

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  edge = await connectBus({ servers: nats.url, name: 'edge', server: 'control' });
  await ensureStreams(edge, 'control');
  await sayCluster(edge);
  processes = await Promise.all([start(), start()]);
  await eventually(async () => (await Promise.all(processes.map((each) => each.isReady()))).includes(true));
});
afterAll(async () => {
  for (const each of processes) await each.stop();
  await edge.close();
  await Promise.all([nats.close(), postgres.close()]);
});

describe('two processes of flow-ingest', () => {
  it('count every flow once and go on answering, whichever of them is killed meanwhile', async () => {
    for (let round = 0; round < 2; round += 1) {
      const states = await Promise.all(processes.map((each) => each.isReady()));
      expect(states.filter(Boolean)).toHaveLength(1);
      const writer = processes[states.indexOf(true)]!;
      const sending = send(300);
      await eventually(async () => (await stored()) > round * 400);
      await writer.kill();
      await sending;
      await eventually(() => ask().then(Boolean, () => false));
      await writer.start();
      await send(100);
    }
    await eventually(stored, (sum) => sum >= sent);
    expect(await stored()).toBe(800);
  });

  it('answer for the health of flow-ingest by the one that writes; the other says that it waits for its turn', async () => {
    await eventually(
      async () => (await Promise.all(processes.map((each) => each.missing()))).flat(),
      (missing) => missing.includes('turn: another process writes: this one waits for its turn'),
    );
    const words = await Promise.all(Array.from({ length: 20 }, () => edge.call(CALLS.flowHealth, {})));
    expect(words.flatMap(({ missing }) => missing)).toEqual([]);
  });

  it('are filled with what the stream still keeps when their database is lost', async () => {
    for (const each of processes) await each.stop();
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query('drop database ringfence_flow_ingest');
    await client.end();
    for (const each of processes) await each.start();
    await eventually(() => ask().then(Boolean, () => false));
    await send(1);
    await eventually(stored, (sum) => sum >= sent);
    expect(await stored()).toBe(801);
  });
});
