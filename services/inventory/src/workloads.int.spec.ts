/** Workloads as REST clients see them. */
import { randomUUID } from 'node:crypto';
import { CALLS, subjects } from '@ringfence/contracts';
import { expectNobodySlipsIn, expectSecondWriterIsTold, tokenOf } from '@ringfence/resources/testing';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labelled } from './read/labelled.js';
import { expectContractedEvents, eventsOf, heard, newCluster } from './testing/inventory-client.js';
import { seen, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

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
    eventually(async () => (await labelled.get(world.inventory().store.entities, 'label', id)) !== undefined);
  beforeAll(async () => {
    await label(web, 'role', 'Web');
    await label('72', 'role', 'Database');
    await known('72');
  });

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

  it('are labelled by a CSV file, all of it or nothing, or only told what it would change', async () => {
    const made: Record<string, unknown>[] = [];
    world.bus.serve(CALLS.labelResource, async ({ collection, op, ids, body }) => {
      if (collection === 'label_dimensions') return { body: [{ key: 'role' }, { key: 'env' }] };
      if (op === 'get') return { body: { ...made[Number(ids[0]) - 900], deleted: false } };
      const hrefs = (body as Record<string, unknown>[]).map(
        (label) => `/orgs/1/labels/${899 + made.push(label)}`,
      );
      return { body: hrefs.map((href) => ({ href, status: 'created' })) };
    });
    const hostname = randomUUID();
    const { body } = await world.rest('workloads', 'create', {
      body: { hostname, labels: [{ href: `/orgs/1/labels/${web}` }] },
    });
    const { href } = body as { href: string };
    const id = href.split('/').at(-1) ?? '';
    const labels = async () =>
      (
        (await world.rest('workloads', 'get', { ids: [id] })).body as { labels: { href: string }[] }
      ).labels.map((each) => each.href);
    const csv = `href,hostname,label: role,env\r\n,${hostname},Database,"Pre, prod"\r\n`;
    const load = (text: string, query: Record<string, string> = {}) =>
      world.rest('workloads', 'bulk_import', { body: text, query });
    expect(await tokenOf(load(csv))).toBe('input_validation_error');
    const told = {
      changes: [
        {
          ...{ href, hostname },
          labels: [
            { key: 'role', before: 'Web', after: 'Database' },
            { key: 'env', before: null, after: 'Pre, prod' },
          ],
        },
      ],
      ...{ unchanged_count: 0, created_labels: [{ key: 'env', value: 'Pre, prod' }] },
    };
    const create = { create_labels: 'true' };
    const dry = await load(csv, { ...create, dry_run: 'true' });
    expect(dry).toMatchObject({ body: { dry_run: true, ...told }, changes: [] });
    expect([await labels(), made]).toEqual([[`/orgs/1/labels/${web}`], []]);
    const loaded = await load(csv, create);
    expect(loaded.body).toEqual({ dry_run: false, ...told });
    const hrefs = (...ids: string[]) =>
      ids.map((each) => expect.objectContaining({ href: `/orgs/1/labels/${each}` }) as unknown);
    expect(loaded.changes).toEqual([
      {
        resource: { href, hostname },
        changes: { labels: { before: hrefs(web), after: hrefs('72', '900') } },
      },
    ]);
    expect(await labels()).toEqual(['/orgs/1/labels/72', '/orgs/1/labels/900']);
    await load(`href,hostname,role\n${href},,-\n`, { delete_token: '-' });
    expect(await labels()).toEqual(['/orgs/1/labels/900']);
    const refused = async (text: string, query?: Record<string, string>) =>
      load(text, query).then(
        () => null,
        (error: unknown) => (error as { errors: { message: string }[] }).errors.map(({ message }) => message),
      );
    const head = 'href,hostname,role\n';
    expect(await refused(`${head}${',,\n'.repeat(1_001)}`)).toEqual([
      expect.stringMatching(/^body: line 1002: a file may have 1000 workloads/),
    ]);
    expect(await refused(`${head}${href},,Web\n${href},,"Web`)).toEqual([
      expect.stringMatching(/^body: line 3: it is no CSV/),
    ]);
    expect(await refused(`${head}${href},,Unheard of`)).toEqual([
      'line 2: there is no label role "Unheard of": say create_labels=true',
    ]);
    for (const formula of ['=1+1', '@SUM(A1)', "+cmd|'/C calc'!A0", '-2'])
      expect(await refused(`${head}${href},,"${formula}"`, create)).toEqual([
        `line 2: role: "${formula}" is a formula to a spreadsheet: no label is made of it`,
      ]);
    for (const wrong of ['href\n', 'href,hostname,role\n,nobody,Web\n', 'href,host"name'])
      expect(await tokenOf(load(wrong))).toBe('input_validation_error');
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
    expect(updated.changes).toMatchObject([
      { resource: { href: hrefs[0] }, changes: { description: { before: null, after: 'first' } } },
    ]);
    expect(Object.keys(updated.changes![0]!.changes)).toEqual(['description']);
    const byReference = `/orgs/1/workloads?external_data_set=${mark}&external_data_reference=1`;
    const gone = { href: `/orgs/1/workloads/${randomUUID()}` };
    // Nobody's reference is not the reference of all that have none.
    const halfAReference = { href: `/orgs/1/workloads?external_data_set=${mark}` };
    const deleted = await world.rest('workloads', 'bulk_delete', {
      body: [{ href: byReference }, { href: hrefs[2] }, gone, halfAReference],
    });
    expect(deleted.body).toMatchObject(
      [gone, halfAReference].map((each) => ({ ...each, errors: [{ token: 'not_found_error' }] })),
    );
    expect(deleted.changes).toMatchObject([
      { resource: { href: hrefs[0] }, changes: { description: { before: 'first', after: null } } },
      { resource: { href: hrefs[2] } },
    ]);
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(0);
  });

  it('are made in bulk by the thousand, in one transaction, and a repeat of known ones makes none', async () => {
    const mark = randomUUID();
    const hosts = Array.from({ length: 1_000 }, (_, n) => ({
      ...{ name: `${mark} ${n}`, labels: [{ href: `/orgs/1/labels/${n % 2 === 0 ? web : '72'}` }] },
      ...{ external_data_set: mark, external_data_reference: `${n}` },
    }));
    const create = async () =>
      (await world.rest('workloads', 'bulk_create', { body: hosts })).body as Record<string, unknown>[];
    expect(new Set((await create()).map(({ status }) => status))).toEqual(new Set(['created']));
    expect(new Set((await create()).map(({ token }) => token))).toEqual(
      new Set(['external_reference_not_unique']),
    );
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(1_000);
    const { rows } = await world.inventory().store.pool.query(
      `select count(*)::int as events, count(distinct xmin::text)::int as transactions
         from events where data ->> 'name' like $1`,
      [`${mark}%`],
    );
    expect(rows).toEqual([{ events: 1_000, transactions: 1 }]);
    const tooMany = [...hosts, { name: 'one more' }];
    expect(await tokenOf(world.rest('workloads', 'bulk_create', { body: tooMany }))).toBe(
      'input_validation_error',
    );
  });

  it('are made by one bulk call at a time: who comes meanwhile is told so, and nothing of his is done', async () => {
    const mark = randomUUID();
    const hosts = Array.from({ length: 200 }, (_, n) => ({ name: `${mark} ${n}` }));
    const calls = [1, 2, 3].map(() => world.rest('workloads', 'bulk_create', { body: hosts }));
    const refused = (await Promise.all(calls.map(tokenOf))).filter((token) => token !== undefined);
    expect(refused).toEqual(['too_many_requests_error', 'too_many_requests_error']);
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(200);
    expect((await world.rest('workloads', 'bulk_create', { body: hosts })).body).toHaveLength(200);
  });

  it('are not made for who has given up waiting', async () => {
    const mark = randomUUID();
    const late = { body: [{ name: `late ${mark}` }], until: Date.now() - 1 };
    expect(await tokenOf(world.rest('workloads', 'bulk_create', late))).toBe('request_timeout');
    expect((await world.rest('workloads', 'list', { query: { name: mark } })).matched).toBe(0);
  });

  it('of one bulk call know what those before them in the list changed', async () => {
    const mark = randomUUID();
    const bulk = async (op: string, body: unknown[]) =>
      (await world.rest('workloads', op, { body })).body as Record<string, unknown>[];
    const reference = (text: string) => ({ external_data_set: mark, external_data_reference: text });
    const created = await bulk('bulk_create', [
      { name: `a ${mark}`, ...reference('1') },
      { name: `b ${mark}`, ...reference('1') },
      { name: `c ${mark}`, labels: [web, '72'].map((id) => ({ href: `/orgs/1/labels/${id}` })) },
      { name: `d ${mark}`, ...reference('2') },
    ]);
    expect(created.map(({ status, token }) => token ?? status)).toEqual([
      ...['created', 'external_reference_not_unique', 'input_validation_error', 'created'],
    ]);
    const [a, , , d] = created.map(({ href }) => href);
    const updated = await bulk('bulk_update', [
      { href: a, ...reference('2') },
      { href: d, ...reference('3') },
      { href: a, ...reference('2'), description: 'moved' },
      { href: a, data_center: 'east' },
      { href: a, os_id: 'linux' },
    ]);
    expect(updated.map(({ status, token }) => token ?? status)).toEqual([
      ...['external_reference_not_unique', 'updated', 'updated', 'updated', 'updated'],
    ]);
    const [, idOfA = ''] = String(a).split('workloads/');
    expect((await world.rest('workloads', 'get', { ids: [idOfA] })).body).toMatchObject({
      ...{ external_data_reference: '2', description: 'moved', data_center: 'east', os_id: 'linux' },
    });
    const known = (await world.events('WorkloadChanged')).length;
    expect(await bulk('bulk_update', [{ href: a, os_id: 'linux' }])).toEqual([
      { href: a, status: 'updated' },
    ]);
    expect(await world.events('WorkloadChanged')).toHaveLength(known);
    expect(await bulk('bulk_delete', [{ href: a }, { href: a }, { href: d }])).toMatchObject([
      { href: a, errors: [{ token: 'workload_already_deleted' }] },
    ]);
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
    await heard(world, id);
    expect(await status()).toMatchObject({
      success_pods_count: 4,
      fully_converged_at: '2026-01-01T00:00:03.000Z',
    });
    await say('EntityUnlabelled', id, 'entity', workload, { id: workload });
    await eventually(list, (all) => all.length === 0);
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
