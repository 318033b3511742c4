/** What people see of the agent of a paired node and may do to it, and what they are told of its silence. */
import { randomUUID } from 'node:crypto';
import { subjects } from '@ringfence/contracts';
import { tokenOf } from '@ringfence/resources/testing';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectContractedEvents, heard, newCluster } from './testing/inventory-client.js';
import type { Created } from './testing/inventory-client.js';
import { newKey, pairingOf } from './testing/pairing.js';
import { workloads } from './read/inventory-documents.js';
import { seen, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('the agent of a paired node', () => {
  const paired = async () => {
    const created = await newCluster(world);
    await world.observe(created.id, 'node', 'n1', seen.node('n1'));
    await heard(world, created.id);
    const request = await pairingOf(world, created, 'machine-n1');
    const { workload } = await world.inventory().pairNode(request);
    return { ...created, request, workload, href: `/orgs/1/vens/${workload}` };
  };
  const show = async (collection: string, id: string) =>
    (await world.rest(collection, 'get', { ids: [id] })).body as Record<string, unknown>;
  const vens = async (query: Record<string, string>) =>
    ((await world.rest('vens', 'list', { query })).body as { href: string }[]).map(({ href }) => href);

  it('is shown with its workload, as a VEN, and in the older form', async () => {
    const { workload, href } = await paired();
    const body = await show('workloads', workload);
    const agent = body['agent'] as { href: string };
    expect(body).toMatchObject({
      created_by: { href: agent.href },
      agent: {
        href: expect.stringMatching(/^\/orgs\/1\/agents\/[1-9][0-9]*$/) as unknown,
        config: { mode: 'illuminated', security_policy_update_mode: 'adaptive' },
        status: {
          uid: 'machine-n1',
          agent_version: '0.1.0',
          managed_since: body['created_at'],
          agent_health: [],
        },
      },
    });
    const number = agent.href.split('/').at(-1) ?? '';
    expect(await show('agents', number)).toMatchObject({
      ...{ href: agent.href, hostname: 'n1', ven: { href } },
    });
    expect(await show('vens', workload)).toMatchObject({
      ...{ created_by: { href: agent.href }, updated_by: { href: agent.href } },
    });
    const { body: report } = await world.rest('agents', 'compatibility_report', { ids: [number] });
    expect(report).toMatchObject({
      qualify_status: 'yellow',
      results: { qualify_tests: [{ agent_is_heard: true, status: 'green' }, { status: 'yellow' }] },
    });
    const upgrade = { vens: [{ href }], release: '25.2' };
    expect(await tokenOf(world.rest('vens', 'upgrade', { body: upgrade }))).toBe('upgrade_not_supported');
  });

  it('is written in the older form as pylo and workloader write it', async () => {
    const { workload, href } = await paired();
    const agent = (await show('workloads', workload))['agent'] as { href: string };
    const ids = [agent.href.split('/').at(-1) ?? ''];
    const put = (config: object, more: object = {}) =>
      world.rest('agents', 'update', { ids, body: { agent: { config }, ...more } });
    await put({ mode: 'idle', log_traffic: false });
    expect(await show('workloads', workload)).toMatchObject({
      ...{ enforcement_mode: 'idle', visibility_level: 'flow_summary' },
    });
    await world.rest('workloads', 'update', { ids: [workload], body: { visibility_level: 'flow_off' } });
    await put({ mode: 'illuminated', log_traffic: true });
    expect(await show('agents', ids[0] ?? '')).toMatchObject({ mode: 'illuminated', log_traffic: true });
    expect(await show('workloads', workload)).toMatchObject({
      ...{ enforcement_mode: 'visibility_only', visibility_level: 'flow_summary' },
    });
    await put({ mode: 'enforced' }, { confirm: true });
    expect(await show('workloads', workload)).toMatchObject({ enforcement_mode: 'full' });
    expect(await tokenOf(world.rest('agents', 'update', { ids: ['999999'], body: { agent: {} } }))).toBe(
      'not_found_error',
    );
    const suspended = { agent: { status: { status: 'suspended' } } };
    for (const [collection, op, id, body, token] of [
      ['agents', 'update', ids[0], suspended, 'input_validation_error'],
      ['workloads', 'update', workload, suspended, 'input_validation_error'],
      ['agents', 'reassign', ids[0], { target_pce_fqdn: 'x.example.com' }, 'reassignment_not_supported'],
      ['vens', 'update', workload, { target_pce_fqdn: 'x.example.com' }, 'reassignment_not_supported'],
    ] as const)
      expect([op, await tokenOf(world.rest(collection, op, { ids: [id ?? ''], body }))]).toEqual([op, token]);
    await world.rest('vens', 'update', { ids: [workload], body: { target_pce_fqdn: null, name: 'n1' } });
    expect(href).toContain(workload);
  });

  it('is wanted to report often where there is one, by whoever may', async () => {
    const { workload } = await paired();
    const created = await world.rest('workloads', 'create', { body: { name: 'unmanaged-1' } });
    const often = (...hrefs: string[]) =>
      world.rest('workloads', 'set_flow_reporting_frequency', {
        body: { workloads: hrefs.map((each) => ({ href: each })) },
      });
    const own = `/orgs/1/workloads/${workload}`;
    await often(own);
    expect(await tokenOf(often(own, (created.body as { href: string }).href))).toBe(
      'workload_is_not_managed',
    );
    expect(await tokenOf(often(`/orgs/1/workloads/${randomUUID()}`))).toBe('reference_not_found');
  });

  it('is found by every published filter, and counted', async () => {
    const { workload, href, id } = await paired();
    const clusters = JSON.stringify([`/orgs/1/container_clusters/${id}`]);
    const isFound = async (query: Record<string, string>) =>
      (await vens({ container_clusters: clusters, ...query })).includes(href);
    for (const [query, found] of [
      [{ status: 'active' }, true],
      [{ health: 'unhealthy' }, false],
      [{ condition: 'agent.missed_heartbeats' }, false],
      [{ activation_type: 'kerberos' }, false],
      [{ 'version[gte]': '0.1.0', 'version[lte]': '0.1' }, true],
      [{ 'version[gte]': '0.2' }, false],
      [{ ip_address: '10.0.0' }, true],
      [{ upgrade_pending: 'true' }, false],
      [{ disconnected_before: '2020-01-01T00:00:00Z' }, false],
      [{ 'last_heartbeat_at[gte]': '2020-01-01T00:00:00Z' }, true],
      [{ 'last_goodbye_at[gte]': '2020-01-01T00:00:00Z' }, false],
    ] as const)
      expect([query, await isFound(query)]).toEqual([query, found]);
    expect(await tokenOf(vens({ os: 'x' }))).toBe('unsupported_filter');
    expect(await tokenOf(vens({ status: 'sleepy' }))).toBe('input_validation_error');
    const asked = { property_counts: [{ property: 'status', values: ['suspended'] }] };
    expect((await world.rest('vens', 'statistics', { body: asked })).body).toEqual({
      property_counts: [{ property: 'status', counts: [{ value: 'suspended', count: 0 }] }],
    });
    await world.rest('vens', 'update', { ids: [workload], body: { description: 'rack 3' } });
    expect(await show('workloads', workload)).toMatchObject({ description: 'rack 3' });
  });

  it('is offline after the silence that the settings allow hosts of its labels, and not before', async () => {
    const { workload, id } = await paired();
    const long = new Date(Date.now() - 200_000).toISOString();
    await world.observe(id, 'heartbeat', 'n1', {
      ...seen.heartbeat('n1'),
      status: 'stopping',
      observedAt: long,
    });
    const goodbye = (value: number) =>
      world.rest('settings/workloads', 'update', {
        body: { workload_goodbye_timeout_seconds: [{ scope: [], value }] },
      });
    await goodbye(-1);
    // What was heard before the pairing is older than it.
    expect(await show('workloads', workload)).toMatchObject({ online: true });
    await world.observe(id, 'heartbeat', 'n1', seen.heartbeat('n1', { status: 'stopping' }));
    await eventually(async () => (await show('vens', workload))['status'] === 'stopped');
    expect(await show('workloads', workload)).toMatchObject({ online: true });
    await goodbye(0);
    await eventually(async () => (await show('workloads', workload))['online'] === false);
    expect((await world.rest('settings/workloads', 'get')).body).toMatchObject({
      workload_goodbye_timeout_seconds: [{ scope: [], value: 0 }],
    });
    await goodbye(900);
  });

  it('is lost to its peers after its goodbye, while its cluster is heard, and found by its next word', async () => {
    const { workload, id, token } = await paired();
    await world.observe(id, 'node', 'n2', seen.node('n2'));
    await heard(world, id);
    await world.inventory().pairNode(await pairingOf(world, { id, token } as Created, 'machine-n2'));
    const goodbyeAfter = (value: number) =>
      world.rest('settings/workloads', 'update', {
        body: { workload_goodbye_timeout_seconds: [{ scope: [], value }] },
      });
    const says = (node: string, status: 'active' | 'stopping') =>
      world.observe(id, 'heartbeat', node, seen.heartbeat(node, { status }));
    const lost = async () =>
      (await workloads.get(world.inventory().store.entities, workload))?.body.lost ?? false;
    await goodbyeAfter(0);
    await says('n2', 'active');
    await says('n1', 'stopping');
    await eventually(async () => (await show('workloads', workload))['online'] === false);
    // Nobody hears the cluster: whether it is back, nobody knows.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await lost()).toBe(false);
    await world.bus.publish(subjects.pulse(id), seen.pulse(1));
    await eventually(lost);
    expect((await show('vens', workload))['conditions']).toMatchObject([
      { latest_event: { notification_type: 'agent.missed_heartbeats', info: { left_rules_of_peers: true } } },
    ]);
    await says('n1', 'active');
    await eventually(async () => !(await lost()));
    expect(await show('workloads', workload)).toMatchObject({ online: true });
    await goodbyeAfter(900);
  });

  it('is unpaired by people, once, and its machine may pair again', async () => {
    const { workload, href, request, id } = await paired();
    const { body } = await world.rest('workloads', 'create', { body: { name: 'unmanaged' } });
    const other = (body as { href: string }).href;
    const asked = (collection: string, ...hrefs: string[]) =>
      world.rest(collection, 'unpair', {
        body: { [collection]: hrefs.map((each) => ({ href: each })) },
      });
    const unpair = async (collection: string, ...hrefs: string[]) => (await asked(collection, ...hrefs)).body;
    expect(await unpair('workloads', other)).toMatchObject([
      { href: other, errors: [{ token: 'workload_is_not_managed' }] },
    ]);
    expect(await asked('vens', href)).toMatchObject({
      body: [],
      changes: [{ resource: { href }, changes: { hostname: { before: 'n1', after: null } } }],
    });
    expect(await unpair('vens', href)).toMatchObject([{ errors: [{ token: 'workload_already_deleted' }] }]);
    expect(await show('workloads', workload)).toMatchObject({ deleted: true });
    expect(await show('vens', workload)).toMatchObject({ status: 'uninstalled', unpair_allowed: false });
    // It says so itself when its rules are gone.
    await world.observe(id, 'heartbeat', 'n1', seen.heartbeat('n1', { status: 'unpaired' }));
    await heard(world, id);
    expect((await world.inventory().pairNode(request)).workload).not.toBe(workload);
  });

  it('may be given another key while somebody allows it, once', async () => {
    const { workload, href, request } = await paired();
    const anew = { ...request, publicKey: newKey() };
    const recover = (isOn: boolean) =>
      world.rest('vens', 'authentication_recovery', {
        body: { vens: [{ href }], recovery_enabled: isOn, recovery_duration_seconds: 3_600 },
      });
    await recover(true);
    expect(await show('vens', workload)).toMatchObject({
      conditions: [{ latest_event: { notification_type: 'agent.authentication_recovery' } }],
    });
    await recover(false);
    expect(await tokenOf(world.inventory().pairNode(anew))).toBe('machine_already_paired');
    await recover(true);
    expect((await world.inventory().pairNode(anew)).workload).toBe(workload);
    expect(await tokenOf(world.inventory().pairNode(request))).toBe('machine_already_paired');
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
