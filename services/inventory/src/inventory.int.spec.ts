import { randomUUID } from 'node:crypto';
import { CallError, createKeys } from '@ringfence/bus';
import { EVENTS, subjects } from '@ringfence/contracts';
import type { EventType } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labelled } from './read/labelled.js';
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
  const { body } = await world.rest('container_clusters', 'create', {
    body: { name: `cluster ${randomUUID()}`, description: '' },
  });
  const { href, container_cluster_token: token } = body as { href: string; container_cluster_token: string };
  return { id: href.split('/').at(-1) ?? '', token };
}
const clusterBody = async (id: string) =>
  (await world.rest('container_clusters', 'get', { ids: [id] })).body as Record<string, unknown>;
/** Observations of one cluster come in order, so what was said before is in when this cluster's heartbeat is. */
async function heard(cluster: string): Promise<void> {
  const at = new Date().toISOString();
  await world.observe(cluster, 'cluster', cluster, seen.cluster(at));
  await eventually(async () => (await clusterBody(cluster))['last_connected'] === at);
}
const eventsOf = async (cluster: string, type: string) =>
  (await world.events(type)).filter((event) => JSON.stringify(event).includes(cluster));
const tokenOf = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof CallError ? error.errors[0]?.token : String(error)),
  );
const newKey = (): string => createKeys('user').publicKey;
async function activationCode(): Promise<string> {
  const { body: profiles } = await world.rest('pairing_profiles', 'list');
  const profile = (profiles as { href: string; is_default: boolean }[]).find((each) => each.is_default);
  const { body } = await world.rest('pairing_profiles', 'pairing_key', {
    ids: [profile?.href.split('/').at(-1) ?? ''],
  });
  return (body as { activation_code: string }).activation_code;
}

describe('a container cluster', () => {
  it('shows its token once and keeps only a hash of it', async () => {
    const { id, token } = await newCluster();
    expect(token).toMatch(/^1_[0-9a-f]{64}$/);
    expect(await clusterBody(id)).not.toHaveProperty('container_cluster_token');
    const dump = await world
      .inventory()
      .store.pool.query('select hash from cluster_tokens union all select data::text from events');
    expect(dump.rows.some((row: { hash: string }) => row.hash.includes(token.slice(2)))).toBe(false);
  });
  it('exchanges its token for an uplink, and a wrong one for a refusal that is recorded', async () => {
    const { id, token } = await newCluster();
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
    const { id } = await newCluster();
    expect(await clusterBody(id)).toMatchObject({ ringfence_status: 'never_connected', online: false });
    await heard(id);
    expect(await clusterBody(id)).toMatchObject({
      ringfence_status: 'in_sync',
      online: true,
      manager_type: 'Kubernetes v1.30.1',
    });
    for (const name of ['a', 'b'])
      await world.observe(id, 'node', name, seen.node(name, { machineId: 'same' }));
    await heard(id);
    expect(await clusterBody(id)).toMatchObject({
      ringfence_status: 'error',
      errors: [{ duplicate_ids: ['same'] }],
    });
  });
  it('finds its name taken', async () => {
    const { id } = await newCluster();
    const name = (await clusterBody(id))['name'];
    expect(await tokenOf(world.rest('container_clusters', 'create', { body: { name } }))).toBe(
      'container_cluster_name_must_be_unique',
    );
  });
});

