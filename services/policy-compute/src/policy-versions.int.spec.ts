/** From draft to active and back, as REST clients see it, against real servers. */
import { API } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { idOf, label, name, ruleBody, startPolicyClient } from './testing/policy-client.js';
import type { Body, PolicyClient } from './testing/policy-client.js';

interface Version extends Body {
  readonly object_counts: Readonly<Record<string, number>>;
}

let policy: PolicyClient;
beforeAll(async () => {
  policy = await startPolicyClient();
});
afterAll(() => policy?.close());
afterEach(async () => void (await policy.ask('sec_policy', 'revert_pending')));

describe('draft, active, versions', () => {
  it('marks a deletion of what is active, keeps it active until it is provisioned, and then has neither', async () => {
    const list = await policy.create('ip_lists', { name: name(), ip_ranges: [{ from_ip: '10.0.0.1' }] });
    const ids = [idOf(list)];
    await policy.provision({ ip_lists: [list] });
    expect(await policy.get('ip_lists', ids)).toMatchObject({ update_type: null });
    await policy.ask('ip_lists', 'delete', { ids });
    expect(await policy.get('ip_lists', ids)).toMatchObject({
      update_type: 'delete',
      name: list['name'],
      deleted_at: expect.any(String) as string,
      deleted_by: { href: '/users/1' },
    });
    await policy.ask('ip_lists', 'update', { ids, body: { description: 'back' } });
    expect(await policy.get('ip_lists', ids)).toMatchObject({ update_type: 'delete' });
    expect(await policy.get('ip_lists', ids, 'active')).toMatchObject({
      update_type: null,
      deleted_at: null,
    });
    const version = await policy.provision();
    await expect(policy.get('ip_lists', ids)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(policy.get('ip_lists', ids, 'active')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const before = String((version.body as { version: number }).version - 1);
    expect(await policy.get('ip_lists', ids, before)).toMatchObject({
      href: `/orgs/1/sec_policy/${before}/ip_lists/${ids[0]}`,
    });
    expect(
      (
        await policy.ask('sec_policy', 'modified_objects', {
          pversion: String((version.body as { version: number }).version),
        })
      ).body,
    ).toMatchObject([{ object_type: 'ip_lists', update_type: 'delete', name: list['name'] }]);
  });

  it('counts what the draft holds and whom it would reach, without a number or an author, beside what is active', async () => {
    const version = async (id: string) =>
      API['sec_policy']!.answers!['get']!.parse(
        (await policy.ask('sec_policy', 'get', { ids: [id] })).body,
      ) as Version;
    const active = await version('active');
    expect(active.href).toBe(`/orgs/1/sec_policy/${String(active['version'])}`);
    const { ip_lists: lists = 0, rule_sets: ruleSets = 0 } = active.object_counts;
    await policy.create('ip_lists', { name: name() });
    const ruleSet = await policy.create('rule_sets', { name: name(), scopes: [[]], rules: [ruleBody] });
    expect(await version('draft')).toEqual({
      href: '/orgs/1/sec_policy/draft',
      workloads_affected: 1,
      commit_message: '',
      object_counts: { ...active.object_counts, ip_lists: lists + 1, rule_sets: ruleSets + 1 },
    });
    await policy.ask('rule_sets', 'delete', { ids: [idOf(ruleSet)] });
    expect(await version('draft')).toMatchObject({ workloads_affected: 0 });
    for (const op of ['modified_objects', 'restore'])
      await expect(policy.ask('sec_policy', op, { pversion: 'draft' })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
  });

  it('says of each rule what provisioning would do to it', async () => {
    const ruleSet = await policy.create('rule_sets', {
      name: name(),
      scopes: [[]],
      rules: [ruleBody, { ...ruleBody, description: 'second' }, { ...ruleBody, description: 'third' }],
    });
    await policy.provision({ rule_sets: [ruleSet] });
    const rules = (await policy.get('rule_sets', [idOf(ruleSet)]))['rules'] as Body[];
    const [first, second, third] = rules.map((rule) => [idOf(ruleSet), idOf(rule)]);
    await policy.ask('rule_sets/sec_rules', 'update', { ids: first!, body: { enabled: false } });
    await policy.ask('rule_sets/sec_rules', 'delete', { ids: second! });
    await policy.create('rule_sets/deny_rules', { ...ruleBody, override: true }, [idOf(ruleSet)]);
    const draft = await policy.get('rule_sets', [idOf(ruleSet)]);
    expect((draft['rules'] as Body[]).map((rule) => [rule.href, rule['update_type']])).toEqual([
      [rules[0]!.href, 'update'],
      [rules[2]!.href, null],
      [rules[1]!.href, 'delete'],
    ]);
    expect(draft).toMatchObject({
      update_type: 'update',
      deny_rules: [{ override: true, update_type: 'create' }],
    });
    expect(await policy.get('rule_sets/sec_rules', third!, 'active')).toMatchObject({
      description: 'third',
      enabled: true,
    });
    await policy.ask('rule_sets/sec_rules', 'update', { ids: second!, body: { enabled: false } });
    expect(await policy.get('rule_sets/sec_rules', second!)).toMatchObject({
      update_type: 'delete',
      enabled: true,
    });
    await policy.ask('rule_sets', 'update', {
      ids: [idOf(ruleSet)],
      body: { rules: [{ href: rules[2]!.href, description: 'only' }, ruleBody] },
    });
    const replaced = (await policy.get('rule_sets', [idOf(ruleSet)]))['rules'] as Body[];
    expect(replaced.map((rule) => rule['update_type'])).toEqual(['update', 'create', 'delete', 'delete']);
    expect(replaced[0]).toMatchObject({ href: rules[2]!.href, description: 'only', consumers: [label('1')] });
  });

  it('provisions nothing of a subset that lacks a dependency, and names it', async () => {
    const list = await policy.create('ip_lists', { name: name() });
    const ruleSet = await policy.create('rule_sets', {
      name: name(),
      scopes: [],
      rules: [{ ...ruleBody, consumers: [{ ip_list: list }] }],
    });
    const versions = await policy.ask('sec_policy', 'list');
    const [held] = versions.body as { object_counts: { rule_sets: number; ip_lists: number } }[];
    await expect(policy.provision({ rule_sets: [ruleSet] })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      errors: [
        {
          token: 'commit_dependencies_missing',
          message: expect.stringContaining(String(list['name'])) as string,
        },
      ],
    });
    expect((await policy.ask('sec_policy', 'list')).total).toBe(versions.total);
    await expect(policy.get('rule_sets', [idOf(ruleSet)], 'active')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const body = { operation: 'commit', change_subset: { rule_sets: [{ href: ruleSet.href }] } };
    expect((await policy.ask('sec_policy', 'dependencies', { body })).body).toEqual([
      { dependency: { ip_lists: { href: list.href } }, required_by: { rule_sets: [{ href: ruleSet.href }] } },
    ]);
    expect(
      (await policy.ask('sec_policy', 'dependencies', { body: [{ href: ruleSet.href }] })).body,
    ).toHaveLength(1);
    const done = await policy.provision({ rule_sets: [ruleSet], ip_lists: [list] });
    const { rule_sets: sets, ip_lists: lists } = held!.object_counts;
    expect(done.body).toMatchObject({ object_counts: { rule_sets: sets + 1, ip_lists: lists + 1 } });
  });

  it('reverts a subset, and everything', async () => {
    const [one, two] = [
      await policy.create('services', { name: name(), service_ports: [] }),
      await policy.create('services', { name: name(), service_ports: [] }),
    ];
    await policy.ask('sec_policy', 'revert', { body: { change_subset: { services: [one] } } });
    await expect(policy.get('services', [idOf(one!)])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await policy.get('services', [idOf(two!)])).toMatchObject({ update_type: 'create' });
    await policy.ask('sec_policy', 'revert_pending');
    expect((await policy.ask('sec_policy', 'pending')).body).toEqual({});
  });

  it('restores an older version into the draft', async () => {
    const list = await policy.create('ip_lists', { name: name(), ip_ranges: [{ from_ip: '10.0.0.1' }] });
    const { body } = await policy.provision();
    await policy.ask('ip_lists', 'update', { ids: [idOf(list)], body: { ip_ranges: [] } });
    await policy.provision();
    await policy.ask('sec_policy', 'restore', {
      pversion: String((body as { version: number }).version),
      body: {},
    });
    expect(await policy.get('ip_lists', [idOf(list)])).toMatchObject({
      update_type: 'update',
      ip_ranges: [{ from_ip: '10.0.0.1' }],
    });
  });

  it('shows the objects of one version below its number, of every type, as they were', async () => {
    const group = await policy.create('label_groups', { name: name(), key: 'role', labels: [] });
    const list = await policy.create('ip_lists', { name: name() });
    const service = await policy.create('services', { name: name(), service_ports: [{ proto: 6, port: 1 }] });
    const virtual = await policy.create('virtual_services', {
      name: name(),
      service_ports: [{ proto: 6, port: 2 }],
    });
    const rule = { ...ruleBody, consumers: [{ ip_list: list }] };
    const ruleSet = await policy.create('rule_sets', { name: name(), scopes: [[]], rules: [rule] });
    const { resolve_labels_as: _, ...sides } = { resolve_labels_as: null, ...ruleBody };
    const boundary = await policy.create('enforcement_boundaries', { name: name(), ...sides });
    const settings = await policy.get('firewall_settings', []);
    const made = {
      label_groups: group,
      ip_lists: list,
      services: service,
      virtual_services: virtual,
      rule_sets: ruleSet,
      enforcement_boundaries: boundary,
    };
    const { version } = (await policy.provision()).body as { version: number };
    for (const [type, object] of Object.entries(made)) {
      await policy.ask(type, 'update', { ids: [idOf(object)], body: { name: name() } });
      if (type === 'rule_sets') await policy.ask(type, 'delete', { ids: [idOf(object)] });
    }
    await policy.provision();
    const before = String(version);
    const then = `/orgs/1/sec_policy/${before}`;
    for (const [type, object] of Object.entries(made)) {
      const href = `${then}/${type}/${idOf(object)}`;
      const asItWas = { href, name: object['name'], update_type: null };
      expect(await policy.get(type, [idOf(object)], before)).toMatchObject(asItWas);
      const all = (await policy.ask(type, 'list', { pversion: before })).body as Body[];
      expect(all).toContainEqual(expect.objectContaining(asItWas));
    }
    const [rules] = (await policy.get('rule_sets', [idOf(ruleSet)], before))['rules'] as Body[];
    expect(rules).toMatchObject({ consumers: [{ ip_list: { href: `${then}/ip_lists/${idOf(list)}` } }] });
    const byItself = { ids: [idOf(ruleSet), idOf(rules!)], pversion: before };
    expect((await policy.ask('rule_sets/sec_rules', 'get', byItself)).body).toEqual(rules);
    expect(await policy.get('firewall_settings', [], before)).toMatchObject({
      href: `${then}/firewall_settings`,
    });
    expect(settings['update_type']).toBeNull();
    await expect(policy.get('ip_lists', [idOf(list)], '9999')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('restores a version of which something was deleted since, labels too, as it was', async () => {
    const label = '77';
    await policy.fixture.label({ id: label, key: 'role', value: 'gone' });
    await eventually(async () => {
      const body = { name: name(), key: 'role', labels: [{ href: `/orgs/1/labels/${label}` }] };
      return policy.create('label_groups', body).then(
        () => true,
        () => false,
      );
    });
    const [group] = (await policy.ask('label_groups', 'list')).body as Body[];
    const ids = [idOf(group!)];
    const { version } = (await policy.provision()).body as { version: number };
    await policy.ask('label_groups', 'delete', { ids });
    await policy.provision();
    await policy.fixture.deleteLabel(label);
    await policy.ask('sec_policy', 'restore', { pversion: String(version), body: {} });
    expect(await policy.get('label_groups', ids)).toMatchObject({
      name: group!['name'],
      update_type: 'create',
    });
    const again = { pversion: String(version), body: {} };
    await expect(policy.ask('sec_policy', 'restore', again)).rejects.toMatchObject({
      errors: [{ token: 'pending_changes' }],
    });
    await policy.provision();
    expect(await policy.get('label_groups', ids, 'active')).toMatchObject({ name: group!['name'] });
  });

  it('says how many workloads a draft would concern, before and when it is provisioned', async () => {
    await policy.create('rule_sets', {
      name: name(),
      scopes: [],
      rules: [{ ...ruleBody, ingress_services: [{ proto: 17, port: 9_999 }] }],
    });
    expect((await policy.ask('sec_policy', 'impact', { body: {} })).body).toMatchObject({
      num_sets: 1,
      num_managed_workloads: 1,
    });
    expect((await policy.provision()).body).toMatchObject({ workloads_affected: 1 });
  });
});
