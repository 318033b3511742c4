/** What one cluster says of flows waits behind nothing of another's, however much that is. */
import { connectBus } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, subjects } from '@ringfence/contracts';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, startNats, startPostgres, untilDone } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Config } from './config.js';
import { startFlowIngest } from './flow-ingest.module.js';
import { manifest } from './manifest.js';
import { aBatch, aFlow } from './testing/flow-batch.builder.js';
import { sayCluster } from './testing/known-cluster.js';

const HOSTILE = '6f1c7a9e-1111-4222-8333-000000000001';
const OTHER = '6f1c7a9e-1111-4222-8333-000000000002';
/** Several shares, whatever the clocks say. */
const FLOOD = 30_000;
/** A stream keeps only so much of each node. */
const NODES = 20;

let nats: NatsServer;
let postgres: PostgresServer;
let edge: Bus;
let service: HostedProcess;

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  service = await startHosted(
    { manifest, config: Config, start: startFlowIngest },
    { NATS_URL: nats.url, DATABASE_URL: postgres.url, RINGFENCE_MANAGEMENT_PORT: '0', LOG_LEVEL: 'fatal' },
  );
  await service.started;
  edge = await connectBus({ servers: nats.url, name: 'edge', server: 'control' });
});
afterAll(async () => {
  await service.stop();
  await edge.close();
  await Promise.all([nats.close(), postgres.close()]);
});

const batchOf = (cluster: string, number: number) => {
  const node = `node-${String(number % NODES)}`;
  const now = new Date().toISOString();
  const flows = [aFlow({ connections: 1 })];
  const batch = aBatch({ cluster, node, id: `${node}/boot/${String(number)}`, from: now, to: now, flows });
  return { subject: subjects.decorated(cluster, node), payload: batch };
};

async function connectionsOf(cluster: string): Promise<number> {
  const database = new pg.Client({ connectionString: `${postgres.url}_flow_ingest` });
  await database.connect();
  const { rows } = await database.query<{ sum: number }>(
    `select coalesce(sum(in_connections), 0)::int as sum from flows join ends on ends.id = flows.src
     where ends.cluster = $1`,
    [cluster],
  );
  await database.end();
  return rows[0]?.sum ?? 0;
}

describe('a flood of flows', () => {
  it('of one cluster holds up nothing that another says, and is told by the name of that cluster', async () => {
    const told: { cluster: string; stream: string }[] = [];
    edge.serve(CALLS.beyondShare, async ({ cluster, stream }) => {
      told.push({ cluster, stream });
      return {};
    });
    await sayCluster(edge, HOSTILE, 1);
    await sayCluster(edge, OTHER, 2);
    for (let each = 0; each < FLOOD; each += 1) {
      const { subject, payload } = batchOf(HOSTILE, each);
      edge.send(subject, payload);
    }
    // All of it stands before these.
    await edge.publishMany(Array.from({ length: 50 }, (_, each) => batchOf(OTHER, each)));
    await untilDone(
      async () => {
        const count = await connectionsOf(OTHER);
        const sign = JSON.stringify(service.health().facts);
        return count === 50 ? { done: count } : { missing: `${count} connections are there`, sign };
      },
      { what: 'what the other cluster says' },
    );
    await eventually(() => told.length > 0);
    expect(told[0]).toEqual({ cluster: HOSTILE, stream: 'FLOWS' });
    expect(told.map(({ cluster }) => cluster)).not.toContain(OTHER);
    expect(await connectionsOf(HOSTILE)).toBeLessThan(FLOOD);
  }, 600_000);
});
