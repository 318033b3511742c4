import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectBus,
  controlServerConfig,
  formatCreds,
  mintControlPlane,
  serviceInbox,
  uplinkDurable,
} from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, subjects } from '@ringfence/contracts';
import type { ServiceManifest } from '@ringfence/contracts';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { eventually, startNats, startPostgres, untilDone } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Config } from './config.js';
import { startInventory } from './inventory.module.js';
import { manifest } from './manifest.js';
import { seen } from './testing/world.js';

const caller: ServiceManifest = {
  service: 'gateway',
  consumes: [],
  emits: [{ subject: 'policy.*.labels.*', server: 'control' }],
  serves: [],
  calls: ['inventoryResource', 'exchangeToken', 'pairNode', 'standing'],
};
/** Of messages in one lane: several shares, whatever the clocks say. */
const FLOOD = 30_000;
/** Behind a flood an answer takes as long as the machine is busy. */
const PATIENTLY = { deadlineMs: 60_000 };
let postgres: PostgresServer;
let nats: NatsServer;
let directory: string;
let hosted: HostedProcess;
let bus: Bus;

beforeAll(async () => {
  const keys = await mintControlPlane([manifest, caller]);
  [postgres, nats] = await Promise.all([
    startPostgres(),
    startNats({ config: (place) => controlServerConfig(place, keys) }),
  ]);
  directory = await mkdtemp(join(tmpdir(), 'ringfence-inventory-'));
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const credentials = (service: string) => keys.services[service] ?? { jwt: '', seed: '' };
  hosted = await startHosted(
    { manifest, config: Config, start: startInventory },
    {
      NATS_URL: nats.url,
      NATS_CREDS: await file('inventory.creds', formatCreds(credentials('inventory'))),
      NATS_SYSTEM_CREDS: await file('system.creds', formatCreds(keys.system.user)),
      NATS_OPERATOR_KEY: await file('operator.seed', keys.operator.seed),
      NATS_CORE_ACCOUNT: keys.core.account,
      DATABASE_URL: postgres.url,
      RINGFENCE_MANAGEMENT_PORT: '0',
      LOG_LEVEL: 'fatal',
    },
  );
  await hosted.started;
  bus = await connectBus({
    servers: nats.url,
    name: 'gateway',
    server: 'control',
    credentials: credentials('gateway'),
    inboxPrefix: serviceInbox('gateway'),
  });
});
afterAll(async () => {
  await bus.close();
  await hosted.stop();
  await Promise.all([postgres.close(), nats.close()]);
  await rm(directory, { recursive: true, force: true });
});

const rest = (collection: string, op: string, ids: string[] = [], body: unknown = null) =>
  bus.call(
    CALLS.inventoryResource,
    { org: 1, actor: { kind: 'user', id: '1' }, collection, op, ids, query: {}, body },
    PATIENTLY,
  );

async function connectedCluster(name: string): Promise<{ cluster: string; token: string; edge: Bus }> {
  const { body } = await rest('container_clusters', 'create', [], { name });
  const { href, container_cluster_token: token } = body as { href: string; container_cluster_token: string };
  const cluster = href.split('/').at(-1) ?? '';
  const uplink = await bus.call(CALLS.exchangeToken, { cluster, token }, PATIENTLY);
  const edge = await connectBus({
    ...{ servers: uplink.natsUrl, name: 'clas-cache', server: 'control', credentials: uplink },
  });
  return { cluster, token, edge };
}

