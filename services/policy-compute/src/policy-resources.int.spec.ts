/** Policy objects as REST clients see them, against real servers. */
import { randomUUID } from 'node:crypto';
import { eventually } from '@ringfence/testing';
import { API } from '@ringfence/contracts';
import type { ResourceRequest } from '@ringfence/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startPolicyFixture } from './testing/policy-fixture.js';
import type { PolicyFixture } from './testing/policy-fixture.js';

const DRAFT = '/orgs/1/sec_policy/draft';
const ACTIVE = '/orgs/1/sec_policy/active';
const WORKLOAD = randomUUID();
type Body = Record<string, unknown> & { href: string };

let fixture: PolicyFixture;

beforeAll(async () => {
  fixture = await startPolicyFixture();
  for (const [id, key, value] of [
    ['1', 'role', 'web'],
    ['2', 'role', 'db'],
    ['3', 'app', 'shop'],
  ] as const)
    await fixture.label({ id, key, value });
  await fixture.entity({ id: WORKLOAD, name: 'web', labels: ['1'] });
  const explain = { from: WORKLOAD, to: '192.0.2.1', port: 1, proto: 6, policy: 'active' } as const;
  await eventually(() =>
    fixture.service.explain(explain).then(
      () => true,
      () => false,
    ),
  );
});
afterAll(() => fixture?.close());
afterEach(async () => void (await ask('sec_policy', 'revert_pending')));

const ask = (collection: string, op: string, rest: Partial<ResourceRequest> = {}) =>
  fixture.request(collection, op, rest);
const idOf = (body: { href: string }): string => body.href.split('/').at(-1)!;
async function create(collection: string, body: unknown, ids: string[] = []): Promise<Body> {
  const answer = await ask(collection, 'create', { body, ids });
  API[collection]!.item.parse(answer.body);
  return answer.body as Body;
}
async function get(collection: string, ids: string[], pversion = 'draft'): Promise<Body> {
  const answer = await ask(collection, 'get', { ids, pversion });
  API[collection]!.item.parse(answer.body);
  return answer.body as Body;
}
const provision = (subset?: Record<string, { href: string }[]>) =>
  ask('sec_policy', 'provision', {
    body: { update_description: '', ...(subset && { change_subset: subset }) },
  });
const label = (id: string) => ({ label: { href: `/orgs/1/labels/${id}` } });
const ruleBody = {
  providers: [{ actors: 'ams' }],
  consumers: [label('1')],
  ingress_services: [{ href: `${DRAFT}/services/1` }],
};
let names = 0;
const name = (): string => `object ${++names}`;

