/** What rules lean on: virtual services with who answers for them, and the firewall settings; as REST clients see them, against real servers. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ACTIVE, DRAFT, idOf, label, name, startPolicyClient } from './testing/policy-client.js';
import type { Body, PolicyClient } from './testing/policy-client.js';
import { readPolicy } from './testing/policy-fixture.js';

let policy: PolicyClient;
const labelHref = (id: string) => ({ href: `/orgs/1/labels/${id}` });
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