describe('inventory as a process, on a server that asks for credentials', () => {
  it('gives a cluster an account of its own, through which its facts come in and its policy goes out', async () => {
    const { cluster, edge } = await connectedCluster('one');
    await edge.publish(subjects.observation(cluster, 'node', 'n1'), seen.node('n1'));
    await edge.publish(subjects.observation(cluster, 'cluster', cluster), seen.cluster());
    const online = async () =>
      (await rest('container_clusters', 'get', [cluster])).body as { online: boolean; nodes: unknown[] };
    expect(await eventually(online, (seenNow) => seenNow.online)).toMatchObject({ nodes: [{ name: 'n1' }] });

    await bus.publish(subjects.policy(cluster, 'labels', 'catalogue'), { version: 1, types: [], labels: [] });
    const values: unknown[] = [];
    const reader = await edge.latest(
      'POLICY',
      `policy.${cluster}.*.*`,
      ({ payload }) => void values.push(payload),
      { durable: uplinkDurable(cluster) },
    );
    await eventually(() => values.length === 1);
    await reader.close();
    await edge.close();
  });

  it('lets a cluster in again with the credential that it has, where NATS has lost its disk', async () => {
    const { cluster, edge } = await connectedCluster('two');
    const values: unknown[] = [];
    await edge.latest('POLICY', `policy.${cluster}.*.*`, ({ payload }) => void values.push(payload), {
      durable: uplinkDurable(cluster),
    });
    const catalogue = { version: 1, types: [], labels: [] };
    const tell = () => bus.publish(subjects.policy(cluster, 'labels', 'catalogue'), catalogue);
    await tell();
    await eventually(() => values.length === 1);
    await nats.loseDisk();
    await eventually(() => bus.isConnected() && edge.isConnected());
    await eventually(() =>
      tell().then(
        () => true,
        () => false,
      ),
    );
    await eventually(() => values.length === 2);
    await edge.close();
  });

  it('tells a caller why it was refused', async () => {
    const wrong = bus.call(CALLS.exchangeToken, { cluster: 'nobody', token: 'nothing' });
    await expect(wrong).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      errors: [{ token: 'cluster_authentication_failed' }],
    });
  });

  it('says that it is ready, and in words what waits', async () => {
    const answer = await fetch(`${hosted.managementUrl}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      ready: true,
      facts: { 'waiting in inventory-observations': '0' },
    });
  });

  it('takes in all that one cluster says while another floods every lane, and cuts that one off by name', async () => {
    const [hostile, other] = [await connectedCluster('hostile'), await connectedCluster('other')];
    const { cluster, token, edge } = hostile;
    for (let each = 0; each < FLOOD; each += 1) {
      const name = `invented-${String(each)}`;
      edge.send(subjects.observation(cluster, 'node', name), seen.node(name));
      if (each % 10 > 0) continue;
      edge.send(subjects.heartbeat(cluster, name), seen.heartbeat(name));
      edge.send(subjects.ack(cluster, name), {});
    }
    // What the other says stands behind all of it, in each lane. It may be cut off already.
    await edge.publish(subjects.pulse(cluster), {}).catch(() => undefined);
    const names = Array.from({ length: 50 }, (_, index) => `n${String(index)}`);
    await other.edge.publish(subjects.observation(other.cluster, 'cluster', 'c'), seen.cluster());
    for (const name of names)
      await other.edge.publish(subjects.observation(other.cluster, 'node', name), seen.node(name));
    const nodesOf = async (id: string) =>
      ((await rest('container_clusters', 'get', [id])).body as { nodes: unknown[] }).nodes.length;
    await untilDone(
      async () => {
        const count = await nodesOf(other.cluster);
        const sign = JSON.stringify(hosted.health().facts);
        return count === names.length ? { done: count } : { missing: `${count} nodes are there`, sign };
      },
      { what: 'what the other cluster says' },
    );
    await eventually(() => !edge.isConnected());

    expect(other.edge.isConnected()).toBe(true);
    await expect(bus.call(CALLS.exchangeToken, { cluster, token }, PATIENTLY)).rejects.toMatchObject({
      ...{ code: 'RESOURCE_EXHAUSTED', errors: [{ token: 'cluster_suspended' }] },
    });
    const standing = await bus.call(CALLS.standing, {}, PATIENTLY);
    const words = (id: string) => standing.clusters.find((each) => each.id === id);
    expect(words(cluster)).toMatchObject({
      ...{ name: 'hostile', status: 'error', message: expect.stringContaining('far more than its share') },
    });
    expect(words(other.cluster)?.message).not.toContain('share');
    const metrics = await (await fetch(`${hosted.managementUrl}/metrics`)).text();
    expect(metrics).toContain(`inventory_suspensions_total{cluster="${cluster}"} 1`);
    await Promise.all([edge.close(), other.edge.close()]);
  }, 600_000);
});
