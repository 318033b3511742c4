import { expect } from 'vitest';
import { name, ORG } from '../client.js';
import type { Cases, Client, Item } from '../client.js';
import { label } from './labels.js';
import { readsBack } from './reads-back.js';

const CLUSTERS = `${ORG}/container_clusters`;

const cluster = (client: Client, prefix = name()): Promise<Item> =>
  client.made(CLUSTERS, { name: `${prefix}-a`, description: 'some' });

export const clusters: Cases = {
  'a cluster tells its token once, and else reads back as it was answered': async (client) => {
    const part = name();
    // How far its policy is may have moved on meanwhile.
    const { container_cluster_token: token, ringfence_enforcement: _, ...made } = await cluster(client, part);
    expect(token).toMatch(/./);
    const { ringfence_enforcement: __, ...shown } = await client.get(made.href);
    expect(shown).toEqual(made);
    expect(await client.list(`${CLUSTERS}?name=${part}`)).toHaveLength(1);
    await client.put(made.href, { description: 'changed' });
    expect(await client.get(made.href)).toMatchObject({ description: 'changed', name: made['name'] });
    await client.put(made.href, { name: part, description: '' });
    await readsBack(client, made.href, { name: part, description: '', online: false });
    await client.remove(made.href);
  },
};

interface Setting {
  readonly client: Client;
  readonly profiles: string;
  readonly byKey: Readonly<Record<'role' | 'app' | 'env' | 'loc', { readonly href: string }>>;
}

/** A cluster and a label of each type, all of which goes at the end. */
async function inCluster(client: Client, story: (setting: Setting) => Promise<void>): Promise<void> {
  const { href } = await cluster(client);
  const byKey = {} as Record<keyof Setting['byKey'], { href: string }>;
  for (const key of ['role', 'app', 'env', 'loc'] as const)
    byKey[key] = { href: (await label(client, key)).href };
  await story({ client, profiles: `${href}/container_workload_profiles`, byKey });
  await client.remove(href);
}
const profile = (assign_labels: readonly object[], part = name()): Record<string, unknown> => ({
  ...{ name: `${part}-a`, description: 'some', managed: true, enforcement_mode: 'visibility_only' },
  assign_labels,
});

export const profiles: Cases = {
  'labels that are allowed stay allowed beside an assignment of nothing, and a name goes by null': (given) =>
    inCluster(given, async ({ client, profiles: path, byKey }) => {
      const { href } = await client.made(path, profile([]));
      const allowed = { key: 'app', assignment: {}, restriction: [{ ...byKey.app, value: '' }] };
      await client.put(href, { name: null, labels: [allowed, { key: 'env', assignment: {} }] });
      expect(await client.get(href)).toMatchObject({
        name: null,
        labels: [
          { key: 'app', restriction: [expect.objectContaining(byKey.app)] },
          { key: 'env', assignment: {} },
        ],
      });
    }),
  'a profile reads back as it was answered, beside the one that every cluster has': (given) =>
    inCluster(given, async ({ client, profiles: path, byKey }) => {
      // Its key is told this once.
      const { pairing_key: key, ...made } = await client.made(path, profile([byKey.env, byKey.loc]));
      expect(key).toMatch(/^[0-9a-f]{64}$/);
      expect(await client.get(made.href)).toEqual(made);
      expect(await client.list(path)).toHaveLength(2);
      expect(await client.listLater(path)).toHaveLength(2);
    }),
  'a label that is only one of those allowed may be deleted before the profile': (given) =>
    inCluster(given, async ({ client, profiles: path, byKey }) => {
      const { href } = await client.made(path, profile([byKey.env, byKey.loc]));
      const labels = [
        { key: 'app', restriction: [byKey.app] },
        { key: 'env', assignment: byKey.env },
        { key: 'loc', assignment: byKey.loc },
      ];
      await client.put(href, { labels });
      expect((await client.get(href))['labels']).toHaveLength(3);
      await client.remove(byKey.app.href);
      await client.remove(href);
    }),
  'profiles are found by a part of their name': (given) =>
    inCluster(given, async ({ client, profiles: path, byKey }) => {
      const part = name();
      for (const which of ['1', '2']) await client.made(path, profile([byKey.app], `${part}-${which}`));
      expect(await client.list(`${path}?name=${part}`)).toHaveLength(2);
      expect(await client.list(path)).toHaveLength(3);
    }),
  'what is assigned and what is labelled are two views of one thing': (given) =>
    inCluster(given, async ({ client, profiles: path, byKey }) => {
      const { assign_labels, ...body } = profile([byKey.role]);
      const { href } = await client.made(path, { ...body, assign_labels });
      await readsBack(client, href, { ...body, linked: false, namespace: null });
      const labels = [
        { key: 'app', assignment: byKey.app },
        { key: 'role', assignment: byKey.role },
      ];
      await client.put(href, { ...body, labels });
      const item = await readsBack(client, href, { labels, assign_labels: [byKey.app, byKey.role] });
      for (const each of item['labels'] as { assignment: { value: string } }[])
        expect(each.assignment.value).toMatch(/./);
      await client.put(href, { ...body, description: '', labels: labels.slice(0, 1) });
      await readsBack(client, href, { description: '', labels: labels.slice(0, 1) });
      await client.put(href, {
        ...{ name: body['name'], description: '', managed: false, enforcement_mode: 'idle' },
        labels: [],
      });
      await readsBack(client, href, { managed: false, enforcement_mode: 'idle' });
      expect(await client.get(href)).toMatchObject({ labels: [], assign_labels: [] });
      await client.remove(href);
    }),
};
