import { randomUUID } from 'node:crypto';
import { CallError } from '@ringfence/bus';
import { EVENTS } from '@ringfence/contracts';
import type { EventType } from '@ringfence/contracts';
import { kubernetesWorkloadId } from '@ringfence/labels';
import { eventually, releasedEvents } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifest } from './manifest.js';
import { startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const PROFILES = 'container_clusters/container_workload_profiles';
interface ProfileBody {
  href: string;
  namespace: string | null;
  name: string;
  managed: boolean;
  linked: boolean;
  assign_labels: { href: string }[];
  labels: Record<string, unknown>[];
}
const idOf = (href: string): string => href.split('/').at(-1) ?? '';
const tokenOf = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof CallError ? error.errors[0]?.token : String(error)),
  );

async function newLabel(key: string, value: string): Promise<string> {
  const { body } = await world.rest('labels', 'create', { body: { key, value } });
  return idOf((body as { href: string }).href);
}
async function newCluster(...namespaces: string[]): Promise<string> {
  const cluster = randomUUID();
  await world.say('ContainerClusterCreated', cluster, cluster, { id: cluster, name: 'one', description: '' });
  for (const name of namespaces) await discover(cluster, name);
  await world.settled();
  return cluster;
}
const discover = (cluster: string, name: string) =>
  world.say('NamespaceDiscovered', cluster, `${cluster}_${name}`, {
    cluster,
    uid: `ns-${name}`,
    name,
    labels: {},
    annotations: {},
  });
async function workload(
  cluster: string,
  namespace: string,
  name: string,
  annotations: Record<string, string> = {},
): Promise<string> {
  const id = kubernetesWorkloadId(cluster, `${namespace}-${name}`);
  const state = {
    id,
    cluster,
    uid: `${namespace}-${name}`,
    kind: 'Deployment',
    namespace,
    name,
    labels: {},
    annotations,
  };
  await world.say('KubernetesWorkloadDiscovered', cluster, id, state);
  return id;
}
const profilesOf = async (cluster: string) =>
  (await world.rest(PROFILES, 'list', { ids: [cluster] })).body as ProfileBody[];
async function profileOf(cluster: string, namespace: string): Promise<ProfileBody> {
  const found = (await profilesOf(cluster)).find((each) => each.namespace === namespace);
  if (found === undefined) throw new Error(`no profile of ${namespace}`);
  return found;
}
async function change(cluster: string, namespace: string, body: unknown): Promise<void> {
  await world.rest(PROFILES, 'update', {
    ids: [cluster, idOf((await profileOf(cluster, namespace)).href)],
    body,
  });
}
/** The last thing that was said about an entity; null: nothing, or that it has no labels any more. */
async function entity(id: string): Promise<Record<string, unknown> | null> {
  const all = await world.resolver().store.load(`entity-${id}`);
  const last = all.events.at(-1);
  return last?.type === 'EntityLabelled' ? (last.data as Record<string, unknown>) : null;
}
/** Current values of a cluster's settings by their subject. */
async function settings(cluster: string): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  const reader = await world.bus.latest('POLICY', `policy.${cluster}.*.*`, ({ subject, payload }) => {
    if (payload === null) values.delete(subject);
    else values.set(subject, payload);
  });
  await reader.caughtUp;
  await reader.close();
  return values;
}

