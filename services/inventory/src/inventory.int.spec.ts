import { randomUUID } from 'node:crypto';
import { CallError } from '@ringfence/bus';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seen, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

interface Created {
  id: string;
  token: string;
}
async function newCluster(): Promise<Created> {
  const { body } = await world.rest('container_clusters', 'create', { body: { name: `cluster ${randomUUID()}`, description: '' } });
  const { href, container_cluster_token: token } = body as { href: string; container_cluster_token: string };
  return { id: href.split('/').at(-1) ?? '', token };
}
const clusterBody = async (id: string) => (await world.rest('container_clusters', 'get', { ids: [id] })).body as Record<string, unknown>;
/** Observations of one cluster come in order, so what was said before is in when this cluster's heartbeat is. */
async function heard(cluster: string): Promise<void> {
  const at = new Date().toISOString();
  await world.observe(cluster, 'cluster', cluster, seen.cluster(at));
  await eventually(async () => (await clusterBody(cluster))['last_connected'] === at);
}
const eventsOf = async (cluster: string, type: string) => (await world.events(type)).filter((event) => JSON.stringify(event).includes(cluster));
const tokenOf = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof CallError ? error.errors[0]?.token : String(error)),
  );
async function activationCode(): Promise<string> {
  const { body: profiles } = await world.rest('pairing_profiles', 'list');
  const profile = (profiles as { href: string; is_default: boolean }[]).find((each) => each.is_default);
  const { body } = await world.rest('pairing_profiles', 'pairing_key', { ids: [profile?.href.split('/').at(-1) ?? ''] });
  return (body as { activation_code: string }).activation_code;
}

describe('a container cluster', () => {
  it('shows its token once and keeps only a hash of it', async () => {
    const { id, token } = await newCluster();
    expect(token).toMatch(/^1_[0-9a-f]{64}$/);
    expect(await clusterBody(id)).not.toHaveProperty('container_cluster_token');
    const dump = await world.inventory().store.pool.query('select hash from cluster_tokens union all select data::text from events');
    expect(dump.rows.some((row: { hash: string }) => row.hash.includes(token.slice(2)))).toBe(false);
  });
  it('exchanges its token for an uplink, and a wrong one for a refusal that is recorded', async () => {
    const { id, token } = await newCluster();
    expect(await world.inventory().exchangeToken({ cluster: id, token })).toMatchObject({ jwt: '' });
    expect(await tokenOf(world.inventory().exchangeToken({ cluster: id, token: `${token}0` }))).toBe('cluster_authentication_failed');
    expect(await tokenOf(world.inventory().exchangeToken({ cluster: randomUUID(), token }))).toBe('cluster_authentication_failed');
    const { rows } = await world.inventory().store.pool.query('select reason from refused_attempts where cluster = $1', [id]);
    expect(rows).toEqual([{ reason: 'wrong token' }]);
  });
  it('is in sync after kubelink was heard, and says which nodes share a machine-id', async () => {
    const { id } = await newCluster();
    expect(await clusterBody(id)).toMatchObject({ ringfence_status: 'never_connected', online: false });
    await heard(id);
    expect(await clusterBody(id)).toMatchObject({ ringfence_status: 'in_sync', online: true, manager_type: 'Kubernetes v1.30.1' });
    for (const name of ['a', 'b']) await world.observe(id, 'node', name, seen.node(name, { machineId: 'same' }));
    await heard(id);
    expect(await clusterBody(id)).toMatchObject({ ringfence_status: 'error', errors: [{ duplicate_ids: ['same'] }] });
  });
  it('finds its name taken', async () => {
    const { id } = await newCluster();
    const name = (await clusterBody(id))['name'];
    expect(await tokenOf(world.rest('container_clusters', 'create', { body: { name } }))).toBe('container_cluster_name_must_be_unique');
  });
});

describe('observations', () => {
  it('become events once, however often and in whatever order they come', async () => {
    const { id } = await newCluster();
    const said = [seen.workload('shop', 'web', { version: 1 }), seen.workload('shop', 'web', { version: 3, annotations: { 'com.illumio.role': 'Web' } })];
    for (const each of [...said, ...said, seen.workload('shop', 'web', { version: 2 })]) await world.observe(id, 'workload', 'web', each);
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop', { version: 2 }));
    await heard(id);
    expect((await eventsOf(id, 'KubernetesWorkloadDiscovered')).length).toBe(1);
    expect((await eventsOf(id, 'KubernetesWorkloadChanged')).map((event) => event.data['annotations'])).toEqual([{ 'com.illumio.role': 'Web' }]);
    expect((await eventsOf(id, 'NamespaceDiscovered')).length).toBe(1);
    expect((await eventsOf(id, 'NamespaceChanged')).length).toBe(0);
  });
  it('of a new list sweep what vanished between the two', async () => {
    const { id } = await newCluster();
    for (const name of ['kept', 'lost']) await world.observe(id, 'workload', name, seen.workload('shop', name, { version: 500 }));
    await world.observe(id, 'list', 'workload', seen.list('workload', 'e1', 2));
    await world.observe(id, 'workload', 'kept', seen.workload('shop', 'kept', { version: 3, epoch: 'e2' }));
    await world.observe(id, 'list', 'workload', seen.list('workload', 'e2', 1));
    await heard(id);
    const vanished = await world.events('KubernetesWorkloadVanished');
    const discovered = await eventsOf(id, 'KubernetesWorkloadDiscovered');
    const lost = discovered.find((event) => event.data['name'] === 'lost');
    expect(vanished.map((event) => event.data['id'])).toContain(lost?.data['id']);
    expect(vanished.map((event) => event.data['id'])).not.toContain(discovered.find((event) => event.data['name'] === 'kept')?.data['id']);
  });
  it('that came late from an older list do not bring back what was swept', async () => {
    const { id } = await newCluster();
    await world.observe(id, 'namespace', 'old', seen.namespace('old'));
    await world.observe(id, 'list', 'namespace', seen.list('namespace', 'e2', 0));
    await world.observe(id, 'namespace', 'old', seen.namespace('old', { version: 9 }));
    await heard(id);
    expect((await eventsOf(id, 'NamespaceDiscovered')).length).toBe(1);
    expect((await eventsOf(id, 'NamespaceVanished')).length).toBe(1);
  });
  it('go on after a restart where they stopped', async () => {
    const { id } = await newCluster();
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
    await heard(id);
    await world.restart();
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
    await world.observe(id, 'namespace', 'bank', seen.namespace('bank'));
    await heard(id);
    expect((await eventsOf(id, 'NamespaceDiscovered')).map((event) => event.data['name'])).toEqual(['shop', 'bank']);
  });
  it('keep a namespace\'s pairing key out of events', async () => {
    const { id } = await newCluster();
    const secret = { ...seen.namespace('shop'), annotations: { 'com.illumio.pairing_key': 'hush', team: 'red' } };
    await world.observe(id, 'namespace', 'shop', secret);
    await heard(id);
    expect((await eventsOf(id, 'NamespaceDiscovered'))[0]?.data['annotations']).toEqual({ team: 'red' });
  });
});

