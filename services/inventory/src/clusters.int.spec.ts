/** Clusters, and what is observed in them. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { subjects } from '@ringfence/contracts';
import { kubernetesWorkloadId } from '@ringfence/labels';
import { tokenOf } from '@ringfence/resources/testing';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSecret } from './adapters/admission/secret.js';
import {
  expectContractedEvents,
  clusterBody,
  eventsOf,
  heard,
  newCluster,
} from './testing/inventory-client.js';
import { seen, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('a container cluster', () => {
  it('shows its token once and keeps only a hash of it', async () => {
    const { id, token } = await newCluster(world);
    expect(token).toMatch(/^1_[0-9a-f]{64}$/);
    expect(await clusterBody(world, id)).not.toHaveProperty('container_cluster_token');
    const dump = await world
      .inventory()
      .store.pool.query('select hash from cluster_tokens union all select data::text from events');
    expect(dump.rows.some((row: { hash: string }) => row.hash.includes(token.slice(2)))).toBe(false);
  });
  it('exchanges its token for an uplink, and a wrong one for a refusal that is recorded', async () => {
    const { id, token } = await newCluster(world);
    expect(await world.inventory().exchangeToken({ cluster: id, token })).toMatchObject({ jwt: '' });
    expect(await tokenOf(world.inventory().exchangeToken({ cluster: id, token: `${token}0` }))).toBe(
      'cluster_authentication_failed',
    );
    expect(await tokenOf(world.inventory().exchangeToken({ cluster: randomUUID(), token }))).toBe(
      'cluster_authentication_failed',
    );
    const { rows } = await world
      .inventory()
      .store.pool.query('select reason from refused_attempts where cluster = $1', [id]);
    expect(rows).toEqual([{ reason: 'wrong token' }]);
  });
  it('is in sync after kubelink was heard, and says which nodes share a machine-id', async () => {
    const { id } = await newCluster(world);
    expect(await clusterBody(world, id)).toMatchObject({
      ringfence_status: 'never_connected',
      online: false,
    });
    await heard(world, id);
    expect(await clusterBody(world, id)).toMatchObject({
      ringfence_status: 'in_sync',
      online: true,
      manager_type: 'Kubernetes v1.30.1',
      ringfence_lacks: [],
    });
    const lack = {
      token: 'api_server_away',
      message: 'the API server has not answered',
      detail: 'ECONNREFUSED',
    };
    await world.observe(id, 'cluster', id, seen.cluster(undefined, false, [lack]));
    await eventually(async () => (await clusterBody(world, id))['ringfence_status'] === 'out_of_sync');
    expect(await clusterBody(world, id)).toMatchObject({
      ...{ online: false, ringfence_lacks: [lack] },
      ringfence_status_message: 'kubelink: the API server has not answered',
    });
    for (const name of ['a', 'b'])
      await world.observe(id, 'node', name, seen.node(name, { machineId: 'same' }));
    await heard(world, id);
    expect(await clusterBody(world, id)).toMatchObject({
      ringfence_status: 'error',
      errors: [{ duplicate_ids: ['same'] }],
    });
  });
  it('finds its name taken', async () => {
    const { id } = await newCluster(world);
    const name = (await clusterBody(world, id))['name'];
    expect(await tokenOf(world.rest('container_clusters', 'create', { body: { name } }))).toBe(
      'container_cluster_name_must_be_unique',
    );
  });
});

describe('observations', () => {
  it('become events once, however often and in whatever order they come', async () => {
    const { id } = await newCluster(world);
    const said = [
      seen.workload('shop', 'web', { version: 1 }),
      seen.workload('shop', 'web', { version: 3, annotations: { 'com.illumio.role': 'Web' } }),
    ];
    for (const each of [...said, ...said, seen.workload('shop', 'web', { version: 2 })])
      await world.observe(id, 'workload', 'web', each);
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop', { version: 2 }));
    await heard(world, id);
    expect((await eventsOf(world, id, 'KubernetesWorkloadDiscovered')).length).toBe(1);
    expect(
      (await eventsOf(world, id, 'KubernetesWorkloadChanged')).map((event) => event.data['annotations']),
    ).toEqual([{ 'com.illumio.role': 'Web' }]);
    expect((await eventsOf(world, id, 'NamespaceDiscovered')).length).toBe(1);
    expect((await eventsOf(world, id, 'NamespaceChanged')).length).toBe(0);
  });
  it('of a new list sweep what vanished between the two', async () => {
    const { id } = await newCluster(world);
    for (const name of ['kept', 'lost'])
      await world.observe(id, 'workload', name, seen.workload('shop', name, { version: 500 }));
    await world.observe(id, 'list', 'workload', seen.list('workload', 'e1', 2));
    await world.observe(id, 'workload', 'kept', seen.workload('shop', 'kept', { version: 3, epoch: 'e2' }));
    // Of what may not be seen nobody can say that it is gone.
    await world.observe(id, 'list', 'workload', seen.list('workload', 'e2', 1, true));
    await heard(world, id);
    expect(await eventsOf(world, id, 'KubernetesWorkloadVanished')).toEqual([]);
    await world.observe(id, 'list', 'workload', seen.list('workload', 'e2', 1));
    await heard(world, id);
    const vanished = await world.events('KubernetesWorkloadVanished');
    const discovered = await eventsOf(world, id, 'KubernetesWorkloadDiscovered');
    const lost = discovered.find((event) => event.data['name'] === 'lost');
    expect(vanished.map((event) => event.data['id'])).toContain(lost?.data['id']);
    expect(vanished.map((event) => event.data['id'])).not.toContain(
      discovered.find((event) => event.data['name'] === 'kept')?.data['id'],
    );
  });
  it('that came late from an older list do not bring back what was swept', async () => {
    const { id } = await newCluster(world);
    await world.observe(id, 'namespace', 'old', seen.namespace('old'));
    await world.observe(id, 'list', 'namespace', seen.list('namespace', 'e2', 0));
    await world.observe(id, 'namespace', 'old', seen.namespace('old', { version: 9 }));
    await heard(world, id);
    expect((await eventsOf(world, id, 'NamespaceDiscovered')).length).toBe(1);
    expect((await eventsOf(world, id, 'NamespaceVanished')).length).toBe(1);
  });
  it('go on after a restart where they stopped', async () => {
    const { id } = await newCluster(world);
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
    await heard(world, id);
    await world.restart();
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
    await world.observe(id, 'namespace', 'bank', seen.namespace('bank'));
    await heard(world, id);
    expect((await eventsOf(world, id, 'NamespaceDiscovered')).map((event) => event.data['name'])).toEqual([
      'shop',
      'bank',
    ]);
  });
  it("keep a namespace's pairing key out of events", async () => {
    const { id } = await newCluster(world);
    const secret = {
      ...seen.namespace('shop'),
      annotations: { 'com.illumio.pairing_key': 'hush', team: 'red' },
    };
    await world.observe(id, 'namespace', 'shop', secret);
    await heard(world, id);
    const [discovered] = await eventsOf(world, id, 'NamespaceDiscovered');
    expect(discovered?.data['annotations']).toEqual({ team: 'red' });
    expect(discovered?.data['pairingKey']).toBe(hashSecret('hush'));
  });
});

describe('how other clusters see the Pods of one', () => {
  it('is told with their workload: by the nodes that they run on, or where its network is flat by their own addresses', async () => {
    const [{ id }, other] = [await newCluster(world), await newCluster(world)];
    const nodes = [seen.node('east-1'), { ...seen.node('east-2'), addresses: ['192.0.2.2'] }];
    for (const node of nodes) await world.observe(id, 'node', node.name, node);
    await world.observe(id, 'workload', 'shop-web', seen.workload('shop', 'web'));
    await world.observe(other.id, 'workload', 'shop-web', seen.workload('shop', 'web'));
    await heard(world, id);
    const workload = kubernetesWorkloadId(id, 'shop-web');
    await world.bus.publish(subjects.ack(id, 'east-2'), {
      ...{ node: 'east-2', revision: 1, policyVersion: 1, failed: [], at: new Date().toISOString() },
      workloads: [{ workload, pods: 1, enforced: 1, addresses: ['10.9.0.7'] }],
    });
    const outside = async (): Promise<unknown> => {
      const told = await eventsOf(world, workload, 'KubernetesWorkloadChanged');
      return (told.at(-1)?.data as { outside?: unknown } | undefined)?.outside;
    };
    const isTold = (wanted: object) => eventually(outside, (said) => isDeepStrictEqual(said, wanted));
    await isTold({ addresses: ['192.0.2.2'], isHidden: true });
    expect(await clusterBody(world, id)).toMatchObject({ network_type: 'overlay' });

    await world.rest('container_clusters', 'update', { ids: [id], body: { network_type: 'flat' } });
    await isTold({ addresses: ['10.9.0.7'], isHidden: false });
    expect(await clusterBody(world, id)).toMatchObject({ network_type: 'flat' });
    expect((await eventsOf(world, id, 'ContainerClusterChanged')).at(-1)?.data).toMatchObject({
      networkType: 'flat',
    });

    // Kubernetes says nothing of that, and takes nothing of it away.
    const relabelled = seen.workload('shop', 'web', {
      version: 2,
      annotations: { 'com.illumio.role': 'Web' },
    });
    await world.observe(id, 'workload', 'shop-web', relabelled);
    await heard(world, id);
    expect(await outside()).toEqual({ addresses: ['10.9.0.7'], isHidden: false });
    expect(
      await eventsOf(world, kubernetesWorkloadId(other.id, 'shop-web'), 'KubernetesWorkloadChanged'),
    ).toEqual([]);
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
