/** What rules lean on: virtual services with who answers for them, and the firewall settings; as REST clients see them, against real servers. */
import { randomUUID } from 'node:crypto';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ACTIVE, DRAFT, idOf, label, name, startPolicyClient } from './testing/policy-client.js';
import type { Body, PolicyClient } from './testing/policy-client.js';
import { readPolicy } from './testing/policy-fixture.js';

let policy: PolicyClient;
const labelHref = (id: string) => ({ href: `/orgs/1/labels/${id}` });
const sides = { providers: [label('2')], consumers: [label('1')] };
const virtualService = (body: object) => policy.create('virtual_services', { name: name(), ...body });
beforeAll(async () => {
  policy = await startPolicyClient();
});
afterAll(() => policy?.close());
afterEach(async () => void (await policy.ask('sec_policy', 'revert_pending')));

describe('virtual services', () => {
  it('are shown with their labels, in draft and active form', async () => {
    const created = await policy.create('virtual_services', {
      name: name(),
      description: '',
      service: { href: `${ACTIVE}/services/1` },
      labels: [{ href: '/orgs/1/labels/1' }],
      service_addresses: [{ fqdn: 'db.example.com', port: 5432 }, { ip: '192.0.2.7' }],
      ip_overrides: [],
    });
    expect(created).toMatchObject({
      update_type: 'create',
      apply_to: 'host_only',
      labels: [{ href: '/orgs/1/labels/1', key: 'role', value: 'web' }],
      service: { href: `${DRAFT}/services/1` },
      service_addresses: [{ fqdn: 'db.example.com', port: 5432 }, { ip: '192.0.2.7' }],
    });
    const id = idOf(created);
    const ports = { service_ports: [{ proto: 6, port: 5432 }] };
    await policy.ask('virtual_services', 'update', { ids: [id], body: ports });
    await policy.provision();
    const active = await policy.get('virtual_services', [id], 'active');
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
    const asked = policy.ask('virtual_services', 'create', { body: { name: name(), ...ports, ...fields } });
    await expect(asked).rejects.toMatchObject({ errors: [{ token: 'input_validation_error' }] });
  });

  it('let consumers reach whoever is bound to them, on their ports, as soon as he is bound', async () => {
    const [web, database] = [randomUUID(), randomUUID()];
    await policy.fixture.entity({ id: web, name: 'asking', labels: ['1', '3'] });
    await policy.fixture.entity({ id: database, name: 'answering', labels: ['2'] });
    const service = await virtualService({
      service_ports: [{ proto: 6, port: 5432 }],
      labels: [labelHref('3')],
    });
    const ruleSet = await policy.create('rule_sets', {
      name: name(),
      scopes: [[label('3')]],
      rules: [
        {
          providers: [{ actors: 'ams' }, { virtual_service: { href: service.href } }],
          consumers: [label('1')],
          ingress_services: [],
          resolve_labels_as: { providers: ['virtual_services'], consumers: ['workloads'] },
        },
      ],
    });
    await policy.provision();
    const rules = (await policy.get('rule_sets', [idOf(ruleSet)]))['rules'];
    expect(rules).toMatchObject([
      { providers: [{ actors: 'ams' }, { virtual_service: { href: service.href, name: service['name'] } }] },
    ]);
    const bind = (body: object) => policy.ask('service_bindings', 'create', { body: [body] });
    const virtual_service = { href: service.href.replace('/draft/', '/active/') };
    const workload = { href: `/orgs/1/kubernetes_workloads/${database}` };
    const reader = await readPolicy(policy.fixture.bus);
    const open = (): unknown[] =>
      [...reader.lists.values()].flatMap(({ ingress }) => ingress.flatMap(({ ports }) => ports));
    const port_overrides = [{ port: 5432, proto: 6, new_port: 5433 }];
    const made = await bind({ virtual_service, workload, port_overrides });
    expect(made.body).toEqual([{ href: expect.any(String) as string, status: 'created' }]);
    await expect.poll(open).toContainEqual({ proto: 6, from: 5433, to: 5433 });
    expect(open()).not.toContainEqual({ proto: 6, from: 5432, to: 5432 });

    const [{ href }] = made.body as [{ href: string }];
    const shown = await policy.get('service_bindings', [idOf({ href })]);
    expect(shown).toMatchObject({
      virtual_service,
      workload: { ...workload, name: 'answering', deleted: false },
      port_overrides,
    });
    const found = await policy.ask('service_bindings', 'list', { query: { virtual_service: service.href } });
    expect(found.body).toMatchObject([{ href }]);
    await expect(policy.ask('virtual_services', 'delete', { ids: [idOf(service)] })).rejects.toMatchObject({
      errors: [{ token: 'virtual_service_referenced' }],
    });
    await policy.ask('service_bindings', 'delete', { ids: [idOf({ href })] });
    await expect.poll(open).not.toContainEqual({ proto: 6, from: 5433, to: 5433 });
    await reader.close();
  });

  it('are made and changed by the hundred: each in its place, and a wrong one refuses no other', async () => {
    const body = Array.from({ length: 300 }, () => ({
      name: name(),
      service_ports: [{ proto: 6, port: 80 }],
    }));
    const wrong = [{ name: 'no ports' }, body[0]];
    const asked = { body: [...body, ...wrong] };
    const made = (await policy.ask('virtual_services', 'bulk_create', asked)).body as Body[];
    expect(made.slice(0, 300).every(({ href, status }) => href !== '' && status === 'created')).toBe(true);
    expect(made.slice(300)).toMatchObject([
      { token: 'input_validation_error', message: expect.stringContaining('service_ports') as string },
      { token: 'name_must_be_unique' },
    ]);
    const changes = made.slice(0, 2).map(({ href }) => ({ href, description: 'in bulk' }));
    const changed = await policy.ask('virtual_services', 'bulk_update', { body: changes });
    expect(changed.body).toEqual(changes.map(({ href }) => ({ href, status: 'updated' })));
    expect(changed.changes).toMatchObject(
      changes.map(({ href }) => ({
        resource: { href },
        changes: { description: { before: '', after: 'in bulk' } },
      })),
    );
    expect(await policy.get('virtual_services', [idOf(made[1]!)])).toMatchObject({ description: 'in bulk' });
  });

  it('take no workload before they are provisioned, and none of a list of which one is refused', async () => {
    const service = await virtualService({ service_ports: [{ proto: 6, port: 1 }] });
    const workload = { href: '/orgs/1/workloads/00000000-0000-4000-8000-00000000000f' };
    const body = [{ virtual_service: { href: service.href }, workload }];
    await expect(policy.ask('service_bindings', 'create', { body })).rejects.toMatchObject({
      errors: [{ token: 'virtual_service_not_active' }],
    });
    expect((await policy.ask('service_bindings', 'list')).body).toEqual([]);
  });
});