describe('pairing', () => {
  it('makes the node a managed workload, once, with the profile\'s mode', async () => {
    const { id, token } = await newCluster();
    await world.observe(id, 'node', 'n1', seen.node('n1'));
    await heard(id);
    const request = { cluster: id, token, pairingKey: await activationCode(), machineId: 'machine-n1', version: '0.1.0' };
    const first = await world.inventory().pairNode(request);
    expect(first.node).toBe('n1');
    expect(await world.inventory().pairNode(request)).toEqual(first);
    const { body } = await world.rest('workloads', 'get', { ids: [first.workload] });
    expect(body).toMatchObject({ managed: true, online: true, enforcement_mode: 'visibility_only', container_cluster: { href: `/orgs/1/container_clusters/${id}` } });
    expect((await world.rest('vens', 'get', { ids: [first.workload] })).body).toMatchObject({ status: 'active', hostname: 'n1', version: '0.1.0' });
  });
  it('is refused for a wrong key, an unknown node, and nodes that share a machine-id', async () => {
    const { id, token } = await newCluster();
    for (const name of ['a', 'b']) await world.observe(id, 'node', name, seen.node(name, { machineId: 'same' }));
    await heard(id);
    const request = { cluster: id, token, pairingKey: await activationCode(), machineId: 'same', version: '0.1.0' };
    const tokenFor = (over: Partial<typeof request>) => tokenOf(world.inventory().pairNode({ ...request, ...over }));
    expect(await tokenFor({})).toBe('duplicate_machine_id');
    expect(await tokenFor({ machineId: 'nobody' })).toBe('node_not_reported');
    expect(await tokenFor({ pairingKey: '0'.repeat(80) })).toBe('cluster_authentication_failed');
    expect(await tokenFor({ token: 'wrong' })).toBe('cluster_authentication_failed');
  });
  it('takes a spent key again only from a node that is paired already', async () => {
    const { id, token } = await newCluster();
    for (const name of ['a', 'b']) await world.observe(id, 'node', name, seen.node(name));
    await heard(id);
    const { body } = await world.rest('pairing_profiles', 'create', { body: { enabled: true, name: 'once', allowed_uses_per_key: 1 } });
    const profile = (body as { href: string }).href.split('/').at(-1) ?? '';
    const key = (await world.rest('pairing_profiles', 'pairing_key', { ids: [profile] })).body as { activation_code: string };
    const request = { cluster: id, token, pairingKey: key.activation_code, machineId: 'machine-a', version: '0.1.0' };
    await world.inventory().pairNode(request);
    await world.inventory().pairNode(request);
    expect(await tokenOf(world.inventory().pairNode({ ...request, machineId: 'machine-b' }))).toBe('cluster_authentication_failed');
    await world.rest('pairing_profiles', 'delete_pairing_keys', { ids: [profile] });
    expect(await tokenOf(world.inventory().pairNode(request))).toBe('cluster_authentication_failed');
  });
  it('ends when the node is gone, and then the cluster can be deleted', async () => {
    const { id, token } = await newCluster();
    await world.observe(id, 'node', 'n1', seen.node('n1'));
    await heard(id);
    const { workload } = await world.inventory().pairNode({ cluster: id, token, pairingKey: await activationCode(), machineId: 'machine-n1', version: '0.1.0' });
    await world.observe(id, 'heartbeat', 'n1', seen.heartbeat('n1', { addresses: ['10.0.0.7', '10.0.0.1'] }));
    await heard(id);
    expect((await world.events('WorkloadChanged')).filter((event) => event.data['id'] === workload).map((event) => event.data['addresses'])).toEqual([['10.0.0.1', '10.0.0.7']]);
    expect(await tokenOf(world.rest('container_clusters', 'delete', { ids: [id] }))).toBe('container_cluster_has_connected_agents');
    await world.observe(id, 'node', 'n1', seen.node('n1', { version: 2, gone: true }));
    await heard(id);
    expect((await world.rest('workloads', 'get', { ids: [workload] })).body).toMatchObject({ deleted: true });
    await world.rest('container_clusters', 'delete', { ids: [id] });
    expect(await tokenOf(world.rest('container_clusters', 'get', { ids: [id] }))).toBe('not_found_error');
    expect(await tokenOf(world.inventory().exchangeToken({ cluster: id, token }))).toBe('cluster_authentication_failed');
  });
});