describe('bodies that real clients send', () => {
  it('takes an IP list as Terraform writes it, and shows it in normal form', async () => {
    const body = {
      name: name(),
      description: '',
      ip_ranges: [
        { from_ip: '10.1.2.3/8', to_ip: '', description: '', exclusion: false },
        { from_ip: '10.0.0.0/8', to_ip: '', description: '', exclusion: false },
        { from_ip: '192.0.2.1/32', to_ip: '', description: '', exclusion: false },
        { from_ip: '2001:DB8::/32', to_ip: '', description: 'six', exclusion: false },
        { from_ip: '198.51.100.1', to_ip: '198.51.100.9', description: '', exclusion: false },
      ],
      fqdns: [{ fqdn: '*.example.com', description: '' }],
    };
    const created = await create('ip_lists', body);
    expect(created).toMatchObject({
      update_type: 'create',
      ip_ranges: [
        { from_ip: '10.0.0.0/8', exclusion: false },
        { from_ip: '192.0.2.1', exclusion: false },
        { from_ip: '2001:db8::/32', exclusion: false, description: 'six' },
        { from_ip: '198.51.100.1', to_ip: '198.51.100.9', exclusion: false },
      ],
      created_by: { href: '/users/1' },
    });
    expect(JSON.stringify(created['ip_ranges'])).not.toMatch(/null|"to_ip":""/);
  });

  it('takes a rule as Terraform writes it, with an active href in a draft', async () => {
    const ruleSet = await create('rule_sets', {
      name: name(),
      description: '',
      enabled: true,
      scopes: [[{ ...label('3'), exclusion: false }]],
      ip_tables_rules: [],
    });
    const rule = await create(
      'rule_sets/sec_rules',
      {
        description: '',
        enabled: true,
        machine_auth: false,
        sec_connect: false,
        stateless: false,
        unscoped_consumers: true,
        use_workload_subnets: [],
        resolve_labels_as: { providers: ['workloads'], consumers: ['workloads', 'virtual_services'] },
        providers: [label('2')],
        consumers: [{ ip_list: { href: `${ACTIVE}/ip_lists/1` } }],
        ingress_services: [{ proto: 6, port: 5432 }, { href: `${ACTIVE}/services/1` }],
      },
      [idOf(ruleSet)],
    );
    expect(rule).toMatchObject({
      href: expect.stringMatching(new RegExp(`^${ruleSet.href}/sec_rules/\\d+$`)) as string,
      providers: [{ label: { href: '/orgs/1/labels/2', key: 'role', value: 'db' } }],
      consumers: [{ ip_list: { href: `${DRAFT}/ip_lists/1`, name: 'Any (0.0.0.0/0 and ::/0)' } }],
      ingress_services: [{ proto: 6, port: 5432 }, { href: `${DRAFT}/services/1` }],
      unscoped_consumers: true,
      use_workload_subnets: [],
    });
  });

  it('takes whole objects as references, as illumio-py sends them', async () => {
    const service = (await get('services', ['1'], 'active')) as Record<string, unknown>;
    const boundary = await create('enforcement_boundaries', {
      name: name(),
      providers: [{ actors: 'ams' }],
      consumers: [{ ip_list: { href: `${ACTIVE}/ip_lists/1`, name: 'Any', created_at: 'x' } }],
      ingress_services: [service],
    });
    expect(boundary['ingress_services']).toEqual([{ href: `${DRAFT}/services/1` }]);
    const group = await create('label_groups', {
      name: name(),
      key: 'role',
      labels: [{ href: '/orgs/1/labels/1', key: 'role', value: 'web' }],
      sub_groups: [],
    });
    expect(group['labels']).toEqual([{ href: '/orgs/1/labels/1', key: 'role', value: 'web' }]);
  });

  it('keeps what it does not interpret, and shows a service of one kind only', async () => {
    const windows = await create('services', {
      name: name(),
      windows_services: [{ service_name: 'spooler' }],
      process_name: 'x',
      description_url: 'https://example.com',
    });
    expect(windows).toMatchObject({ windows_services: [{ service_name: 'spooler' }], process_name: 'x' });
    expect(windows).not.toHaveProperty('service_ports');
    await ask('services', 'update', {
      ids: [idOf(windows)],
      body: {
        service_ports: [
          { proto: 17, port: 53, to_port: 53 },
          { proto: 1, icmp_type: 8 },
        ],
      },
    });
    const ports = await get('services', [idOf(windows)]);
    expect(ports).toMatchObject({
      service_ports: [
        { proto: 17, port: 53 },
        { proto: 1, icmp_type: 8 },
      ],
      process_name: 'x',
    });
    expect(ports).not.toHaveProperty('windows_services');
  });

  it.each([
    ['an unknown field', 'ip_lists', { name: 'x', colour: 'red' }, 'input_validation_error'],
    [
      'an actor that names two things',
      'rule_sets',
      { name: 'x', scopes: [], rules: [{ ...ruleBody, providers: [{ actors: 'ams', ...label('1') }] }] },
      'input_validation_error',
    ],
    [
      'a rule for encrypted connections only',
      'rule_sets',
      { name: 'x', scopes: [], rules: [{ ...ruleBody, sec_connect: true }] },
      'input_validation_error',
    ],
    [
      'iptables rules',
      'rule_sets',
      { name: 'x', scopes: [], ip_tables_rules: [{}] },
      'input_validation_error',
    ],
    ['a label that is not there', 'rule_sets', { name: 'x', scopes: [[label('77')]] }, 'reference_not_found'],
    [
      'an href of another collection',
      'rule_sets',
      { name: 'x', scopes: [[{ label: { href: '/orgs/1/workloads/1' } }]] },
      'input_validation_error',
    ],
    ['a name that is taken', 'ip_lists', { name: 'Any (0.0.0.0/0 and ::/0)' }, 'ip_list_name_not_unique'],
  ])('refuses %s with its token', async (_, collection, body, token) => {
    await expect(ask(collection, 'create', { body })).rejects.toMatchObject({ errors: [{ token }] });
  });

  it('knows a label that was made a moment ago, though nobody has told it yet', async () => {
    const written = create('rule_sets', { name: name(), scopes: [[label('78')]] });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await fixture.label({ id: '78', key: 'env', value: 'new' });
    expect(await written).toMatchObject({ scopes: [[label('78')]] });
  });

  it('refuses changes of anything but drafts', async () => {
    await expect(
      ask('ip_lists', 'create', { pversion: 'active', body: { name: 'x' } }),
    ).rejects.toMatchObject({ errors: [{ token: 'method_not_allowed_error' }] });
  });
});