describe('a workload that was deleted', () => {
  it('is shown as it was by the rules and the binding that name it, also after a restart', async () => {
    const id = randomUUID();
    await policy.fixture.entity({ id, name: 'web-7', labels: ['1'] });
    const workload = { href: `/orgs/1/kubernetes_workloads/${id}` };
    const shown = { ...workload, name: 'web-7', hostname: 'web-7' };
    const service = await virtualService({ service_ports: [{ proto: 6, port: 80 }] });
    const rules = [{ ...sides, consumers: [{ workload }], ingress_services: [{ proto: 6, port: 80 }] }];
    const asked = { body: { name: name(), scopes: [[]], rules } };
    const ruleSet = await eventually(() =>
      policy.ask('rule_sets', 'create', asked).catch(() => false as const),
    );
    const ids = [idOf((ruleSet as { body: Body }).body)];
    await policy.provision();
    const virtual_service = { href: service.href.replace('/draft/', '/active/') };
    const made = await policy.ask('service_bindings', 'create', { body: [{ virtual_service, workload }] });
    const [binding] = made.body as [Body];
    const named = async (): Promise<unknown> => {
      const { rules } = (await policy.get('rule_sets', ids, 'active')) as unknown as { rules: [Body] };
      const bound = await policy.get('service_bindings', [idOf(binding)]);
      return [rules[0]['consumers'], bound['workload']];
    };
    const as = (deleted: boolean): unknown => [[{ workload: { ...shown, deleted } }], { ...shown, deleted }];
    expect(await named()).toEqual(as(false));
    await policy.fixture.removeEntity(id);
    await expect.poll(named).toEqual(as(true));
    await policy.fixture.restart();
    expect(await named()).toEqual(as(true));
    await policy.ask('service_bindings', 'delete', { ids: [idOf(binding)] });
  });
});

