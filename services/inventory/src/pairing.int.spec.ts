/** Which machine is a node of the cluster, and for how long. */
import { PairingProfileUpdate, subjects } from '@ringfence/contracts';
import { tokenOf } from '@ringfence/resources/testing';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectContractedEvents, heard, newCluster, writtenBack } from './testing/inventory-client.js';
import { activationCode, newKey, pairingOf } from './testing/pairing.js';
import { seen, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('a pairing profile', () => {
  it('keeps each of its locks by itself', async () => {
    const { body: made } = await world.rest('pairing_profiles', 'create', { body: { enabled: true } });
    const ids = [(made as { href: string }).href.split('/').at(-1) ?? ''];
    const locks = Object.keys(PairingProfileUpdate.shape).filter((field) => field.endsWith('_lock'));
    expect(locks).toContain('status_lock');
    const shown = async (): Promise<string[]> => {
      const { body } = await world.rest('pairing_profiles', 'get', { ids });
      return locks.filter((lock) => (body as Record<string, unknown>)[lock] === true);
    };
    expect(await shown()).toEqual(locks);
    for (const [index, lock] of locks.entries()) {
      await world.rest('pairing_profiles', 'update', { ids, body: { [lock]: false } });
      expect(await shown()).toEqual(locks.slice(index + 1));
    }
  });
});

describe('pairing', () => {
  it("makes the node a managed workload, once, with the profile's mode", async () => {
    const { id, token } = await newCluster(world);
    await world.observe(id, 'node', 'n1', seen.node('n1'));
    await heard(world, id);
    const request = await pairingOf(world, { id, token }, 'machine-n1');
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
    const { agent } = body as { agent: { status: Record<string, unknown> } };
    // Of what nobody knows there is nothing, and no null.
    for (const field of ['uptime_seconds', 'firewall_rule_count', 'security_policy_refresh_at'])
      expect(agent.status).not.toHaveProperty(field);
    await writtenBack(world, first?.workload ?? '');
    const [profile] = (await world.rest('pairing_profiles', 'list', { query: { name: 'Default' } }))
      .body as unknown[];
    expect(profile).toMatchObject({
      last_pairing_key_generated_by: { href: expect.stringMatching(/^\/users\//) as unknown },
    });
  });
  it('is refused for a wrong key, an unknown node, and nodes that share a machine-id', async () => {
    const { id, token } = await newCluster(world);
    for (const name of ['a', 'b'])
      await world.observe(id, 'node', name, seen.node(name, { machineId: 'same' }));
    await heard(world, id);
    const request = await pairingOf(world, { id, token }, 'same');
    const tokenFor = (over: Partial<typeof request>) =>
      tokenOf(world.inventory().pairNode({ ...request, ...over }));
    expect(await tokenFor({})).toBe('duplicate_machine_id');
    expect(await tokenFor({ machineId: 'nobody' })).toBe('node_not_reported');
    expect(await tokenFor({ pairingKey: '0'.repeat(80) })).toBe('cluster_authentication_failed');
    expect(await tokenFor({ token: 'wrong' })).toBe('cluster_authentication_failed');
  });
  it('takes a pairing key once per use, and asks a paired node for nothing but its own key', async () => {
    const { id, token } = await newCluster(world);
    for (const name of ['a', 'b']) await world.observe(id, 'node', name, seen.node(name));
    await heard(world, id);
    const { body } = await world.rest('pairing_profiles', 'create', {
      body: { enabled: true, name: 'once', allowed_uses_per_key: 1 },
    });
    const profile = (body as { href: string }).href.split('/').at(-1) ?? '';
    const key = (await world.rest('pairing_profiles', 'pairing_key', { ids: [profile] })).body as {
      activation_code: string;
    };
    const a = { ...(await pairingOf(world, { id, token }, 'machine-a')), pairingKey: key.activation_code };
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
    const { id, token } = await newCluster(world);
    await world.observe(id, 'node', 'a', seen.node('a'));
    await heard(world, id);
    const pair = async (vouchedNode: string, over: object = {}) =>
      world
        .inventory()
        .pairNode({ ...(await pairingOf(world, { id, token }, 'machine-a')), ...over, vouchedNode });
    expect(await tokenOf(pair('b'))).toBe('agent_token_of_other_node');
    const own = { publicKey: newKey() };
    expect((await pair('a', own)).node).toBe('a');
    expect(await tokenOf(pair('b', own))).toBe('agent_token_of_other_node');
  });
  it('gives nobody the place of a paired machine, whichever pairing key is shown', async () => {
    const { id, token } = await newCluster(world);
    for (const name of ['a', 'b']) await world.observe(id, 'node', name, seen.node(name));
    await heard(world, id);
    const victim = await pairingOf(world, { id, token }, 'machine-a');
    const first = await world.inventory().pairNode(victim);
    const attack = { ...victim, publicKey: newKey() };
    const refusal = (over: object) => tokenOf(world.inventory().pairNode({ ...attack, ...over }));
    expect(await refusal({})).toBe('machine_already_paired');
    expect(await refusal({ pairingKey: await activationCode(world) })).toBe('machine_already_paired');
    // A wrong key learns nothing, not even that the machine is paired or reported.
    for (const machineId of ['machine-a', 'machine-b', 'nobody'])
      expect(await refusal({ machineId, pairingKey: '0'.repeat(80) })).toBe('cluster_authentication_failed');
    // One key is one machine's.
    expect(await refusal({ ...victim, machineId: 'machine-b' })).toBe('node_key_in_use');
    // A neighbour that calls itself by the victim's machine-id stops no renewal.
    await world.observe(id, 'node', 'b', seen.node('b', { version: 2, machineId: 'machine-a' }));
    await heard(world, id);
    expect(await refusal({})).toBe('duplicate_machine_id');
    expect(await world.inventory().pairNode(victim)).toEqual(first);
    // Unpaired, the machine is anybody's who has a key.
    await world.observe(id, 'node', 'b', seen.node('b', { version: 3 }));
    await world.observe(id, 'node', 'a', seen.node('a', { version: 2, gone: true }));
    await heard(world, id);
    await world.observe(id, 'node', 'a', seen.node('a', { version: 3 }));
    await heard(world, id);
    expect((await world.inventory().pairNode(attack)).node).toBe('a');
  });
  it('does not end because an agent says so: neither another node’s, nor its own unasked', async () => {
    const { id, token } = await newCluster(world);
    for (const name of ['n1', 'n2']) await world.observe(id, 'node', name, seen.node(name));
    await heard(world, id);
    const { workload } = await world
      .inventory()
      .pairNode(await pairingOf(world, { id, token }, 'machine-n2'));
    await world.inventory().pairNode(await pairingOf(world, { id, token }, 'machine-n1'));
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
  it('gives the workload the addresses that its agent says, once for each change, and anew after it was paired anew', async () => {
    const { id, token } = await newCluster(world);
    const isThere = (version: number, gone = false) =>
      world.observe(id, 'node', 'n1', seen.node('n1', { version, gone }));
    const pair = async () => {
      await heard(world, id);
      return (await world.inventory().pairNode(await pairingOf(world, { id, token }, 'machine-n1'))).workload;
    };
    const begun = Date.now();
    const at = (second: number, addresses: string[]) => {
      const observedAt = new Date(begun + second * 1_000).toISOString();
      return seen.heartbeat('n1', { addresses, observedAt });
    };
    const beat = (second: number, ...addresses: string[]) =>
      world.observe(id, 'heartbeat', 'n1', at(second, addresses));
    const message = (second: number, ...addresses: string[]) => ({
      ...{
        subject: subjects.heartbeat(id, 'n1'),
        payload: at(second, addresses),
        stream: 'AGENTS',
        seq: second,
      },
      ...{ headers: {}, attempt: 1, storedAt: new Date(), bytes: 0 },
    });
    const told = async (workload: string) =>
      (await world.events('WorkloadChanged'))
        .filter((event) => event.data['id'] === workload)
        .map((event) => String(event.data['addresses']));
    await isThere(1);
    const first = await pair();
    await beat(60, '10.0.0.7', '10.0.0.1');
    await beat(61, '10.0.0.1', '10.0.0.7');
    await beat(59, '10.0.0.8');
    await beat(62, '10.0.0.9');
    await eventually(async () => (await told(first)).includes('10.0.0.9'));
    expect(await told(first)).toEqual(['10.0.0.1,10.0.0.7', '10.0.0.9']);
    // There and back between two looks at the stream.
    await world.inventory().agentsSaid([message(63, '10.0.0.8'), message(64, '10.0.0.9')]);
    expect((await told(first)).slice(2)).toEqual(['10.0.0.8', '10.0.0.9']);
    await isThere(2, true);
    await heard(world, id);
    await isThere(3);
    const second = await pair();
    await beat(65, '10.0.0.9');
    await eventually(async () => (await told(second)).length > 0);
    expect(await told(second)).toEqual(['10.0.0.9']);
  });
  it('ends when the node is gone, and then the cluster can be deleted', async () => {
    const { id, token } = await newCluster(world);
    await world.observe(id, 'node', 'n1', seen.node('n1'));
    await heard(world, id);
    const { workload } = await world
      .inventory()
      .pairNode(await pairingOf(world, { id, token }, 'machine-n1'));
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
    const essential = [
      {
        ...{ ref: 'essential/admin', direction: 'ingress' as const, cidrs: ['192.168.0.0/24'], groups: [] },
        ports: [{ proto: 6, from: 22, to: 22 }],
      },
    ];
    await world.observe(id, 'heartbeat', 'n1', { ...seen.heartbeat('n1', { cutByFull: [] }), essential });
    await eventually(async () => JSON.stringify(await shown()).includes('192.168.0.0/24'));
    const letIn = (cidr: string, more: object = {}) =>
      world.rest('workloads', 'update', {
        ids: [workload],
        body: { ringfence_admin_ports: [{ port: 22, cidrs: [cidr] }], ...more },
      });
    expect(await tokenOf(letIn('10.0.0.0/8'))).toBe('confirmation_required');
    await expect(letIn('10.0.0.0/8')).rejects.toThrow('22/tcp from 192.168.0.0/24');
    expect(await shown()).toMatchObject({ ringfence_admin_ports: null });
    await letIn('192.168.1.1/16');
    await letIn('10.0.0.0/8', { confirm: true });
    const adminPorts = [{ port: 22, cidrs: ['10.0.0.0/8'] }];
    expect(await shown()).toMatchObject({ ringfence_admin_ports: adminPorts });
    expect((await world.events('WorkloadChanged')).at(-1)?.data).toMatchObject({ adminPorts });
    expect(await tokenOf(world.rest('container_clusters', 'delete', { ids: [id] }))).toBe(
      'container_cluster_has_connected_agents',
    );
    await world.observe(id, 'node', 'n1', seen.node('n1', { version: 2, gone: true }));
    await heard(world, id);
    expect((await world.rest('workloads', 'get', { ids: [workload] })).body).toMatchObject({ deleted: true });
    await world.rest('container_clusters', 'delete', { ids: [id] });
    expect(await tokenOf(world.rest('container_clusters', 'get', { ids: [id] }))).toBe('not_found_error');
    expect(await tokenOf(world.inventory().exchangeToken({ cluster: id, token }))).toBe(
      'cluster_authentication_failed',
    );
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
