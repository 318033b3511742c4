/** Policy objects that are stored and not enforced yet, as REST clients see them, against real servers. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ACTIVE, DRAFT, idOf, label, name, ruleBody, startPolicyClient } from './testing/policy-client.js';
import type { PolicyClient } from './testing/policy-client.js';

let policy: PolicyClient;
beforeAll(async () => {
  policy = await startPolicyClient();
});
afterAll(() => policy?.close());
afterEach(async () => void (await policy.ask('sec_policy', 'revert_pending')));

describe('what is stored and not enforced yet', () => {
  it('shows a virtual service with its labels, in draft and active form, and says that nothing follows from it', async () => {
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
      not_enforced: expect.stringContaining('virtual services are stored') as string,
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

  it('refuses a rule that names one: who wrote it would believe that it is in force', async () => {
    const virtual = await policy.create('virtual_services', {
      name: name(),
      service_ports: [{ proto: 17, port: 53 }],
    });
    const ruleSet = await policy.create('rule_sets', { name: name(), scopes: [[]] });
    const body = {
      ...ruleBody,
      providers: [{ virtual_service: { href: virtual.href } }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    };
    const asked = policy.ask('rule_sets/sec_rules', 'create', { ids: [idOf(ruleSet)], body });
    await expect(asked).rejects.toMatchObject({ errors: [{ token: 'rule_has_no_effect' }] });
  });

  it('has one set of firewall settings from the start, which can be changed, provisioned and reverted alone', async () => {
    const settings = async (pversion = 'draft') => policy.get('firewall_settings', [], pversion);
    const href = `${DRAFT}/firewall_settings`;
    expect(await settings()).toMatchObject({ href, update_type: null, static_policy_scopes: [] });
    const body = {
      static_policy_scopes: [[{ ...label('1'), exclusion: false }]],
      firewall_coexistence: [{ scope: [{ href: '/orgs/1/labels/3' }], illumio_primary: true }],
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

  it('keeps a label that they name', async () => {
    await policy.create('virtual_services', {
      name: name(),
      service_ports: [{ proto: 6, port: 1 }],
      labels: [{ href: '/orgs/1/labels/2' }],
    });
    const { used } = await policy.fixture.service.labelUsage({ labels: ['2'] });
    expect(used).toContainEqual(expect.objectContaining({ token: 'label_referenced_by_virtual_service' }));
  });
});