describe('draft, active, versions', () => {
  it('marks a deletion of what is active, keeps it active until it is provisioned, and then has neither', async () => {
    const list = await create('ip_lists', { name: name(), ip_ranges: [{ from_ip: '10.0.0.1' }] });
    const ids = [idOf(list)];
    await provision({ ip_lists: [list] });
    expect(await get('ip_lists', ids)).toMatchObject({ update_type: null });
    await ask('ip_lists', 'delete', { ids });
    expect(await get('ip_lists', ids)).toMatchObject({ update_type: 'delete', name: list['name'] });
    await ask('ip_lists', 'update', { ids, body: { description: 'back' } });
    expect(await get('ip_lists', ids)).toMatchObject({ update_type: 'delete' });
    expect(await get('ip_lists', ids, 'active')).toMatchObject({ update_type: null });
    const version = await provision();
    await expect(get('ip_lists', ids)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(get('ip_lists', ids, 'active')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const before = String((version.body as { version: number }).version - 1);
    expect(await get('ip_lists', ids, before)).toMatchObject({
      href: `/orgs/1/sec_policy/${before}/ip_lists/${ids[0]}`,
    });
    expect(
      (
        await ask('sec_policy', 'modified_objects', {
          pversion: String((version.body as { version: number }).version),
        })
      ).body,
    ).toMatchObject([{ object_type: 'ip_lists', update_type: 'delete', name: list['name'] }]);
  });

  it('says of each rule what provisioning would do to it', async () => {
    const ruleSet = await create('rule_sets', {
      name: name(),
      scopes: [[]],
      rules: [ruleBody, { ...ruleBody, description: 'second' }, { ...ruleBody, description: 'third' }],
    });
    await provision({ rule_sets: [ruleSet] });
    const rules = (await get('rule_sets', [idOf(ruleSet)]))['rules'] as Body[];
    const [first, second, third] = rules.map((rule) => [idOf(ruleSet), idOf(rule)]);
    await ask('rule_sets/sec_rules', 'update', { ids: first!, body: { enabled: false } });
    await ask('rule_sets/sec_rules', 'delete', { ids: second! });
    await create('rule_sets/deny_rules', { ...ruleBody, override: true }, [idOf(ruleSet)]);
    const draft = await get('rule_sets', [idOf(ruleSet)]);
    expect((draft['rules'] as Body[]).map((rule) => [rule.href, rule['update_type']])).toEqual([
      [rules[0]!.href, 'update'],
      [rules[2]!.href, null],
      [rules[1]!.href, 'delete'],
    ]);
    expect(draft).toMatchObject({
      update_type: 'update',
      deny_rules: [{ override: true, update_type: 'create' }],
    });
    expect(await get('rule_sets/sec_rules', third!, 'active')).toMatchObject({
      description: 'third',
      enabled: true,
    });
    await ask('rule_sets/sec_rules', 'update', { ids: second!, body: { enabled: false } });
    expect(await get('rule_sets/sec_rules', second!)).toMatchObject({ update_type: 'delete', enabled: true });
    await ask('rule_sets', 'update', {
      ids: [idOf(ruleSet)],
      body: { rules: [{ href: rules[2]!.href, description: 'only' }, ruleBody] },
    });
    const replaced = (await get('rule_sets', [idOf(ruleSet)]))['rules'] as Body[];
    expect(replaced.map((rule) => rule['update_type'])).toEqual(['update', 'create', 'delete', 'delete']);
    expect(replaced[0]).toMatchObject({ href: rules[2]!.href, description: 'only', consumers: [label('1')] });
  });

  it('provisions nothing of a subset that lacks a dependency, and names it', async () => {
    const list = await create('ip_lists', { name: name() });
    const ruleSet = await create('rule_sets', {
      name: name(),
      scopes: [],
      rules: [{ ...ruleBody, consumers: [{ ip_list: list }] }],
    });
    const before = (await ask('sec_policy', 'list')).total;
    await expect(provision({ rule_sets: [ruleSet] })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      errors: [
        {
          token: 'commit_dependencies_missing',
          message: expect.stringContaining(String(list['name'])) as string,
        },
      ],
    });
    expect((await ask('sec_policy', 'list')).total).toBe(before);
    await expect(get('rule_sets', [idOf(ruleSet)], 'active')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const body = { operation: 'commit', change_subset: { rule_sets: [{ href: ruleSet.href }] } };
    expect((await ask('sec_policy', 'dependencies', { body })).body).toEqual([
      { dependency: { ip_lists: { href: list.href } }, required_by: { rule_sets: [{ href: ruleSet.href }] } },
    ]);
    expect((await ask('sec_policy', 'dependencies', { body: [{ href: ruleSet.href }] })).body).toHaveLength(
      1,
    );
    const done = await provision({ rule_sets: [ruleSet], ip_lists: [list] });
    expect(done.body).toMatchObject({ object_counts: { rule_sets: 1, ip_lists: 1 } });
  });

  it('reverts a subset, and everything', async () => {
    const [one, two] = [
      await create('services', { name: name(), service_ports: [] }),
      await create('services', { name: name(), service_ports: [] }),
    ];
    await ask('sec_policy', 'revert', { body: { change_subset: { services: [one] } } });
    await expect(get('services', [idOf(one!)])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await get('services', [idOf(two!)])).toMatchObject({ update_type: 'create' });
    await ask('sec_policy', 'revert_pending');
    expect((await ask('sec_policy', 'pending')).body).toEqual({});
  });

  it('restores an older version into the draft', async () => {
    const list = await create('ip_lists', { name: name(), ip_ranges: [{ from_ip: '10.0.0.1' }] });
    const { body } = await provision();
    await ask('ip_lists', 'update', { ids: [idOf(list)], body: { ip_ranges: [] } });
    await provision();
    await ask('sec_policy', 'restore', { pversion: String((body as { version: number }).version), body: {} });
    expect(await get('ip_lists', [idOf(list)])).toMatchObject({
      update_type: 'update',
      ip_ranges: [{ from_ip: '10.0.0.1' }],
    });
  });

  it('says how many workloads a draft would concern, before and when it is provisioned', async () => {
    await create('rule_sets', {
      name: name(),
      scopes: [],
      rules: [{ ...ruleBody, ingress_services: [{ proto: 17, port: 9_999 }] }],
    });
    expect((await ask('sec_policy', 'impact', { body: {} })).body).toMatchObject({
      num_sets: 1,
      num_managed_workloads: 1,
    });
    expect((await provision()).body).toMatchObject({ workloads_affected: 1 });
  });
});

describe('lists and usage', () => {
  it('filters by parts of names, by what is contained, and by whole external references', async () => {
    const external = { external_data_set: 'cmdb', external_data_reference: '7' };
    const list = await create('ip_lists', {
      name: `Office ${name()}`,
      ip_ranges: [{ from_ip: '203.0.113.0/24' }],
      ...external,
    });
    const found = (query: Record<string, string>) =>
      ask('ip_lists', 'list', { query }).then((answer) => (answer.body as Body[]).map((each) => each.href));
    expect(await found({ name: 'office' })).toEqual([list.href]);
    expect(await found({ ...external })).toEqual([list.href]);
    expect(await found({ external_data_set: 'cmd' })).toEqual([]);
    expect(await found({ ip_address: '203.0.113.9' })).toEqual([`${DRAFT}/ip_lists/1`, list.href]);
    const none = await ask('ip_lists', 'list', { query: { max_results: '0' } });
    expect(none).toMatchObject({ body: [], total: none.matched });
    await expect(found({ ip_address: 'home' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('resolves label groups upwards and downwards', async () => {
    const inner = await create('label_groups', {
      name: name(),
      key: 'role',
      labels: [{ href: '/orgs/1/labels/1' }],
    });
    const outer = await create('label_groups', {
      name: name(),
      key: 'role',
      labels: [{ href: '/orgs/1/labels/2' }],
      sub_groups: [inner],
    });
    expect((await ask('label_groups', 'member_of', { ids: [idOf(inner)] })).body).toEqual([
      { href: outer.href, name: outer['name'] },
    ]);
    const labels = (await ask('label_groups', 'all_labels', { ids: [idOf(outer)] })).body as Body[];
    expect(labels.map((each) => each['value']).sort()).toEqual(['db', 'web']);
    expect(await fixture.service.labelUsage({ labels: ['1', '99'] })).toMatchObject({
      used: expect.arrayContaining([
        { label: '1', by: `label_groups/${idOf(inner)}`, token: 'label_referenced_by_label_group' },
      ]) as unknown,
    });
  });

  it('refuses to delete what a rule names', async () => {
    const service = await create('services', { name: name(), service_ports: [{ proto: 6, port: 1 }] });
    await create('rule_sets', {
      name: name(),
      scopes: [],
      rules: [{ ...ruleBody, ingress_services: [service] }],
    });
    await expect(ask('services', 'delete', { ids: [idOf(service)] })).rejects.toMatchObject({
      errors: [{ token: 'service_referenced' }],
    });
  });
});

describe('what is stored and not enforced yet', () => {
  it('shows a virtual service with its labels, in draft and active form, and says that nothing follows from it', async () => {
    const created = await create('virtual_services', {
      name: name(),
      description: '',
      service: { href: `${ACTIVE}/services/1` },
      labels: [{ href: '/orgs/1/labels/1' }],
      service_addresses: [{ fqdn: 'db.example.com', port: 5432 }, { ip: '192.0.2.7' }],
      ip_overrides: [],
    });
    expect(created).toMatchObject({
      update_type: 'create',
      not_enforced: expect.stringContaining('virtual services are stored') as string,
      apply_to: 'host_only',
      labels: [{ href: '/orgs/1/labels/1', key: 'role', value: 'web' }],
      service: { href: `${DRAFT}/services/1` },
      service_addresses: [{ fqdn: 'db.example.com', port: 5432 }, { ip: '192.0.2.7' }],
    });
    const id = idOf(created);
    const ports = { service_ports: [{ proto: 6, port: 5432 }] };
    await ask('virtual_services', 'update', { ids: [id], body: ports });
    await provision();
    const active = await get('virtual_services', [id], 'active');
    expect(active).toMatchObject({ update_type: null, ...ports });
    expect(active).not.toHaveProperty('service');
  });

  it.each([
    [
      'both kinds of ports',
      { service: { href: `${DRAFT}/services/1` }, service_ports: [{ proto: 6, port: 1 }] },
    ],
    ['neither', {}],
    ['two labels of one type', { labels: [{ href: '/orgs/1/labels/1' }, { href: '/orgs/1/labels/2' }] }],
    ['what is no address', { service_addresses: [{ ip: 'nowhere' }] }],
  ])('refuses a virtual service with %s', async (what, fields) => {
    const ports = what === 'neither' ? {} : { service_ports: [{ proto: 6, port: 1 }] };
    const asked = ask('virtual_services', 'create', { body: { name: name(), ...ports, ...fields } });
    await expect(asked).rejects.toMatchObject({ errors: [{ token: 'input_validation_error' }] });
  });

  it('refuses a rule that names one: who wrote it would believe that it is in force', async () => {
    const virtual = await create('virtual_services', {
      name: name(),
      service_ports: [{ proto: 17, port: 53 }],
    });
    const ruleSet = await create('rule_sets', { name: name(), scopes: [[]] });
    const body = {
      ...ruleBody,
      providers: [{ virtual_service: { href: virtual.href } }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    };
    const asked = ask('rule_sets/sec_rules', 'create', { ids: [idOf(ruleSet)], body });
    await expect(asked).rejects.toMatchObject({ errors: [{ token: 'rule_has_no_effect' }] });
  });

  it('has one set of firewall settings from the start, which can be changed, provisioned and reverted alone', async () => {
    const settings = async (pversion = 'draft') => get('firewall_settings', [], pversion);
    const href = `${DRAFT}/firewall_settings`;
    expect(await settings()).toMatchObject({ href, update_type: null, static_policy_scopes: [] });
    const body = {
      static_policy_scopes: [[{ ...label('1'), exclusion: false }]],
      firewall_coexistence: [{ scope: [{ href: '/orgs/1/labels/3' }], illumio_primary: true }],
      ike_authentication_type: 'certificate',
    };
    await ask('firewall_settings', 'update', { body });
    expect(await settings()).toMatchObject({
      ...body,
      update_type: 'update',
      not_enforced: expect.stringContaining('firewall settings are stored') as string,
    });
    const version = await provision({ firewall_settings: [{ href }] });
    expect(version.body).toMatchObject({ object_counts: { firewall_settings: 1 } });
    expect(await settings('active')).toMatchObject({ ...body, href: `${ACTIVE}/firewall_settings` });
  });

  it('neither makes nor deletes firewall settings', async () => {
    await expect(ask('firewall_settings', 'create', { body: {} })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(ask('firewall_settings', 'delete')).rejects.toMatchObject({
      errors: [{ token: 'object_is_built_in' }],
    });
  });

  it('keeps a label that they name', async () => {
    await create('virtual_services', {
      name: name(),
      service_ports: [{ proto: 6, port: 1 }],
      labels: [{ href: '/orgs/1/labels/2' }],
    });
    const { used } = await fixture.service.labelUsage({ labels: ['2'] });
    expect(used).toContainEqual(expect.objectContaining({ token: 'label_referenced_by_virtual_service' }));
  });
});
