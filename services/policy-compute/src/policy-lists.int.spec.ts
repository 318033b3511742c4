/** Lists of policy objects and where each is used, as REST clients see them, against real servers. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ACTIVE, DRAFT, idOf, label, name, ruleBody, startPolicyClient } from './testing/policy-client.js';
import type { Body, PolicyClient } from './testing/policy-client.js';

let policy: PolicyClient;
beforeAll(async () => {
  policy = await startPolicyClient();
});
afterAll(() => policy?.close());
afterEach(async () => void (await policy.ask('sec_policy', 'revert_pending')));

describe('lists and usage', () => {
  it('filters by parts of names, by what is contained, and by whole external references', async () => {
    const external = { external_data_set: 'cmdb', external_data_reference: '7' };
    const list = await policy.create('ip_lists', {
      name: `Office ${name()}`,
      ip_ranges: [{ from_ip: '203.0.113.0/24' }],
      ...external,
    });
    const found = (query: Record<string, string>) =>
      policy
        .ask('ip_lists', 'list', { query })
        .then((answer) => (answer.body as Body[]).map((each) => each.href));
    expect(await found({ name: 'office' })).toEqual([list.href]);
    expect(await found({ ...external })).toEqual([list.href]);
    expect(await found({ external_data_set: 'cmd' })).toEqual([]);
    expect(await found({ ip_address: '203.0.113.9' })).toEqual([`${DRAFT}/ip_lists/1`, list.href]);
    const none = await policy.ask('ip_lists', 'list', { query: { max_results: '0' } });
    expect(none).toMatchObject({ body: [], total: none.matched });
    await expect(found({ ip_address: 'home' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it.each([
    ['services', { is_ransomware: 'true' }],
    ['services', { include_ransomware_protection_percent: 'true' }],
  ])('refuses to filter %s by what is not kept: %o', async (collection, query) => {
    await expect(policy.ask(collection, 'list', { query })).rejects.toMatchObject({
      errors: [
        { token: 'unsupported_filter', message: expect.stringContaining(Object.keys(query)[0]!) as string },
      ],
    });
  });

  it('filters boundaries by labels, services, ports and network type', async () => {
    const boundary = await policy.create('enforcement_boundaries', {
      name: name(),
      providers: [label('2')],
      consumers: [label('3')],
      ingress_services: [{ proto: 17, port: 4000, to_port: 4100 }, { href: `${DRAFT}/services/1` }],
      network_type: 'all',
    });
    const found = async (query: Record<string, string>): Promise<boolean> => {
      const { body } = await policy.ask('enforcement_boundaries', 'list', { query });
      return (body as Body[]).some(({ href }) => href === boundary.href);
    };
    const labels = (...ids: string[]): string => JSON.stringify([ids.map((id) => `/orgs/1/labels/${id}`)]);
    expect(await found({ labels: labels('2', '3') })).toBe(true);
    expect(await found({ labels: labels('1', '2') })).toBe(false);
    expect(await found({ service: `${ACTIVE}/services/1` })).toBe(true);
    expect(await found({ service: `${ACTIVE}/services/11` })).toBe(false);
    expect(await found({ 'service_ports.port': '4050', 'service_ports.proto': '17' })).toBe(true);
    expect(await found({ 'service_ports.port': '4101' })).toBe(false);
    expect(await found({ network_type: 'brn' })).toBe(false);
    await expect(found({ labels: '[1]' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('resolves label groups upwards and downwards', async () => {
    const inner = await policy.create('label_groups', {
      name: name(),
      key: 'role',
      labels: [{ href: '/orgs/1/labels/1' }],
    });
    const outer = await policy.create('label_groups', {
      name: name(),
      key: 'role',
      labels: [{ href: '/orgs/1/labels/2' }],
      sub_groups: [inner],
    });
    expect((await policy.ask('label_groups', 'member_of', { ids: [idOf(inner)] })).body).toEqual([
      { href: outer.href, name: outer['name'] },
    ]);
    const [shown] = (
      await policy.ask('label_groups', 'list', { query: { usage: 'True', name: `${inner['name']}` } })
    ).body as Body[];
    expect(shown!['usage']).toMatchObject({ label_group: true, rule: false, static_policy_scopes: false });
    const labels = (await policy.ask('label_groups', 'all_labels', { ids: [idOf(outer)] })).body as Body[];
    expect(labels.map((each) => each['value']).sort()).toEqual(['db', 'web']);
    expect(await policy.fixture.service.labelUsage({ labels: ['1', '99'] })).toMatchObject({
      used: expect.arrayContaining([
        {
          label: '1',
          by: `label_groups/${idOf(inner)}`,
          token: 'label_referenced_by_label_group',
          as: ['label_group'],
        },
      ]) as unknown,
    });
  });

  it('refuses to delete what a rule names', async () => {
    const service = await policy.create('services', { name: name(), service_ports: [{ proto: 6, port: 1 }] });
    await policy.create('rule_sets', {
      name: name(),
      scopes: [],
      rules: [{ ...ruleBody, ingress_services: [service] }],
    });
    await expect(policy.ask('services', 'delete', { ids: [idOf(service)] })).rejects.toMatchObject({
      errors: [{ token: 'service_referenced' }],
    });
  });
});
