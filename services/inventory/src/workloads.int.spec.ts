/** Workloads as REST clients see them. */
import { randomUUID } from 'node:crypto';
import { subjects } from '@ringfence/contracts';
import { expectNobodySlipsIn, expectSecondWriterIsTold, tokenOf } from '@ringfence/resources/testing';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DATABASE,
  expectContractedEvents,
  eventsOf,
  heard,
  newCluster,
  tellLabels,
  WEB,
} from './testing/inventory-client.js';
import { seen, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await tellLabels(world);
});
afterAll(() => world.close());

describe('workloads over REST', () => {
  it('are changed by who names what he has read, unless another did since; and so are pairing profiles', async () => {
    const descriptions = [{ description: 'one' }, { description: 'two' }] as const;
    for (const [collection, body] of [
      ['workloads', { name: 'read-1' }],
      ['pairing_profiles', { name: 'read', enabled: true }],
    ] as const) {
      const { href } = (await world.rest(collection, 'create', { body })).body as { href: string };
      await expectSecondWriterIsTold(world, collection, [href.split('/').at(-1)!], descriptions);
    }
  });

  it('is what a bulk call beside him has not changed meanwhile', async () => {
    const { href } = (await world.rest('workloads', 'create', { body: { name: 'read' } })).body as {
      href: string;
    };
    await expectNobodySlipsIn(world, 'workloads', [href.split('/').at(-1)!], {
      ...{ single: { description: 'one' }, inBulk: [{ description: 'two' }, { description: 'three' }] },
      bulk: (change) => world.rest('workloads', 'bulk_update', { body: [{ href, ...change }] }),
    });
  });

  it('are made, changed and soft-deleted, with labels that exist, one per type', async () => {
    const labels = [{ href: `/orgs/1/labels/${WEB}` }];
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
    const two = { labels: [...labels, { href: `/orgs/1/labels/${DATABASE}` }] };
    expect(await tokenOf(world.rest('workloads', 'update', { ids: [id], body: two }))).toBe(
      'input_validation_error',
    );
    await world.rest('workloads', 'delete', { ids: [id] });
    expect((await world.rest('workloads', 'get', { ids: [id] })).body).toMatchObject({ deleted: true });
    expect(await tokenOf(world.rest('workloads', 'delete', { ids: [id] }))).toBe('workload_already_deleted');
  });

  it('keep a text that was given empty, and have none that nobody gave or that was taken away', async () => {
    const made = await world.rest('workloads', 'create', { body: { name: 'there' } });
    expect(made.body).toMatchObject({ hostname: null, description: null, service_principal_name: null });
    const ids = [(made.body as { href: string }).href.split('/').at(-1)!];
    const others = <T>(value: T) => ({
      ...{ hostname: value, description: value, service_principal_name: value },
    });
    const eth0 = { name: 'eth0', address: '10.7.7.8' };
    const withEth0 = (friendly_name: string | null) => ({
      interfaces: [expect.objectContaining({ friendly_name })],
    });
    for (const [sent, shown] of [
      [others(''), others('')],
      [{ description: 'x' }, { ...others(''), description: 'x' }],
      [
        { description: '', hostname: null },
        { ...others(''), hostname: null },
      ],
      [
        { name: '', hostname: 'here' },
        { name: '', hostname: 'here' },
      ],
      [{ name: null }, { name: null, description: '' }],
      [{ name: 'there', ...others(null) }, others(null)],
      [{ interfaces: [{ ...eth0, friendly_name: '' }] }, withEth0('')],
      [{ interfaces: [eth0] }, withEth0(null)],
    ] as const) {
      await world.rest('workloads', 'update', { ids, body: sent });
      expect((await world.rest('workloads', 'get', { ids })).body).toMatchObject(shown);
    }
  });

  it('have interfaces of their own, each on a network', async () => {
    const { body } = await world.rest('workloads', 'create', {
      body: { name: randomUUID(), data_center: '', os_id: 'ubuntu-x86_64-22.04' },
    });
    expect(body).toMatchObject({
      data_center: '',
      os_id: 'ubuntu-x86_64-22.04',
      deleted_at: null,
      deleted_by: null,
    });
    const id = (body as { href: string }).href.split('/').at(-1) ?? '';
    const interfaces = (op: string, more: { ids?: string[]; body?: unknown } = {}) =>
      world.rest('workloads/interfaces', op, { ids: [id], ...more });
    const eth0 = { name: 'eth0', address: '10.7.7.7', link_state: 'up', friendly_name: '' };
    expect((await interfaces('create', { body: eth0 })).body).toMatchObject({
      ...{ name: 'eth0', address: '10.7.7.7', cidr_block: null, friendly_name: '' },
      ...{ href: `/orgs/1/workloads/${id}/interfaces/eth0`, network: { name: 'Corporate' } },
    });
    expect(await tokenOf(interfaces('create', { body: eth0 }))).toBe('name_must_be_unique');
    expect(await tokenOf(interfaces('create', { body: { name: 'eth1', address: 'x' } }))).toBe(
      'input_validation_error',
    );
    const corporate = (await world.rest('networks', 'list', { query: { data_center: 'Corporate' } })).body;
    expect(corporate).toMatchObject([{ name: 'Corporate' }]);
    const [{ href }] = corporate as [{ href: string }];
    expect((await world.rest('networks', 'get', { ids: [href.split('/').at(-1) ?? ''] })).body).toEqual(
      (corporate as unknown[])[0],
    );
    await interfaces('delete', { ids: [id, 'eth0'] });
    expect((await interfaces('list')).body).toEqual([]);
    expect(await tokenOf(interfaces('delete', { ids: [id, 'eth0'] }))).toBe('not_found_error');
  });

  it('are narrowed by every published filter, or the filter is refused by its name', async () => {
    const mark = randomUUID();
    const hosts = [
      { name: `a ${mark}`, enforcement_mode: 'full', os_id: `linux ${mark}` },
      { name: `b ${mark}`, enforcement_mode: 'selective', visibility_level: 'flow_off', online: false },
    ];
    await world.rest('workloads', 'bulk_create', { body: hosts });
    const names = async (query: Record<string, string>) => {
      const { body } = await world.rest('workloads', 'list', { query: { name: mark, ...query } });
      return (body as { name: string }[]).map(({ name }) => name.slice(0, 1)).sort();
    };
    for (const [query, found] of [
      [{ enforcement_modes: '["full","idle"]' }, ['a']],
      [{ mode: 'enforced' }, ['a']],
      [{ os_id: mark }, ['a']],
      [{ visibility_level: 'flow_off' }, ['b']],
      [{ log_traffic: 'False' }, ['b']],
      [{ online: 'true' }, ['a']],
      [{ managed: 'True' }, []],
      [{ policy_health: 'active' }, []],
      [{ security_policy_sync_state: 'staged' }, []],
      [{ security_policy_update_mode: 'adaptive' }, ['a', 'b']],
      [{ 'ven.ven_type': 'server' }, []],
      [{ ven: `/orgs/1/vens/${randomUUID()}` }, []],
      [{ 'last_heartbeat_on[gte]': '2026-01-01T00:00:00Z' }, []],
      [{ nobody_knows: 'x' }, ['a', 'b']],
    ] as const)
      expect([query, await names(query)]).toEqual([query, found]);
    expect(await tokenOf(names({ enforcement_modes: '["most"]' }))).toBe('input_validation_error');
    expect(await tokenOf(names({ 'agent.active_pce_fqdn': 'x' }))).toBe('unsupported_filter');
  });

  it('and Kubernetes workloads are filtered; an address that is none is refused', async () => {
    const mark = randomUUID();
    const labels = [{ href: `/orgs/1/labels/${WEB}` }];
    await world.rest('workloads', 'create', {
      body: { name: mark, labels, interfaces: [{ name: 'e', address: '10.77.0.1' }] },
    });
    const found = async (query: Record<string, string>) =>
      (await world.rest('workloads', 'list', { query: { name: mark, ...query } })).matched;
    expect(await found({ labels: JSON.stringify([[`/orgs/1/labels/${WEB}`]]) })).toBe(1);
    expect(
      await found({ labels: JSON.stringify([[`/orgs/1/labels/${WEB}`, `/orgs/1/labels/${DATABASE}`]]) }),
    ).toBe(0);
    expect(await found({ managed: 'True' })).toBe(0);
    expect(await found({ ip_address: '10.77' })).toBe(1);
    expect(await tokenOf(world.rest('workloads', 'list', { query: { ip_address: 'nonsense' } }))).toBe(
      'input_validation_error',
    );
  });

  it('show Kubernetes workloads of managed namespaces only, with refusals and how far they have converged', async () => {
    const { id } = await newCluster(world);
    for (const name of ['web', 'unmanaged'])
      await world.observe(id, 'workload', name, seen.workload('shop', name));
    await heard(world, id);
    const list = async () =>
      (
        await world.rest('kubernetes_workloads', 'list', {
          query: { container_clusters: JSON.stringify([`/orgs/1/container_clusters/${id}`]) },
        })
      ).body as Record<string, unknown>[];
    expect(await list()).toEqual([]);
    const workload = (await eventsOf(world, id, 'KubernetesWorkloadDiscovered')).find(
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
      labels: [WEB],
      mode: 'full',
      refused,
      addresses: [],
      node: null,
    };
    await world.say('EntityLabelled', id, 'entity', workload, entity);
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
    await heard(world, id);
    expect(await status()).toMatchObject({
      success_pods_count: 4,
      fully_converged_at: '2026-01-01T00:00:03.000Z',
    });
    await world.say('EntityUnlabelled', id, 'entity', workload, { id: workload });
    await eventually(list, (all) => all.length === 0);
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