describe('firewall settings', () => {
  it('are there from the start, can be changed, provisioned and reverted alone, and say who shares his host with other firewalls: of one type any label', async () => {
    const settings = async (pversion = 'draft') => policy.get('firewall_settings', [], pversion);
    const href = `${DRAFT}/firewall_settings`;
    expect(await settings()).toMatchObject({ href, update_type: null, static_policy_scopes: [] });
    const body = {
      static_policy_scopes: [[{ ...label('1'), exclusion: false }]],
      firewall_coexistence: [
        { scope: ['1', '2', '3'].map(labelHref), illumio_primary: true, workload_mode: 'enforced' },
      ],
      ike_authentication_type: 'certificate',
    };
    await policy.ask('firewall_settings', 'update', { body });
    expect(await settings()).toMatchObject({
      ...body,
      update_type: 'update',
      not_enforced: expect.stringContaining('firewall settings are stored') as string,
    });
    const version = await policy.provision({ firewall_settings: [{ href }] });
    expect(version.body).toMatchObject({ object_counts: { firewall_settings: 1 } });
    expect(await settings('active')).toMatchObject({ ...body, href: `${ACTIVE}/firewall_settings` });
  });

  it('neither makes nor deletes firewall settings', async () => {
    await expect(policy.ask('firewall_settings', 'create', { body: {} })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(policy.ask('firewall_settings', 'delete')).rejects.toMatchObject({
      errors: [{ token: 'object_is_built_in' }],
    });
  });

  it('leave a label alone that a virtual service carries', async () => {
    await policy.create('virtual_services', {
      name: name(),
      service_ports: [{ proto: 6, port: 1 }],
      labels: [{ href: '/orgs/1/labels/2' }],
    });
    const { used } = await policy.fixture.service.labelUsage({ labels: ['2'] });
    expect(used).toContainEqual(expect.objectContaining({ token: 'label_referenced_by_virtual_service' }));
  });
});

describe('bulk calls', () => {
  it.each([
    ['ip_lists', 'bulk_upload', (n: number) => ({ name: `${randomUUID()} ${n}` })],
    [
      'virtual_services',
      'bulk_create',
      (n: number) => ({ name: `at once ${n}`, service_ports: [{ proto: 6, port: 80 }] }),
    ],
    ['security_principals', 'bulk_create', (n: number) => ({ sid: `S-1-5-${n}`, name: 'x' })],
  ])(
    'on %s go one at a time: who comes meanwhile is told so, and nothing of his is done',
    async (collection, op, item) => {
      const call = (from: number) =>
        policy.ask(collection, op, { body: Array.from({ length: 100 }, (_, n) => item(from + n)) });
      const before = (await policy.ask(collection, 'list')).total!;
      expect(await Promise.allSettled([call(1_000), call(2_000)])).toMatchObject([
        { status: 'fulfilled' },
        { status: 'rejected', reason: { errors: [{ token: 'too_many_requests_error' }] } },
      ]);
      expect((await policy.ask(collection, 'list')).total).toBe(before + 100);
      await call(3_000);
    },
  );
});

describe('security principals', () => {
  it('are kept by their SID, one each, as data', async () => {
    const sid = 'S-1-5-21-1004336348-1177238915';
    const made = await policy.create('security_principals', { sid, name: 'Operators' });
    expect(made).toMatchObject({ href: `/orgs/1/security_principals/${sid}`, used_by_ruleset: false });
    const again = policy.ask('security_principals', 'create', { body: { sid, name: 'Others' } });
    await expect(again).rejects.toMatchObject({
      errors: [{ token: 'security_principal_sid_must_be_unique' }],
    });
    const body = [
      { sid: `${sid}-7`, name: 'Auditors' },
      { sid, name: 'twice' },
    ];
    const bulk = await policy.ask('security_principals', 'bulk_create', { body });
    expect(bulk.body).toMatchObject([
      { status: 'created' },
      { token: 'security_principal_sid_must_be_unique' },
    ]);
    const many = Array.from({ length: 2_001 }, (_, n) => ({ sid: `${sid}-9${n}`, name: `Group ${n}` }));
    await expect(policy.ask('security_principals', 'bulk_create', { body: many })).rejects.toMatchObject({
      errors: [{ token: 'input_validation_error' }],
    });
    const most = await policy.ask('security_principals', 'bulk_create', { body: many.slice(1) });
    expect((most.body as Body[]).filter(({ status }) => status === 'created')).toHaveLength(2_000);
    await policy.ask('security_principals', 'update', { ids: [sid], body: { description: 'On call' } });
    const found = await policy.ask('security_principals', 'list', { query: { name: 'oper' } });
    expect(found.body).toMatchObject([{ sid, description: 'On call' }]);
    await policy.ask('security_principals', 'delete', { ids: [sid] });
    await expect(policy.get('security_principals', [sid])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('which rules there are', () => {
  it('is said of a connection, of pairs of ends, and by what rules name, in the draft and in what is active', async () => {
    const [asking, answering] = [randomUUID(), randomUUID()];
    await policy.fixture.entity({ id: asking, name: 'questioner', labels: ['1', '3'] });
    await policy.fixture.entity({ id: answering, name: 'answerer', labels: ['2', '3'] });
    const ruleSet = await policy.create('rule_sets', {
      name: name(),
      scopes: [[label('3')]],
      rules: [{ ...sides, ingress_services: [{ proto: 6, port: 80, to_port: 90 }] }],
      deny_rules: [{ ...sides, ingress_services: [{ proto: 6, port: 85 }], override: true }],
    });
    const [rule] = ruleSet['rules'] as [Body];
    const [denial] = ruleSet['deny_rules'] as [Body];
    const workload = (id: string) => `/orgs/1/kubernetes_workloads/${id}`;
    const query = {
      src_workload: workload(asking),
      dst_kubernetes_workload: workload(answering),
      protocol: '6',
    };
    const asked = async (op: string, port: string, pversion = 'draft') =>
      (await policy.ask('sec_policy', op, { pversion, query: { ...query, port } })).body;
    await expect
      .poll(() => asked('policy_check', '85'))
      .toMatchObject({
        sec_rules: [{ href: rule.href }],
        deny_rules: [],
        override_deny_rules: [{ href: denial.href }],
      });
    expect(await asked('allow', '90')).toMatchObject([
      { href: rule.href, rule_set: { href: ruleSet.href, name: ruleSet['name'] } },
    ]);
    expect(await asked('allow', '91')).toEqual([]);
    expect(await asked('allow', '90', 'active')).toEqual([]);

    const pair = {
      source: { workload: { href: workload(asking) } },
      destination: { labels: [labelHref('2'), labelHref('3')] },
      services: [85, 90, 91].map((port) => ({ port, protocol: 6 })),
    };
    const coverage = await policy.ask('sec_policy', 'rule_coverage', { body: [pair] });
    expect(coverage.body).toMatchObject({
      rules: { 0: rule.href },
      edges: [[['0'], ['0'], []]],
      override_deny_rules: { 0: denial.href },
      override_deny_edges: [[['0'], [], []]],
    });

    // Between an IP list and a workload: the rule must speak about all of the list.
    const lists = await Promise.all(
      ['10.7.0.0/16', '10.7.3.0/24'].map(async (from_ip) => {
        const { href } = await policy.create('ip_lists', { name: name(), ip_ranges: [{ from_ip }] });
        return href;
      }),
    );
    const fromList = await policy.create('rule_sets', {
      ...{ name: name(), scopes: [[]] },
      rules: [
        {
          ...{ providers: [label('2'), label('3')], consumers: [{ ip_list: { href: lists[1] } }] },
          ingress_services: [{ proto: 6, port: 85 }],
        },
      ],
    });
    const covered = await policy.ask('sec_policy', 'rule_coverage', {
      body: lists.map((href) => ({ ...pair, source: { ip_list: { href } } })),
    });
    expect(covered.body).toMatchObject({
      rules: { 0: expect.stringContaining(fromList.href) as string },
      edges: [
        [[], [], []],
        [['0'], [], []],
      ],
    });

    const search = async (body: object): Promise<unknown[]> => {
      const { body: found } = await policy.ask('sec_policy', 'rule_search', { body });
      return (found as { sec_rules: Body[] }).sec_rules.map(({ href }) => href);
    };
    expect(await search({ providers: [label('2')], consumers: [label('1')] })).toEqual([rule.href]);
    const named = { providers: [{ workload: { href: workload(answering) } }] };
    expect(await search(named)).toEqual([]);
    expect(await search({ ...named, resolve_actors: true })).toContain(rule.href);
    expect(await search({ providers: [label('2')], ingress_services: [{ proto: 6, port: 91 }] })).toEqual([]);
    await expect(search({ providers: Array.from({ length: 9 }, () => label('2')) })).rejects.toThrow(
      'providers',
    );
  });
});
