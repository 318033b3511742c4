/** Profiles of the namespaces of a cluster, as REST clients see them. */
import { randomUUID } from 'node:crypto';
import { tokenOf } from '@ringfence/resources/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  change,
  discover,
  expectContractedEvents,
  idOf,
  newCluster,
  newLabel,
  profileOf,
  PROFILES,
  profilesOf,
} from './testing/resolver-client.js';
import { startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('profiles', () => {
  it("begin with the template, also when the cluster's event is still on the way", async () => {
    const cluster = randomUUID();
    expect(await tokenOf(profilesOf(world, cluster))).toBe('not_found_error');
    const asked = profilesOf(world, cluster);
    await world.say('ContainerClusterCreated', cluster, cluster, {
      id: cluster,
      name: 'late',
      description: '',
    });
    expect(await asked).toMatchObject([{ name: 'Default Profile', namespace: null, managed: false }]);
  });
  it('of discovered namespaces inherit the template', async () => {
    const app = await newLabel(world, 'app', randomUUID());
    const cluster = await newCluster(world);
    const [template] = await profilesOf(world, cluster);
    await world.rest(PROFILES, 'update', {
      ids: [cluster, idOf(template?.href ?? '')],
      body: { assign_labels: [{ href: `/orgs/1/labels/${app}` }] },
    });
    await discover(world, cluster, 'shop');
    await world.settled();
    expect(await profileOf(world, cluster, 'shop')).toMatchObject({
      managed: false,
      linked: true,
      assign_labels: [{ href: `/orgs/1/labels/${app}` }],
    });
  });
  it('show labels and assign_labels as two views of one thing', async () => {
    const value = randomUUID();
    const [app, env] = [await newLabel(world, 'app', value), await newLabel(world, 'env', value)];
    const cluster = await newCluster(world, 'shop');
    const labels = [
      { key: 'app', assignment: { href: `/orgs/1/labels/${app}` } },
      { key: 'env', restriction: [{ href: `/orgs/1/labels/${env}` }] },
      { key: 'role', assignment: {} },
      { key: 'loc', restriction: [] },
    ];
    await change(world, cluster, 'shop', { labels });
    expect(await profileOf(world, cluster, 'shop')).toMatchObject({
      assign_labels: [{ href: `/orgs/1/labels/${app}` }],
      labels: expect.arrayContaining([
        { key: 'app', assignment: { href: `/orgs/1/labels/${app}`, value } },
        { key: 'env', restriction: [{ href: `/orgs/1/labels/${env}`, value }] },
        { key: 'role', assignment: {} },
      ]),
    });
    await change(world, cluster, 'shop', { labels: [] });
    expect(await profileOf(world, cluster, 'shop')).toMatchObject({ assign_labels: [], labels: [] });
    expect(
      await tokenOf(
        change(world, cluster, 'shop', {
          labels: [{ key: 'app', assignment: { href: `/orgs/1/labels/${env}` } }],
        }),
      ),
    ).toBe('input_validation_error');
  });
  it('are prepared in bulk, each answered in its place, and one that is there is left as it is', async () => {
    const app = await newLabel(world, 'app', randomUUID());
    const cluster = await newCluster(world, 'here');
    const labels = [{ key: 'app', assignment: { href: `/orgs/1/labels/${app}` } }];
    const { body } = await world.rest(PROFILES, 'bulk_create', {
      ids: [cluster],
      body: [
        { namespace: 'soon', managed: true, labels },
        { namespace: 'here', managed: true },
        { namespace: 'soon' },
        { namespace: 'later', labels: [{ key: 'planet', assignment: {} }] },
      ],
    });
    expect(body).toMatchObject([
      { status: 'created', href: expect.any(String) },
      { status: 'validation_failure', token: 'container_workload_profile_namespace_must_be_unique' },
      { status: 'validation_failure', token: 'container_workload_profile_namespace_must_be_unique' },
      { status: 'validation_failure', token: 'input_validation_error' },
    ]);
    expect(await profileOf(world, cluster, 'here')).toMatchObject({ managed: false });
    await discover(world, cluster, 'soon');
    await world.settled();
    expect(await profileOf(world, cluster, 'soon')).toMatchObject({ managed: true, linked: true });
    const again = world.rest(PROFILES, 'create', { ids: [cluster], body: { namespace: 'here' } });
    expect(await tokenOf(again)).toBe('container_workload_profile_namespace_must_be_unique');
  });
  it('wait for the namespace that presents their key, once; another key is refused, and leaves it unmanaged', async () => {
    const cluster = await newCluster(world, 'early');
    const [template] = await profilesOf(world, cluster);
    await world.rest(PROFILES, 'update', {
      ids: [cluster, idOf(template?.href ?? '')],
      body: { managed: true },
    });
    const prepare = async (name: string) =>
      (await world.rest(PROFILES, 'create', { ids: [cluster], body: { name, managed: true } })).body as {
        href: string;
        pairing_key: string;
      };
    const [first, second] = [await prepare('first'), await prepare('second')];
    const waiting = (await profilesOf(world, cluster)).find(({ href }) => href === first.href);
    expect(waiting).toMatchObject({ namespace: null, linked: false });
    expect(waiting).not.toHaveProperty('pairing_key');
    await discover(world, cluster, 'shop', first.pairing_key);
    await world.settled();
    await discover(world, cluster, 'thief', first.pairing_key);
    await discover(world, cluster, 'early', second.pairing_key);
    await discover(world, cluster, 'shop', first.pairing_key);
    await world.settled();
    const bound = { managed: true, linked: true, pairing_key_refused: false };
    expect(await profileOf(world, cluster, 'shop')).toMatchObject({
      ...bound,
      href: first.href,
      name: 'first',
    });
    expect(await profileOf(world, cluster, 'early')).toMatchObject({ ...bound, href: second.href });
    expect(await profileOf(world, cluster, 'thief')).toMatchObject({
      managed: false,
      pairing_key_refused: true,
    });
    expect(await profilesOf(world, cluster)).toHaveLength(4);
  });
  it('change in bulk, and say which record was wrong', async () => {
    const cluster = await newCluster(world, 'a', 'b');
    const hrefs = [await profileOf(world, cluster, 'a'), await profileOf(world, cluster, 'b')].map(
      ({ href }) => ({
        href,
      }),
    );
    const { changes } = await world.rest(PROFILES, 'bulk_update', {
      ids: [cluster],
      body: { container_workload_profiles: hrefs, managed: true },
    });
    expect(new Set(changes)).toEqual(
      new Set(
        hrefs.map(({ href }) => ({
          resource: expect.objectContaining({ href }) as unknown,
          changes: { managed: { before: false, after: true } },
        })),
      ),
    );
    expect((await profilesOf(world, cluster)).filter((each) => each.managed).length).toBe(2);
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

describe('what was said in all of these', () => {
  it('is what the contracts list, and nothing beyond', () => expectContractedEvents(world));
});