describe('labels', () => {
  it('are unique by key and value among the live ones, and a deleted one can be made again', async () => {
    const value = randomUUID();
    const id = await newLabel('app', value);
    expect(await tokenOf(newLabel('app', value))).toBe('label_key_and_value_must_be_unique');
    await world.rest('labels', 'delete', { ids: [id] });
    expect((await world.rest('labels', 'get', { ids: [id] })).body).toMatchObject({ deleted: true, value });
    expect(await tokenOf(world.rest('labels', 'delete', { ids: [id] }))).toBe('label_already_deleted');
    expect(await newLabel('app', value)).not.toBe(id);
  });
  it('of an unknown type are refused', async () => {
    expect(await tokenOf(newLabel('planet', 'Mars'))).toBe('input_validation_error');
  });
  it("in use are not deleted, with the owner's token; named only by a restriction they are", async () => {
    const [used, fixed, allowed] = [
      await newLabel('app', randomUUID()),
      await newLabel('app', randomUUID()),
      await newLabel('env', randomUUID()),
    ];
    world.uses.push({ label: used, by: 'rule set 1', token: 'label_still_has_associated_rule_set' });
    expect(await tokenOf(world.rest('labels', 'delete', { ids: [used] }))).toBe(
      'label_still_has_associated_rule_set',
    );
    expect((await world.rest('labels', 'get', { ids: [used], query: { usage: 'true' } })).body).toMatchObject(
      { usage: { ruleset: true, label_group: false } },
    );
    const cluster = await newCluster('shop');
    const labels = [
      { key: 'app', assignment: { href: `/orgs/1/labels/${fixed}` } },
      { key: 'env', restriction: [{ href: `/orgs/1/labels/${allowed}` }] },
    ];
    await change(cluster, 'shop', { labels });
    expect(await tokenOf(world.rest('labels', 'delete', { ids: [fixed] }))).toBe(
      'label_referenced_by_container_workload_profile',
    );
    expect(await tokenOf(world.rest('labels', 'delete', { ids: [allowed] }))).toBe(undefined);
  });
  it('that a host carries are not deleted, until it no longer does', async () => {
    const carried = await newLabel('app', randomUUID());
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
    await newLabel('app', `Shop ${mark}`);
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
    const label = await newLabel('tier', 'gold');
    const id = idOf(created.href);
    expect(await tokenOf(world.rest('label_dimensions', 'delete', { ids: [id] }))).toBe(
      'label_dimension_has_labels',
    );
    await world.rest('labels', 'delete', { ids: [label] });
    await world.rest('label_dimensions', 'delete', { ids: [id] });
    expect((await world.rest('label_dimensions', 'get', { ids: [id] })).body).toMatchObject({
      deleted: true,
    });
    expect(await tokenOf(newLabel('tier', 'gold'))).toBe('input_validation_error');
  });
});

describe('profiles', () => {
  it("begin with the template, also when the cluster's event is still on the way", async () => {
    const cluster = randomUUID();
    expect(await tokenOf(profilesOf(cluster))).toBe('not_found_error');
    const asked = profilesOf(cluster);
    await world.say('ContainerClusterCreated', cluster, cluster, {
      id: cluster,
      name: 'late',
      description: '',
    });
    expect(await asked).toMatchObject([{ name: 'Default Profile', namespace: null, managed: false }]);
  });
  it('of discovered namespaces inherit the template', async () => {
    const app = await newLabel('app', randomUUID());
    const cluster = await newCluster();
    const [template] = await profilesOf(cluster);
    await world.rest(PROFILES, 'update', {
      ids: [cluster, idOf(template?.href ?? '')],
      body: { assign_labels: [{ href: `/orgs/1/labels/${app}` }] },
    });
    await discover(cluster, 'shop');
    await world.settled();
    expect(await profileOf(cluster, 'shop')).toMatchObject({
      managed: false,
      linked: true,
      assign_labels: [{ href: `/orgs/1/labels/${app}` }],
    });
  });
  it('show labels and assign_labels as two views of one thing', async () => {
    const value = randomUUID();
    const [app, env] = [await newLabel('app', value), await newLabel('env', value)];
    const cluster = await newCluster('shop');
    const labels = [
      { key: 'app', assignment: { href: `/orgs/1/labels/${app}` } },
      { key: 'env', restriction: [{ href: `/orgs/1/labels/${env}` }] },
      { key: 'role', assignment: {} },
      { key: 'loc', restriction: [] },
    ];
    await change(cluster, 'shop', { labels });
    expect(await profileOf(cluster, 'shop')).toMatchObject({
      assign_labels: [{ href: `/orgs/1/labels/${app}` }],
      labels: expect.arrayContaining([
        { key: 'app', assignment: { href: `/orgs/1/labels/${app}`, value } },
        { key: 'env', restriction: [{ href: `/orgs/1/labels/${env}`, value }] },
        { key: 'role', assignment: {} },
      ]),
    });
    await change(cluster, 'shop', { labels: [] });
    expect(await profileOf(cluster, 'shop')).toMatchObject({ assign_labels: [], labels: [] });
    expect(
      await tokenOf(
        change(cluster, 'shop', { labels: [{ key: 'app', assignment: { href: `/orgs/1/labels/${env}` } }] }),
      ),
    ).toBe('input_validation_error');
  });
  it('change in bulk, and say which record was wrong', async () => {
    const cluster = await newCluster('a', 'b');
    const hrefs = [await profileOf(cluster, 'a'), await profileOf(cluster, 'b')].map(({ href }) => ({
      href,
    }));
    await world.rest(PROFILES, 'bulk_update', {
      ids: [cluster],
      body: { container_workload_profiles: hrefs, managed: true },
    });
    expect((await profilesOf(cluster)).filter((each) => each.managed).length).toBe(2);
    const missing = {
      href: `/orgs/1/container_clusters/${cluster}/container_workload_profiles/${randomUUID()}`,
    };
    const wrong = world.rest(PROFILES, 'bulk_update', {
      ids: [cluster],
      body: { container_workload_profiles: [...hrefs, missing], managed: false },
    });
    await expect(wrong).rejects.toThrow('record_index=>2');
  });
});

