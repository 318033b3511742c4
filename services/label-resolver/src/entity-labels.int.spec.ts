/** What label-resolver tells of what it is told: who carries which labels, and the settings for the clusters. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { MappedLabel } from '@ringfence/contracts';
import { kubernetesWorkloadId } from '@ringfence/labels';
import { tokenOf } from '@ringfence/resources/testing';
import { eventually, releasedEvents } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifest } from './manifest.js';
import {
  change,
  expectContractedEvents,
  idOf,
  newCluster,
  newLabel,
  profileOf,
  profilesOf,
} from './testing/resolver-client.js';
import { MOST_MAPPED, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

async function workload(
  cluster: string,
  namespace: string,
  name: string,
  annotations: Record<string, string> = {},
  mapped: readonly MappedLabel[] = [],
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
    mapped,
  };
  await world.say('KubernetesWorkloadDiscovered', cluster, id, state);
  return id;
}

/** The last thing that was said about an entity; null: nothing, or that it has no labels any more. */
async function entity(id: string): Promise<Record<string, unknown> | null> {
  const all = await world.resolver().store.load(`entity-${id}`);
  const last = all.events.at(-1);
  return last?.type === 'EntityLabelled' ? (last.data as Record<string, unknown>) : null;
}

/** Current values of a cluster's settings by their subject; null: said to be gone. */
async function said(cluster: string): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  const reader = await world.bus.latest(
    'POLICY',
    `policy.${cluster}.*.*`,
    ({ subject, payload }) => void values.set(subject, payload),
  );
  await reader.caughtUp;
  await reader.close();
  return values;
}
const settings = async (cluster: string): Promise<Map<string, unknown>> =>
  new Map([...(await said(cluster))].filter(([, value]) => value !== null));

describe('the labels of entities', () => {
  it('follow profile and annotations, with what was refused', async () => {
    const mark = randomUUID();
    const [role, app] = [
      await newLabel(world, 'role', `Web ${mark}`),
      await newLabel(world, 'app', `Shop ${mark}`),
    ];
    const cluster = await newCluster(world, 'shop');
    const web = await workload(cluster, 'shop', 'web', {
      'com.illumio.role': `Web ${mark}`,
      'com.illumio.app': 'Bank',
      'com.illumio.env': 'nowhere',
    });
    await world.settled();
    expect(await entity(web)).toBe(null);
    await change(world, cluster, 'shop', {
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
    await change(world, cluster, 'shop', { managed: false });
    expect(await entity(web)).toBe(null);
  });
  it('are said once, however often facts come, and go on after a restart', async () => {
    const cluster = await newCluster(world, 'shop');
    await change(world, cluster, 'shop', { managed: true });
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
    const cluster = await newCluster(world, 'shop');
    await change(world, cluster, 'shop', { managed: true });
    const [web, db] = [await workload(cluster, 'shop', 'web'), await workload(cluster, 'shop', 'db')];
    await world.say('KubernetesWorkloadVanished', cluster, web, { id: web });
    await world.settled();
    expect([await entity(web), (await entity(db))?.['id']]).toEqual([null, db]);
    await world.say('KubernetesWorkloadVanished', cluster, db, { id: db });
    await world.say('NamespaceVanished', cluster, `${cluster}_shop`, { cluster, name: 'shop' });
    await world.say('ContainerClusterDeleted', cluster, cluster, { id: cluster });
    await world.settled();
    expect(await entity(db)).toBe(null);
    expect(await tokenOf(profilesOf(world, cluster))).toBe('not_found_error');
    await eventually(async () => (await settings(cluster)).size === 0);
  });
});

describe('the labels of entities at a moment', () => {
  const moment = async (): Promise<string> => {
    const at = new Date().toISOString();
    await eventually(() => new Date().toISOString() > at);
    return at;
  };
  const then = async (at: string, end: string) =>
    (await world.resolver().labelledAt({ at, ends: [end] })).entities.map(({ mode, labels }) => ({
      mode,
      labels,
    }));

  it('are what was so by name and by id, whatever came after, and nothing before and when it is gone', async () => {
    const name = `web-${randomUUID()}`;
    const role = await newLabel(world, 'role', name);
    const cluster = await newCluster(world, 'shop');
    await change(world, cluster, 'shop', { managed: true, enforcement_mode: 'full' });
    const before = await moment();
    const web = await workload(cluster, 'shop', name, { 'com.illumio.role': name });
    await world.settled();
    const labelled = await moment();
    await change(world, cluster, 'shop', { enforcement_mode: 'visibility_only' });
    await world.settled();
    const relaxed = await moment();
    await world.say('KubernetesWorkloadVanished', cluster, web, { id: web });
    await world.settled();
    for (const end of [`shop/${name}`, `workload:shop/${name}`, `${name}.shop.svc`, web]) {
      expect(await then(before, end)).toEqual([]);
      expect(await then(labelled, end)).toEqual([{ mode: 'full', labels: [role] }]);
      expect(await then(relaxed, end)).toEqual([{ mode: 'visibility_only', labels: [role] }]);
      expect(await then(await moment(), end)).toEqual([]);
    }
    const { labels, since } = await world.resolver().labelledAt({ at: labelled, ends: [web] });
    expect(labels).toEqual([{ id: role, key: 'role', value: name }]);
    expect(Date.parse(since!)).toBeLessThan(Date.parse(before));
    for (const end of [name, `other/${name}`, 'shop/']) expect(await then(labelled, end)).toEqual([]);
  });

  it('are found by an address in any spelling, of hosts whose names are longer than any index takes, too', async () => {
    const [id, name] = [randomUUID(), Array.from({ length: 200 }, () => randomUUID()).join('')];
    const host = { id, cluster: null, node: null, name, hostname: '', description: '', managed: false };
    const state = { ...host, labels: [], mode: 'visibility_only', addresses: ['2001:db8::7'] };
    await world.say('WorkloadCreated', 'global', id, state);
    await world.settled();
    for (const end of ['2001:db8::7', '2001:DB8:0:0::7', name])
      expect(await then(await moment(), end)).toEqual([{ mode: 'visibility_only', labels: [] }]);
    expect(await then(await moment(), '2001:db8::8')).toEqual([]);
  });
});

describe('labels that the label map of a cluster asks for', () => {
  const roles = (...values: string[]): MappedLabel[] =>
    values.map((value) => ({ key: 'role', value, from: 'app', allowCreate: true }));

  it('are made before anybody carries them, once, with the cluster as who made them', async () => {
    const mark = randomUUID();
    const cluster = await newCluster(world, 'shop');
    await change(world, cluster, 'shop', { managed: true });
    const ids = [
      await workload(cluster, 'shop', 'web', {}, roles(`web ${mark}`)),
      await workload(cluster, 'shop', 'web-2', {}, roles(`web ${mark}`)),
    ];
    await world.settled();
    const [first, second] = await Promise.all(ids.map(entity));
    expect(first?.['labels']).toHaveLength(1);
    expect(second?.['labels']).toEqual(first?.['labels']);
    const made = (await world.events('LabelCreated')).filter(({ data }) => data['value'] === `web ${mark}`);
    expect(made).toMatchObject([{ data: { externalDataSet: 'label map' } }]);
    expect(await world.events('EntityLabelled')).not.toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ id: ids[0], labels: [] }) as unknown }),
    );
  });

  it('are so many for each cluster: what is beyond is missing for all to see', async () => {
    const mark = randomUUID();
    const cluster = await newCluster(world, 'shop');
    await change(world, cluster, 'shop', { managed: true });
    const names = Array.from({ length: MOST_MAPPED + 2 }, (_, index) => `w${String(index)}-${mark}`);
    await Promise.all(names.map((name) => workload(cluster, 'shop', name, {}, roles(name))));
    await world.settled();
    const carried = await Promise.all(
      names.map((name) => entity(kubernetesWorkloadId(cluster, `shop-${name}`))),
    );
    const beyond = carried.filter((each) => (each?.['labels'] as string[]).length === 0);
    expect(beyond).toHaveLength(2);
    expect(beyond[0]?.['refused']).toMatchObject([{ annotation: 'app', reason: 'no-such-label' }]);
    expect(world.resolver().labelsNotMade()).toBeGreaterThan(0);
    // Another cluster has a share of its own.
    const other = await newCluster(world, 'shop');
    await change(world, other, 'shop', { managed: true });
    const api = await workload(other, 'shop', 'api', {}, roles(`other ${mark}`));
    await world.settled();
    expect((await entity(api))?.['labels']).toHaveLength(1);
  });
});