describe('observations', () => {
  it('become events once, however often and in whatever order they come', async () => {
    const { id } = await newCluster();
    const said = [
      seen.workload('shop', 'web', { version: 1 }),
      seen.workload('shop', 'web', { version: 3, annotations: { 'com.illumio.role': 'Web' } }),
    ];
    for (const each of [...said, ...said, seen.workload('shop', 'web', { version: 2 })])
      await world.observe(id, 'workload', 'web', each);
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
    await world.observe(id, 'namespace', 'shop', seen.namespace('shop', { version: 2 }));
    await heard(id);
    expect((await eventsOf(id, 'KubernetesWorkloadDiscovered')).length).toBe(1);
    expect(
      (await eventsOf(id, 'KubernetesWorkloadChanged')).map((event) => event.data['annotations']),
    ).toEqual([{ 'com.illumio.role': 'Web' }]);
    expect((await eventsOf(id, 'NamespaceDiscovered')).length).toBe(1);
    expect((await eventsOf(id, 'NamespaceChanged')).length).toBe(0);
  });
  it('of a new list sweep what vanished between the two', async () => {
    const { id } = await newCluster();
    for (const name of ['kept', 'lost'])
      await world.observe(id, 'workload', name, seen.workload('shop', name, { version: 500 }));
    await world.observe(id, 'list', 'workload', seen.list('workload', 'e1', 2));
    await world.observe(id, 'workload', 'kept', seen.workload('shop', 'kept', { version: 3, epoch: 'e2' }));
    await world.observe(id, 'list', 'workload', seen.list('workload', 'e2', 1));
    await heard(id);
    const vanished = await world.events('KubernetesWorkloadVanished');
    const discovered = await eventsOf(id, 'KubernetesWorkloadDiscovered');
    const lost = discovered.find((event) => event.data['name'] === 'lost');
    expect(vanished.map((event) => event.data['id'])).toContain(lost?.data['id']);
    expect(vanished.map((event) => event.data['id'])).not.toContain(
      discovered.find((event) => event.data['name'] === 'kept')?.data['id'],
    );
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
    expect((await eventsOf(id, 'NamespaceDiscovered')).map((event) => event.data['name'])).toEqual([
      'shop',
      'bank',
    ]);
  });
  it("keep a namespace's pairing key out of events", async () => {
    const { id } = await newCluster();
    const secret = {
      ...seen.namespace('shop'),
      annotations: { 'com.illumio.pairing_key': 'hush', team: 'red' },
    };
    await world.observe(id, 'namespace', 'shop', secret);
    await heard(id);
    expect((await eventsOf(id, 'NamespaceDiscovered'))[0]?.data['annotations']).toEqual({ team: 'red' });
  });
});

/** What a machine shows of itself at its first pairing. */
const pairingOf = async ({ id, token }: Created, machineId: string) => ({
  ...{ cluster: id, token, pairingKey: await activationCode(), machineId, version: '0.1.0' },
  publicKey: newKey(),
});