describe('the labels of entities', () => {
  it('follow profile and annotations, with what was refused', async () => {
    const mark = randomUUID();
    const [role, app] = [await newLabel('role', `Web ${mark}`), await newLabel('app', `Shop ${mark}`)];
    const cluster = await newCluster('shop');
    const web = await workload(cluster, 'shop', 'web', {
      'com.illumio.role': `Web ${mark}`,
      'com.illumio.app': 'Bank',
      'com.illumio.env': 'nowhere',
    });
    await world.settled();
    expect(await entity(web)).toBe(null);
    await change(cluster, 'shop', {
      managed: true,
      enforcement_mode: 'full',
      labels: [{ key: 'app', assignment: { href: `/orgs/1/labels/${app}` } }],
    });
    expect(await entity(web)).toMatchObject({
      class: 'pod',
      namespace: 'shop',
      mode: 'full',
      labels: [role, app],
    });
    expect(
      ((await entity(web))?.['refused'] as { key: string; reason: string }[]).map(({ key, reason }) => [
        key,
        reason,
      ]),
    ).toEqual([
      ['app', 'fixed'],
      ['env', 'no-such-label'],
    ]);
    await change(cluster, 'shop', { managed: false });
    expect(await entity(web)).toBe(null);
  });
  it('are said once, however often facts come, and go on after a restart', async () => {
    const cluster = await newCluster('shop');
    await change(cluster, 'shop', { managed: true });
    const web = await workload(cluster, 'shop', 'web');
    await workload(cluster, 'shop', 'web');
    await world.settled();
    await world.restart();
    await workload(cluster, 'shop', 'web');
    const db = await workload(cluster, 'shop', 'db');
    await world.settled();
    const said = (await world.events('EntityLabelled')).filter((event) => event.data['cluster'] === cluster);
    expect(said.map((event) => event.data['id'])).toEqual([web, db]);
  });
  it('end with their workload and with their cluster', async () => {
    const cluster = await newCluster('shop');
    await change(cluster, 'shop', { managed: true });
    const [web, db] = [await workload(cluster, 'shop', 'web'), await workload(cluster, 'shop', 'db')];
    await world.say('KubernetesWorkloadVanished', cluster, web, { id: web });
    await world.settled();
    expect([await entity(web), (await entity(db))?.['id']]).toEqual([null, db]);
    await world.say('KubernetesWorkloadVanished', cluster, db, { id: db });
    await world.say('NamespaceVanished', cluster, `${cluster}_shop`, { cluster, name: 'shop' });
    await world.say('ContainerClusterDeleted', cluster, cluster, { id: cluster });
    await world.settled();
    expect(await entity(db)).toBe(null);
    expect(await tokenOf(profilesOf(cluster))).toBe('not_found_error');
    await eventually(async () => (await settings(cluster)).size === 0);
  });
});

