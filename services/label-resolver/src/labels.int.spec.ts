/** Labels and their types, as REST clients see them. */
import { randomUUID } from 'node:crypto';
import type { EventType } from '@ringfence/contracts';
import { expectNobodySlipsIn, expectSecondWriterIsTold, tokenOf } from '@ringfence/resources/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  change,
  expectContractedEvents,
  idOf,
  newCluster,
  newLabel,
  profileOf,
  PROFILES,
} from './testing/resolver-client.js';
import { startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('what a writer has read', () => {
  it('is what he changes, of labels, their types, and profiles', async () => {
    const label = await newLabel(world, 'app', randomUUID());
    const values = [{ value: randomUUID() }, { value: randomUUID() }] as const;
    await expectSecondWriterIsTold(world, 'labels', [label], values);
    const body = { key: 'zone', display_name: 'Zone' };
    const { href } = (await world.rest('label_dimensions', 'create', { body })).body as { href: string };
    const names = [{ display_name: 'Zones' }, { display_name: 'Areas' }] as const;
    await expectSecondWriterIsTold(world, 'label_dimensions', [idOf(href)], names);
    const cluster = await newCluster(world, 'shop');
    const ids = [cluster, idOf((await profileOf(world, cluster, 'shop')).href)];
    const descriptions = [{ description: 'one' }, { description: 'two' }] as const;
    await expectSecondWriterIsTold(world, PROFILES, ids, descriptions);
  });

  it('is what a bulk call beside him has not changed meanwhile', async () => {
    const cluster = await newCluster(world, 'shop');
    const { href } = await profileOf(world, cluster, 'shop');
    const mode = (enforcement_mode: string) => ({ enforcement_mode });
    await expectNobodySlipsIn(world, PROFILES, [cluster, idOf(href)], {
      ...{ single: mode('idle'), inBulk: [mode('visibility_only'), mode('full')] },
      bulk: (change) =>
        world.rest(PROFILES, 'bulk_update', {
          ids: [cluster],
          body: { container_workload_profiles: [{ href }], ...change },
        }),
    });
  });
});

describe('labels', () => {
  it('are unique by key and value among the live ones, and a deleted one can be made again', async () => {
    const value = randomUUID();
    const id = await newLabel(world, 'app', value);
    expect(await tokenOf(newLabel(world, 'app', value))).toBe('label_key_and_value_must_be_unique');
    await world.rest('labels', 'delete', { ids: [id] });
    expect((await world.rest('labels', 'get', { ids: [id] })).body).toMatchObject({ deleted: true, value });
    expect(await tokenOf(world.rest('labels', 'delete', { ids: [id] }))).toBe('label_already_deleted');
    expect(await newLabel(world, 'app', value)).not.toBe(id);
  });
  it('are made in bulk by the thousand, in one transaction, each answered in its place', async () => {
    const mark = randomUUID();
    const wanted = Array.from({ length: 998 }, (_, n) => ({ key: 'role', value: `${mark} ${n}` }));
    const create = async (labels: unknown[]) =>
      (await world.rest('labels', 'bulk_create', { body: labels })).body as Record<string, unknown>[];
    const same = { key: 'role', value: `${mark} 7` };
    const made = await create([...wanted, same, { key: 'planet', value: mark }]);
    expect(made.slice(-2).map(({ token }) => token)).toEqual([
      ...['label_key_and_value_must_be_unique', 'input_validation_error'],
    ]);
    expect(new Set(made.slice(0, -2).map(({ status }) => status))).toEqual(new Set(['created']));
    expect(
      (await world.rest('labels', 'get', { ids: [idOf(String(made[7]?.['href']))] })).body,
    ).toMatchObject(same);
    expect((await create(wanted)).every(({ token }) => token === 'label_key_and_value_must_be_unique')).toBe(
      true,
    );
    const { rows } = await world.resolver().store.pool.query(
      `select count(*)::int as events, count(distinct xmin::text)::int as transactions
         from events where data ->> 'value' like $1`,
      [`${mark}%`],
    );
    expect(rows).toEqual([{ events: 998, transactions: 1 }]);
  });
  it('stay of their type: a client that sends the whole label back changes its value alone', async () => {
    const id = await newLabel(world, 'app', randomUUID());
    const value = randomUUID();
    const put = (body: object) => world.rest('labels', 'update', { ids: [id], body });
    await put({ key: 'app', value });
    expect((await world.rest('labels', 'get', { ids: [id] })).body).toMatchObject({ key: 'app', value });
    expect(await tokenOf(put({ key: 'env', value }))).toBe('input_validation_error');
  });
  it('of an unknown type are refused', async () => {
    expect(await tokenOf(newLabel(world, 'planet', 'Mars'))).toBe('input_validation_error');
  });
  it("in use are not deleted, with the owner's token; named only by a restriction they are", async () => {
    const [used, fixed, allowed] = [
      await newLabel(world, 'app', randomUUID()),
      await newLabel(world, 'app', randomUUID()),
      await newLabel(world, 'env', randomUUID()),
    ];
    const token = 'label_still_has_associated_rule_set';
    world.uses.push({ label: used, by: 'rule set 1', token, as: ['ruleset', 'static_policy_scopes'] });
    expect(await tokenOf(world.rest('labels', 'delete', { ids: [used] }))).toBe(
      'label_still_has_associated_rule_set',
    );
    expect((await world.rest('labels', 'get', { ids: [used], query: { usage: 'true' } })).body).toMatchObject(
      { usage: { ruleset: true, rule: false, label_group: false, static_policy_scopes: true } },
    );
    const cluster = await newCluster(world, 'shop');
    const labels = [
      { key: 'app', assignment: { href: `/orgs/1/labels/${fixed}` } },
      { key: 'env', restriction: [{ href: `/orgs/1/labels/${allowed}` }] },
    ];
    await change(world, cluster, 'shop', { labels });
    expect(await tokenOf(world.rest('labels', 'delete', { ids: [fixed] }))).toBe(
      'label_referenced_by_container_workload_profile',
    );
    expect(await tokenOf(world.rest('labels', 'delete', { ids: [allowed] }))).toBe(undefined);
  });
  it('say of each place that names or carries them whether it does, and of no other', async () => {
    const [named, host, paired, fixed, inCluster, unused] = await Promise.all(
      Array.from({ length: 6 }, () => newLabel(world, 'app', randomUUID())),
    );
    const token = 'label_still_has_associated_rule_set';
    world.uses.push({ label: named!, by: 'rule set 1', token, as: ['rule'] });
    const cluster = await newCluster(world, 'uses', 'pods');
    const shown = { name: 'x', description: '', labels: [host] };
    await world.say('WorkloadCreated', 'global', randomUUID(), {
      ...{ ...shown, id: randomUUID(), cluster: null, node: null, hostname: 'x', managed: false },
      ...{ mode: 'full', addresses: [] },
    });
    await world.say('PairingProfileCreated', 'global', '77', {
      ...{ ...shown, id: '77', enabled: true, mode: 'full', labels: [paired], visibilityLevel: 'flow_off' },
      ...{ allowedUsesPerKey: 1, keyLifespan: 1, isDefault: false, uninterpreted: {} },
      ...{ externalDataSet: null, externalDataReference: null },
    });
    const fixes = (label = '') => ({
      ...{ managed: true, labels: [{ key: 'app', assignment: { href: `/orgs/1/labels/${label}` } }] },
    });
    await change(world, cluster, 'uses', fixes(fixed));
    await change(world, cluster, 'pods', fixes(inCluster));
    const id = randomUUID();
    await world.say('KubernetesWorkloadDiscovered', cluster, id, {
      ...{ id, cluster, uid: 'w', kind: 'Deployment', namespace: 'pods', name: 'web' },
      ...{ labels: {}, annotations: {} },
    });
    await world.settled();
    const usageOf = async (label = ''): Promise<string[]> => {
      const { body } = await world.rest('labels', 'get', { ids: [label], query: { usage: 'true' } });
      const { usage } = body as { usage: Record<string, boolean> };
      expect(Object.keys(usage)).toContain('virtual_service');
      return Object.keys(usage).filter((place) => usage[place]);
    };
    expect(await usageOf(named)).toEqual(['rule']);
    expect(await usageOf(host)).toEqual(['workload']);
    expect(await usageOf(paired)).toEqual(['pairing_profile']);
    expect(await usageOf(fixed)).toEqual(['container_workload_profile']);
    expect(await usageOf(inCluster)).toEqual(['container_workload', 'container_workload_profile']);
    expect(await usageOf(unused)).toEqual([]);
  });
  it('of types say whether labels and label groups are of them', async () => {
    const typeOf = async (key: string): Promise<unknown> => {
      const { body } = await world.rest('label_dimensions', 'list', { query: { key } });
      return (body as { usage: unknown }[])[0]?.usage;
    };
    world.groupKeys.push('loc');
    expect([await typeOf('app'), await typeOf('loc')]).toEqual([
      { labels: true, label_groups: false },
      { labels: false, label_groups: true },
    ]);
  });
  it('that a host carries are not deleted, until it no longer does', async () => {
    const carried = await newLabel(world, 'app', randomUUID());
    const id = randomUUID();
    const host = {
      id,
      cluster: null,
      node: null,
      name: 'db',
      hostname: 'db',
      description: '',
      managed: false,
    };
    const say = (type: EventType, labels: string[]) =>
      world.say(type, 'global', id, { ...host, labels, mode: 'visibility_only', addresses: [] });
    await say('WorkloadCreated', [carried]);
    await world.settled();
    const remove = () => tokenOf(world.rest('labels', 'delete', { ids: [carried] }));
    expect(await remove()).toBe('label_still_has_associated_agent_info');
    await say('WorkloadChanged', []);
    await world.settled();
    expect(await remove()).toBe(undefined);
  });
  it('are filtered: key and value partially, exactly when asked, external references exactly and never absent ones', async () => {
    const mark = randomUUID();
    await world.rest('labels', 'create', {
      body: { key: 'role', value: `Web ${mark}`, external_data_set: mark, external_data_reference: '1' },
    });
    await newLabel(world, 'app', `Shop ${mark}`);
    const list = async (query: Record<string, string>) =>
      ((await world.rest('labels', 'list', { query })).body as { value: string }[]).length;
    expect(await list({ value: mark.toUpperCase() })).toBe(2);
    expect(await list({ value: mark, key: 'ro' })).toBe(1);
    expect(await list({ value: mark, key: 'ro', exact_match_for_label_type: 'True' })).toBe(0);
    expect(await list({ external_data_set: mark })).toBe(1);
    expect(await list({ external_data_set: '' })).toBe(0);
    const none = await world.rest('labels', 'list', { query: { max_results: '0' } });
    expect(none.body).toEqual([]);
    expect(none.total).toBeGreaterThan(1);
  });
});

describe('label types', () => {
  it('start with the four built-in ones, can be added to, and are soft-deleted', async () => {
    const { body } = await world.rest('label_dimensions', 'list');
    expect((body as { key: string }[]).slice(0, 4).map((each) => each.key)).toEqual([
      'role',
      'app',
      'env',
      'loc',
    ]);
    const created = (
      await world.rest('label_dimensions', 'create', { body: { key: 'tier', display_name: 'Tier' } })
    ).body as { href: string };
    const label = await newLabel(world, 'tier', 'gold');
    const id = idOf(created.href);
    expect(await tokenOf(world.rest('label_dimensions', 'delete', { ids: [id] }))).toBe(
      'label_dimension_has_labels',
    );
    await world.rest('labels', 'delete', { ids: [label] });
    await world.rest('label_dimensions', 'delete', { ids: [id] });
    expect((await world.rest('label_dimensions', 'get', { ids: [id] })).body).toMatchObject({
      deleted: true,
    });
    expect(await tokenOf(newLabel(world, 'tier', 'gold'))).toBe('input_validation_error');
  });
});

describe('what a label type looks like', () => {
  it('is what somebody said of it, and nothing where nobody did', async () => {
    const create = async (key: string, body: object) =>
      (await world.rest('label_dimensions', 'create', { body: { key, display_name: key, ...body } })).body;
    expect(await create('os', {})).not.toHaveProperty('display_info');
    const empty = { icon: '', background_color: '', foreground_color: '', display_name_plural: '' };
    expect(await create('bu', { display_info: { initial: 'BU', ...empty } })).toMatchObject({
      display_info: { initial: 'BU' },
      deleted_at: null,
    });
    const wrong = create('zone', { display_info: { background_color: 'red' } });
    expect(await tokenOf(wrong)).toBe('input_validation_error');
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