describe('pairing', () => {
  it("makes the node a managed workload, once, with the profile's mode", async () => {
    const { id, token } = await newCluster();
    await world.observe(id, 'node', 'n1', seen.node('n1'));
    await heard(id);
    const request = await pairingOf({ id, token }, 'machine-n1');
    const [first, ...again] = await Promise.all([1, 2, 3].map(() => world.inventory().pairNode(request)));
    expect(first?.node).toBe('n1');
    for (const each of again) expect(each).toEqual(first);
    const { body } = await world.rest('workloads', 'get', { ids: [first?.workload ?? ''] });
    expect(body).toMatchObject({
      managed: true,
      online: true,
      enforcement_mode: 'visibility_only',
      container_cluster: { href: `/orgs/1/container_clusters/${id}` },
    });
    expect((await world.rest('vens', 'get', { ids: [first?.workload ?? ''] })).body).toMatchObject({
      status: 'active',
      hostname: 'n1',
      version: '0.1.0',
    });
  });
  it('is refused for a wrong key, an unknown node, and nodes that share a machine-id', async () => {
    const { id, token } = await newCluster();
    for (const name of ['a', 'b'])
      await world.observe(id, 'node', name, seen.node(name, { machineId: 'same' }));
    await heard(id);
    const request = await pairingOf({ id, token }, 'same');
    const tokenFor = (over: Partial<typeof request>) =>
      tokenOf(world.inventory().pairNode({ ...request, ...over }));
    expect(await tokenFor({})).toBe('duplicate_machine_id');
    expect(await tokenFor({ machineId: 'nobody' })).toBe('node_not_reported');
    expect(await tokenFor({ pairingKey: '0'.repeat(80) })).toBe('cluster_authentication_failed');
    expect(await tokenFor({ token: 'wrong' })).toBe('cluster_authentication_failed');
  });
  it('takes a pairing key once per use, and asks a paired node for nothing but its own key', async () => {
    const { id, token } = await newCluster();
    for (const name of ['a', 'b']) await world.observe(id, 'node', name, seen.node(name));
    await heard(id);
    const { body } = await world.rest('pairing_profiles', 'create', {
      body: { enabled: true, name: 'once', allowed_uses_per_key: 1 },
    });
    const profile = (body as { href: string }).href.split('/').at(-1) ?? '';
    const key = (await world.rest('pairing_profiles', 'pairing_key', { ids: [profile] })).body as {
      activation_code: string;
    };
    const a = { ...(await pairingOf({ id, token }, 'machine-a')), pairingKey: key.activation_code };
    const b = { ...a, machineId: 'machine-b', publicKey: newKey() };
    const pairings = await Promise.allSettled([a, b].map((each) => world.inventory().pairNode(each)));
    expect(pairings.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const [paired, other] = pairings[0]?.status === 'fulfilled' ? [a, b] : [b, a];
    await world.inventory().pairNode(paired);
    expect(await tokenOf(world.inventory().pairNode(other))).toBe('cluster_authentication_failed');
    await world.rest('pairing_profiles', 'delete_pairing_keys', { ids: [profile] });
    await world.inventory().pairNode({ ...paired, pairingKey: 'gone' });
  });
  it('pairs no other node than the one that Kubernetes vouches for, and leaves it free', async () => {
    const { id, token } = await newCluster();
    await world.observe(id, 'node', 'a', seen.node('a'));
    await heard(id);
    const pair = async (vouchedNode: string, over: object = {}) =>
      world.inventory().pairNode({ ...(await pairingOf({ id, token }, 'machine-a')), ...over, vouchedNode });
    expect(await tokenOf(pair('b'))).toBe('agent_token_of_other_node');
    const own = { publicKey: newKey() };
    expect((await pair('a', own)).node).toBe('a');
    expect(await tokenOf(pair('b', own))).toBe('agent_token_of_other_node');
  });
  it('gives nobody the place of a paired machine, whichever pairing key is shown', async () => {
    const { id, token } = await newCluster();
    for (const name of ['a', 'b']) await world.observe(id, 'node', name, seen.node(name));
    await heard(id);
    const victim = await pairingOf({ id, token }, 'machine-a');
    const first = await world.inventory().pairNode(victim);
    const attack = { ...victim, publicKey: newKey() };
    const refusal = (over: object) => tokenOf(world.inventory().pairNode({ ...attack, ...over }));
    expect(await refusal({})).toBe('machine_already_paired');
    expect(await refusal({ pairingKey: await activationCode() })).toBe('machine_already_paired');
    // A wrong key learns nothing, not even that the machine is paired or reported.
    for (const machineId of ['machine-a', 'machine-b', 'nobody'])
      expect(await refusal({ machineId, pairingKey: '0'.repeat(80) })).toBe('cluster_authentication_failed');
    // One key is one machine's.
    expect(await refusal({ ...victim, machineId: 'machine-b' })).toBe('node_key_in_use');
    // A neighbour that calls itself by the victim's machine-id stops no renewal.
    await world.observe(id, 'node', 'b', seen.node('b', { version: 2, machineId: 'machine-a' }));
    await heard(id);
    expect(await refusal({})).toBe('duplicate_machine_id');
    expect(await world.inventory().pairNode(victim)).toEqual(first);
    // Unpaired, the machine is anybody's who has a key.
    await world.observe(id, 'node', 'b', seen.node('b', { version: 3 }));
    await world.observe(id, 'node', 'a', seen.node('a', { version: 2, gone: true }));
    await heard(id);
    await world.observe(id, 'node', 'a', seen.node('a', { version: 3 }));
    await heard(id);
    expect((await world.inventory().pairNode(attack)).node).toBe('a');
  });
  it('does not end because an agent says so: neither another node’s, nor its own unasked', async () => {
    const { id, token } = await newCluster();
    for (const name of ['n1', 'n2']) await world.observe(id, 'node', name, seen.node(name));
    await heard(id);
    const { workload } = await world.inventory().pairNode(await pairingOf({ id, token }, 'machine-n2'));
    await world.inventory().pairNode(await pairingOf({ id, token }, 'machine-n1'));
    await world.observe(id, 'heartbeat', 'n1', seen.heartbeat('n2', { status: 'unpaired' }));
    await world.observe(id, 'heartbeat', 'n2', seen.heartbeat('n2', { status: 'unpaired' }));
    const refused = async () =>
      (await world.events('AgentRefused')).filter(({ data }) => data['cluster'] === id);
    await eventually(async () => (await refused()).length === 1);
    expect((await refused())[0]!.data).toMatchObject({
      node: 'n2',
      claims: [{ claim: 'heartbeat', count: 1 }],
    });
    expect((await world.rest('workloads', 'get', { ids: [workload] })).body).toMatchObject({
      deleted: false,
    });
    // What clas-cache refused is kept for the audit.
    const claims = [{ claim: 'flow', detail: 'Pod p is on another node', count: 7 }];
    await world.bus.publish(subjects.refusal(id, 'n1'), { node: 'n1', claims, at: new Date().toISOString() });
    await eventually(async () => (await refused()).length === 2);
  });
  it('ends when the node is gone, and then the cluster can be deleted', async () => {
    const { id, token } = await newCluster();
    await world.observe(id, 'node', 'n1', seen.node('n1'));
    await heard(id);
    const { workload } = await world.inventory().pairNode(await pairingOf({ id, token }, 'machine-n1'));
    await world.observe(id, 'heartbeat', 'n1', seen.heartbeat('n1', { addresses: ['10.0.0.7', '10.0.0.1'] }));
    const addressesTold = async (): Promise<unknown[]> =>
      (await world.events('WorkloadChanged'))
        .filter((event) => event.data['id'] === workload)
        .map((event) => event.data['addresses']);
    await eventually(async () => (await addressesTold()).length > 0);
    expect(await addressesTold()).toEqual([['10.0.0.1', '10.0.0.7']]);
    const cutByFull = [{ peer: '203.0.113.5', proto: 6, port: 10_250 }];
    await world.observe(id, 'heartbeat', 'n1', seen.heartbeat('n1', { cutByFull }));
    const shown = async () => (await world.rest('workloads', 'get', { ids: [workload] })).body;
    await eventually(async () => JSON.stringify(await shown()).includes('203.0.113.5'));
    expect(await shown()).toMatchObject({ agent: { cut_by_full: cutByFull } });
    const toFull = (body: object) =>
      world.rest('workloads', 'update', { ids: [workload], body: { enforcement_mode: 'full', ...body } });
    await expect(toFull({})).rejects.toThrow('203.0.113.5 → 10250/tcp');
    expect(await tokenOf(toFull({}))).toBe('confirmation_required');
    expect(await shown()).toMatchObject({ enforcement_mode: 'visibility_only' });
    await toFull({ confirm: true });
    expect(await shown()).toMatchObject({ enforcement_mode: 'full' });
    expect(await tokenOf(world.rest('container_clusters', 'delete', { ids: [id] }))).toBe(
      'container_cluster_has_connected_agents',
    );
    await world.observe(id, 'node', 'n1', seen.node('n1', { version: 2, gone: true }));
    await heard(id);
    expect((await world.rest('workloads', 'get', { ids: [workload] })).body).toMatchObject({ deleted: true });
    await world.rest('container_clusters', 'delete', { ids: [id] });
    expect(await tokenOf(world.rest('container_clusters', 'get', { ids: [id] }))).toBe('not_found_error');
    expect(await tokenOf(world.inventory().exchangeToken({ cluster: id, token }))).toBe(
      'cluster_authentication_failed',
    );
  });
});

describe('workloads over REST', () => {
  const web = '71';
  let position = 0;
  const said = {
    version: 1,
    v: 1,
    actor: { kind: 'system', id: 'label-resolver' },
    at: '2026-01-01T00:00:00.000Z',
  };
  const say = (type: string, cluster: string, entity: string, id: string, data: unknown) =>
    world.bus.publish(subjects.event(cluster, entity, id), {
      ...said,
      id: randomUUID(),
      position: (position += 1),
      type,
      stream: `${entity}-${id}`,
      cluster,
      data,
    });
  const label = (id: string, key: string, value: string) =>
    say('LabelCreated', 'global', 'label', id, {
      id,
      key,
      value,
      externalDataSet: null,
      externalDataReference: null,
    });
  const known = (id: string) =>
    eventually(async () => (await labelled.get(world.inventory().store.pool, 'label', id)) !== undefined);
  beforeAll(async () => {
    await label(web, 'role', 'Web');
    await label('72', 'role', 'Database');
    await known('72');
  });

  it('are made, changed and soft-deleted, with labels that exist, one per type', async () => {
    const labels = [{ href: `/orgs/1/labels/${web}` }];
    const interfaces = [{ name: 'eth0', address: '10.9.9.9', link_state: 'up' }];
    const { body } = await world.rest('workloads', 'create', {
      body: { name: 'db-1', hostname: '', public_ip: '', interfaces, labels },
    });
    expect(body).toMatchObject({
      managed: false,
      labels: [{ key: 'role', value: 'Web' }],
      interfaces: [{ name: 'eth0', address: '10.9.9.9' }],
    });
    const id = (body as { href: string }).href.split('/').at(-1) ?? '';
    expect((await world.rest('workloads/interfaces', 'list', { ids: [id] })).body).toMatchObject([
      { name: 'eth0' },
    ]);
    const two = { labels: [...labels, { href: '/orgs/1/labels/72' }] };
    expect(await tokenOf(world.rest('workloads', 'update', { ids: [id], body: two }))).toBe(
      'input_validation_error',
    );
    await world.rest('workloads', 'delete', { ids: [id] });
    expect((await world.rest('workloads', 'get', { ids: [id] })).body).toMatchObject({ deleted: true });
    expect(await tokenOf(world.rest('workloads', 'delete', { ids: [id] }))).toBe('workload_already_deleted');
  });

  it('are made, changed and deleted in bulk, each answered in its place', async () => {
    const mark = randomUUID();
    const reference = { external_data_set: mark, external_data_reference: '1' };
    const created = (
      await world.rest('workloads', 'bulk_create', {
        body: [{ name: `a ${mark}`, ...reference }, { name: 5 }, { name: `b ${mark}` }],
      })
    ).body;
    expect(created).toMatchObject([
      { status: 'created' },
      { token: 'input_validation_error' },
      { status: 'created' },
    ]);
    const hrefs = (created as { href?: string }[]).map((each) => each.href);
    const updated = await world.rest('workloads', 'bulk_update', {
      body: [{ href: hrefs[0], description: 'first' }, { href: `/orgs/1/workloads/${randomUUID()}` }],
    });
    expect(updated.body).toMatchObject([{ href: hrefs[0], status: 'updated' }, { token: 'not_found_error' }]);
    const byReference = `/orgs/1/workloads?external_data_set=${mark}&external_data_reference=1`;
    const gone = { href: `/orgs/1/workloads/${randomUUID()}` };
    const deleted = await world.rest('workloads', 'bulk_delete', {
      body: [{ href: byReference }, { href: hrefs[2] }, gone],
    });
    expect(deleted.body).toMatchObject([{ ...gone, errors: [{ token: 'not_found_error' }] }]);
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(0);
  });

  it('and Kubernetes workloads are filtered; an address that is none is refused', async () => {
    const mark = randomUUID();
    const labels = [{ href: `/orgs/1/labels/${web}` }];
    await world.rest('workloads', 'create', {
      body: { name: mark, labels, interfaces: [{ name: 'e', address: '10.77.0.1' }] },
    });
    const found = async (query: Record<string, string>) =>
      (await world.rest('workloads', 'list', { query: { name: mark, ...query } })).matched;
    expect(await found({ labels: JSON.stringify([[`/orgs/1/labels/${web}`]]) })).toBe(1);
    expect(await found({ labels: JSON.stringify([[`/orgs/1/labels/${web}`, '/orgs/1/labels/72']]) })).toBe(0);
    expect(await found({ managed: 'True' })).toBe(0);
    expect(await found({ ip_address: '10.77' })).toBe(1);
    expect(await tokenOf(world.rest('workloads', 'list', { query: { ip_address: 'nonsense' } }))).toBe(
      'input_validation_error',
    );
  });

  it('show Kubernetes workloads of managed namespaces only, with refusals and how far they have converged', async () => {
    const { id } = await newCluster();
    for (const name of ['web', 'unmanaged'])
      await world.observe(id, 'workload', name, seen.workload('shop', name));
    await heard(id);
    const list = async () =>
      (
        await world.rest('kubernetes_workloads', 'list', {
          query: { container_clusters: JSON.stringify([`/orgs/1/container_clusters/${id}`]) },
        })
      ).body as Record<string, unknown>[];
    expect(await list()).toEqual([]);
    const workload = (await eventsOf(id, 'KubernetesWorkloadDiscovered')).find(
      (event) => event.data['name'] === 'web',
    )?.data['id'] as string;
    const refused = [{ key: 'env', annotation: 'com.illumio.env', value: 'x', reason: 'no-such-label' }];
    const entity = {
      id: workload,
      cluster: id,
      class: 'pod',
      kind: 'Deployment',
      namespace: 'shop',
      name: 'web',
      labels: [web],
      mode: 'full',
      refused,
      addresses: [],
      node: null,
    };
    await say('EntityLabelled', id, 'entity', workload, entity);
    const [first] = await eventually(list, (all) => all.length === 1);
    expect(first).toMatchObject({
      labels: [{ value: 'Web' }],
      enforcement_mode: 'full',
      security_policy_sync_state: 'syncing',
      ringfence_refused_annotations: refused,
    });
    const ack = (node: string, enforced: number, at: string) =>
      world.bus.publish(subjects.ack(id, node), {
        node,
        revision: 1,
        policyVersion: 4,
        at,
        workloads: [{ workload, pods: 2, enforced, addresses: [`10.244.0.${enforced}`] }],
        failed: [],
      });
    await ack('n1', 2, '2026-01-01T00:00:02.000Z');
    await ack('n2', 1, '2026-01-01T00:00:01.000Z');
    const status = async () =>
      (await list())[0]?.['container_policy_convergence_status'] as Record<string, unknown>;
    expect(await eventually(status, (seen_) => seen_['total_pods_count'] === 4)).toMatchObject({
      success_pods_count: 3,
      pending_pods_count: 1,
    });
    await ack('n2', 2, '2026-01-01T00:00:03.000Z');
    await world.bus.publish(subjects.pulse(id), seen.pulse(4));
    await world.labelHosts();
    await eventually(async () => (await list())[0]?.['security_policy_sync_state'] === 'applied');
    // An acknowledgement that comes late changes nothing.
    await ack('n2', 0, '2026-01-01T00:00:02.500Z');
    await heard(id);
    expect(await status()).toMatchObject({
      success_pods_count: 4,
      fully_converged_at: '2026-01-01T00:00:03.000Z',
    });
    await say('EntityUnlabelled', id, 'entity', workload, { id: workload });
    await eventually(list, (all) => all.length === 0);
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', async () => {
    const events = await world.inventory().store.follow(0, 10_000);
    expect(events.length).toBeGreaterThan(0);
    for (const { type, data } of events)
      expect({ type, data: EVENTS[type as EventType].schema.parse(data) }).toEqual({ type, data });
  });
});
