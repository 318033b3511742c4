/** Policy objects as REST clients see them, against real servers. */
import { etagOf } from '@ringfence/resources';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ACTIVE, DRAFT, idOf, label, name, ruleBody, startPolicyClient } from './testing/policy-client.js';
import type { Body, PolicyClient } from './testing/policy-client.js';

let policy: PolicyClient;
beforeAll(async () => {
  policy = await startPolicyClient();
});
afterAll(() => policy?.close());
afterEach(async () => void (await policy.ask('sec_policy', 'revert_pending')));

const iptablesRule = {
  ip_version: '4',
  actors: [label('2')],
  statements: [{ table_name: 'nat', chain_name: 'PREROUTING', parameters: '-p tcp --dport 80 -j REDIRECT' }],
};

describe('bodies that real clients send', () => {
  it('takes an IP list as Terraform writes it, and shows it in normal form', async () => {
    const body = {
      name: name(),
      description: '',
      ip_ranges: [
        { from_ip: '10.1.2.3/8', to_ip: '', description: '', exclusion: false },
        { from_ip: '10.0.0.0/8', to_ip: '', description: '', exclusion: false },
        { from_ip: '10.0.0.0/8', to_ip: '', description: 'offices', exclusion: false },
        { from_ip: '192.0.2.1/32', to_ip: '', description: '', exclusion: false },
        { from_ip: '2001:DB8::/32', to_ip: '', description: 'six', exclusion: false },
        { from_ip: '198.51.100.1', to_ip: '198.51.100.9', description: '', exclusion: false },
      ],
      fqdns: [{ fqdn: '*.example.com', description: '' }],
    };
    const created = await policy.create('ip_lists', body);
    expect(created).toMatchObject({
      update_type: 'create',
      ip_ranges: [
        { from_ip: '10.0.0.0/8', exclusion: false },
        { from_ip: '10.0.0.0/8', exclusion: false, description: 'offices' },
        { from_ip: '192.0.2.1', exclusion: false },
        { from_ip: '2001:db8::/32', exclusion: false, description: 'six' },
        { from_ip: '198.51.100.1', to_ip: '198.51.100.9', exclusion: false },
      ],
      created_by: { href: '/users/1' },
    });
    expect(JSON.stringify(created['ip_ranges'])).not.toMatch(/null|"to_ip":""/);
  });

  it('takes whole IP lists at once: one that is there by its name is changed, another is made', async () => {
    const list = await policy.create('ip_lists', { name: name(), ip_ranges: [{ from_ip: '10.0.0.1' }] });
    const other = name();
    const body = [
      { name: list['name'], ip_ranges: [{ from_ip: '10.0.0.2' }] },
      { name: other, ip_ranges: [{ from_ip: '10.0.0.3' }] },
      { name: other, ip_ranges: [{ from_ip: 'nowhere' }] },
    ];
    const told = await policy.ask('ip_lists', 'bulk_upload', { body });
    const answer = told.body as Body[];
    expect(answer).toMatchObject([
      { href: list.href, status: 'updated' },
      { status: 'created' },
      { token: 'input_validation_error' },
    ]);
    expect(await policy.get('ip_lists', [idOf(list)])).toMatchObject({
      ip_ranges: [{ from_ip: '10.0.0.2' }],
    });
    expect(await policy.get('ip_lists', [idOf(answer[1]!)])).toMatchObject({ name: other });
    const ranges = (from: string) => [expect.objectContaining({ from_ip: from })];
    expect(told.changes).toEqual([
      {
        resource: expect.objectContaining({ href: list.href, name: list['name'] }) as unknown,
        changes: { ip_ranges: { before: ranges('10.0.0.1'), after: ranges('10.0.0.2') } },
      },
      {
        resource: expect.objectContaining({ name: other }) as unknown,
        changes: expect.objectContaining({
          ip_ranges: { before: null, after: ranges('10.0.0.3') },
        }) as unknown,
      },
    ]);
  });

  it('takes a rule as Terraform writes it, with an active href in a draft', async () => {
    const ruleSet = await policy.create('rule_sets', {
      name: name(),
      description: '',
      enabled: true,
      scopes: [[{ ...label('3'), exclusion: false }]],
      ip_tables_rules: [],
    });
    const rule = await policy.create(
      'rule_sets/sec_rules',
      {
        description: '',
        enabled: true,
        machine_auth: false,
        sec_connect: false,
        stateless: false,
        unscoped_consumers: true,
        use_workload_subnets: ['consumers'],
        resolve_labels_as: { providers: ['workloads'], consumers: ['workloads', 'virtual_services'] },
        providers: [label('2')],
        consumers: [{ ip_list: { href: `${ACTIVE}/ip_lists/1` } }],
        ingress_services: [{ proto: 6, port: 5432 }, { proto: 17 }, { href: `${ACTIVE}/services/1` }],
      },
      [idOf(ruleSet)],
    );
    expect(rule).toMatchObject({
      href: expect.stringMatching(new RegExp(`^${ruleSet.href}/sec_rules/\\d+$`)) as string,
      providers: [{ label: { href: '/orgs/1/labels/2', key: 'role', value: 'db' } }],
      consumers: [{ ip_list: { href: `${DRAFT}/ip_lists/1`, name: 'Any (0.0.0.0/0 and ::/0)' } }],
      ingress_services: [{ proto: 6, port: 5432 }, { proto: 17 }, { href: `${DRAFT}/services/1` }],
      unscoped_consumers: true,
      use_workload_subnets: ['consumers'],
    });
  });

  it('takes whole objects as references, as illumio-py sends them', async () => {
    const service = (await policy.get('services', ['1'], 'active')) as Record<string, unknown>;
    const boundary = await policy.create('enforcement_boundaries', {
      name: name(),
      providers: [{ actors: 'ams' }],
      consumers: [{ ip_list: { href: `${ACTIVE}/ip_lists/1`, name: 'Any', created_at: 'x' } }],
      ingress_services: [service],
    });
    expect(boundary['ingress_services']).toEqual([{ href: `${DRAFT}/services/1` }]);
    const group = await policy.create('label_groups', {
      name: name(),
      key: 'role',
      labels: [{ href: '/orgs/1/labels/1', key: 'role', value: 'web' }],
      sub_groups: [],
    });
    expect(group['labels']).toEqual([{ href: '/orgs/1/labels/1', key: 'role', value: 'web' }]);
  });

  it('keeps what it does not interpret, and shows a service of one kind only', async () => {
    const windows = await policy.create('services', {
      name: name(),
      windows_services: [{ service_name: 'spooler' }],
      process_name: 'x',
      description_url: 'https://example.com',
    });
    expect(windows).toMatchObject({ windows_services: [{ service_name: 'spooler' }], process_name: 'x' });
    expect(windows).not.toHaveProperty('service_ports');
    await policy.ask('services', 'update', {
      ids: [idOf(windows)],
      body: {
        service_ports: [
          { proto: 17, port: 53, to_port: 53 },
          { proto: 1, icmp_type: 8 },
        ],
      },
    });
    const ports = await policy.get('services', [idOf(windows)]);
    expect(ports).toMatchObject({
      service_ports: [
        { proto: 17, port: 53 },
        { proto: 1, icmp_type: 8 },
      ],
      process_name: 'x',
    });
    expect(ports).not.toHaveProperty('windows_services');
  });

  it('keeps iptables rules with their rule set, says that no host applies them, and keeps a label that they name', async () => {
    const ruleSet = await policy.create('rule_sets', {
      name: name(),
      scopes: [[]],
      ip_tables_rules: [iptablesRule, { ...iptablesRule, description: 'second' }],
    });
    const ids = [idOf(ruleSet)];
    const [first, second] = ruleSet['ip_tables_rules'] as Body[];
    expect(first).toMatchObject({
      href: expect.stringMatching(/\/ip_tables_rules\/\d+$/) as string,
      ...iptablesRule,
      enabled: true,
      update_type: 'create',
      not_enforced: expect.stringContaining('no host') as string,
    });
    await policy.provision({ rule_sets: [ruleSet] });
    const changed = [{ href: second!.href, enabled: false }];
    await policy.ask('rule_sets', 'update', { ids, body: { ip_tables_rules: changed } });
    expect((await policy.get('rule_sets', ids))['ip_tables_rules']).toMatchObject([
      { href: second!.href, description: 'second', enabled: false, update_type: 'update' },
      { href: first!.href, update_type: 'delete' },
    ]);
    const { used } = await policy.fixture.service.labelUsage({ labels: ['2'] });
    expect(used).toContainEqual(
      expect.objectContaining({ token: 'label_still_has_associated_rule_set', by: `rule_sets/${ids[0]}` }),
    );
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
      'an iptables rule for nobody',
      'rule_sets',
      { name: 'x', scopes: [], ip_tables_rules: [{}] },
      'input_validation_error',
    ],
    [
      'an iptables rule of a table that there is not',
      'rule_sets',
      {
        name: 'x',
        scopes: [],
        ip_tables_rules: [
          { ...iptablesRule, statements: [{ ...iptablesRule.statements[0], table_name: 'raw' }] },
        ],
      },
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
    await expect(policy.ask(collection, 'create', { body })).rejects.toMatchObject({ errors: [{ token }] });
  });

  it('tells the second of two writers who name what they have read', async () => {
    const list = await policy.create('ip_lists', { name: name() });
    const ids = [idOf(list)];
    const ifMatch = etagOf(await policy.get('ip_lists', ids));
    const writing = (description: string) =>
      policy.ask('ip_lists', 'update', { ids, ifMatch, body: { description } });
    const written = await Promise.allSettled([writing('first'), writing('second')]);
    expect(written).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { errors: [{ token: 'precondition_failed' }] } },
    ]);
    await expect(policy.ask('ip_lists', 'delete', { ids, ifMatch })).rejects.toThrow('If-Match');
    expect(await policy.get('ip_lists', ids)).toMatchObject({ description: 'first' });
  });

  it('refuses changes of anything but drafts', async () => {
    await expect(
      policy.ask('ip_lists', 'create', { pversion: 'active', body: { name: 'x' } }),
    ).rejects.toMatchObject({ errors: [{ token: 'method_not_allowed_error' }] });
  });
});

describe('an enforcement boundary', () => {
  it('keeps whose it is, which the published form cannot say, and shows it only then', async () => {
    const { href: _, ...sides } = { href: '', ...ruleBody } as Body;
    const boundary = {
      providers: sides['providers'],
      consumers: sides['consumers'],
      ingress_services: [{ proto: 6, port: 22 }],
    };
    const owned = { external_data_set: 'shop', external_data_reference: name() };
    expect(
      await policy.create('enforcement_boundaries', { name: name(), ...boundary, ...owned }),
    ).toMatchObject(owned);
    const plain = await policy.create('enforcement_boundaries', { name: name(), ...boundary });
    expect(plain).not.toHaveProperty('external_data_set');
  });
});