describe('settings for the clusters', () => {
  it('are the current catalogue, profiles and nodes, also after a restart', async () => {
    const app = await newLabel('app', randomUUID());
    const cluster = await newCluster('shop');
    await change(cluster, 'shop', { managed: true, enforcement_mode: 'selective' });
    const id = randomUUID();
    const node = {
      id,
      cluster,
      node: 'n1',
      name: 'n1',
      hostname: 'n1',
      description: '',
      managed: true,
      labels: [app],
      mode: 'full',
      addresses: ['10.0.0.1'],
    };
    await world.say('WorkloadCreated', cluster, id, node);
    await world.settled();
    const profile = idOf((await profileOf(cluster, 'shop')).href);
    const expected = async (): Promise<void> => {
      const values = await settings(cluster);
      expect([...values.keys()].sort()).toEqual([
        `policy.${cluster}.labels.catalogue`,
        `policy.${cluster}.node.n1`,
        `policy.${cluster}.profile.${profile}`,
        `policy.${cluster}.settled.${cluster}`,
      ]);
      expect(values.get(`policy.${cluster}.profile.${profile}`)).toEqual({
        id: profile,
        namespace: 'shop',
        managed: true,
        mode: 'selective',
        assignments: {},
      });
      expect(values.get(`policy.${cluster}.node.n1`)).toEqual({
        node: 'n1',
        workload: id,
        labels: [app],
        mode: 'full',
      });
      const catalogue = values.get(`policy.${cluster}.labels.catalogue`) as {
        types: string[];
        labels: { id: string }[];
      };
      expect(catalogue.types.slice(0, 4)).toEqual(['role', 'app', 'env', 'loc']);
      expect(catalogue.labels.map((label) => label.id)).toContain(app);
    };
    // As far as the last event: whoever has read that has read the settings before it.
    const saidAll = async (): Promise<boolean> => {
      const { position } = (await settings(cluster)).get(`policy.${cluster}.settled.${cluster}`) as {
        position: number;
      };
      const { heads } = await world.resolver().askedSettings();
      const asked = heads.filter((head) => head.cluster === cluster || head.cluster === 'global');
      return position >= Math.max(...asked.map((head) => head.position));
    };
    await expected();
    await eventually(saidAll);
    await world.restart();
    await world.settled();
    await expected();
    await eventually(saidAll);
    await world.say('WorkloadDeleted', cluster, id, { id });
    await eventually(async () => !(await settings(cluster)).has(`policy.${cluster}.node.n1`));
  });
});

describe('what inventory said', () => {
  it('is taken in from every version of its events that was ever released', async () => {
    const asSent = { stream: 'RELEASED@1', headers: {}, bytes: 0, storedAt: new Date(0), attempt: 1 };
    const released = releasedEvents(manifest.consumes.map(({ filter }) => filter));
    expect(released.length).toBeGreaterThan(0);
    await world.resolver().facts(released.map((each, index) => ({ ...each, ...asSent, seq: index + 1 })));
    await world.settled();
  });
});

describe('a second process', () => {
  it('stands by, and decides when the first one has ended', async () => {
    const second = world.standBy();
    const { body } = await world.rest('labels', 'create', { body: { key: 'role', value: 'by the first' } });
    expect(second.mayWrite()).toBe(false);
    await second.takeOver();
    const ids = [idOf((body as { href: string }).href)];
    expect((await world.rest('labels', 'get', { ids })).body).toMatchObject({ value: 'by the first' });
    await world.rest('labels', 'delete', { ids });
  });
});

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', async () => {
    const events = await world.resolver().store.follow(0, 10_000);
    expect(events.length).toBeGreaterThan(0);
    for (const { type, data } of events)
      expect({ type, data: EVENTS[type as EventType].schema.parse(data) }).toEqual({ type, data });
  });
});