describe('settings for the clusters', () => {
  it('are the current catalogue, profiles and nodes, also after a restart', async () => {
    const app = await newLabel(world, 'app', randomUUID());
    const cluster = await newCluster(world, 'shop');
    await change(world, cluster, 'shop', { managed: true, enforcement_mode: 'selective' });
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
      adminPorts: [{ port: 22, cidrs: ['10.0.0.0/8'] }],
    };
    await world.say('WorkloadCreated', cluster, id, node);
    await world.settled();
    const profile = idOf((await profileOf(world, cluster, 'shop')).href);
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
        visibilityLevel: 'flow_summary',
        assignments: {},
      });
      expect(values.get(`policy.${cluster}.node.n1`)).toEqual({
        node: 'n1',
        workload: id,
        labels: [app],
        mode: 'full',
        adminPorts: node.adminPorts,
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
    await eventually(async () => (await settings(cluster)).has(`policy.${cluster}.node.n1`));
    await expected();
    await eventually(saidAll);
    await world.restart();
    await world.settled();
    await expected();
    await eventually(saidAll);
    await world.say('WorkloadDeleted', cluster, id, { id });
    await eventually(async () => !(await settings(cluster)).has(`policy.${cluster}.node.n1`));
  });

  it('are said again when NATS has lost its disk, and that what is gone is gone', async () => {
    const cluster = await newCluster(world, 'shop');
    const id = randomUUID();
    const node = { id, cluster, node: 'n1', name: 'n1', hostname: 'n1', description: '', managed: true };
    await world.say('WorkloadCreated', cluster, id, { ...node, labels: [], mode: 'full', addresses: [] });
    await world.settled();
    await world.say('WorkloadDeleted', cluster, id, { id });
    await world.settled();
    const told = async (): Promise<[string, unknown][]> =>
      [...(await said(cluster))].filter(([subject]) => !/\.(labels|settled)\./.test(subject)).sort();
    const isToldGone = (now: [string, unknown][]): boolean =>
      now.some(([subject, value]) => subject === `policy.${cluster}.node.n1` && value === null);
    const before = await eventually(told, isToldGone);
    await world.loseStreams();
    await eventually(told, (now) => isDeepStrictEqual(now, before));
    expect([...(await settings(cluster)).keys()]).toContain(`policy.${cluster}.labels.catalogue`);
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

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
