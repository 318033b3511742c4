/** Every filter that the API describes of label-resolver's collections, held against what their lists do. */
import { filterEffects } from '@ringfence/resources/testing';
import type { FilterEffect } from '@ringfence/resources/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCluster, newLabel, PROFILES } from './testing/resolver-client.js';
import { startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
let cluster: string;
beforeAll(async () => {
  world = await startWorld();
  cluster = await newCluster(world, 'shop', 'bank');
  await newLabel(world, 'role', 'web');
  await world.rest('labels', 'create', {
    body: { key: 'app', value: 'shop', external_data_set: 'cmdb', external_data_reference: '1' },
  });
  await world.rest('labels', 'delete', { ids: [await newLabel(world, 'env', 'gone')] });
  const { body } = await world.rest('label_dimensions', 'create', {
    body: {
      ...{ key: 'tier', display_name: 'Tier' },
      ...{ external_data_set: 'cmdb', external_data_reference: '2' },
    },
  });
  const made = await world.rest('label_dimensions', 'create', {
    body: { key: 'gone', display_name: 'Gone' },
  });
  for (const { href } of [made.body as { href: string }])
    await world.rest('label_dimensions', 'delete', { ids: [href.split('/').at(-1) ?? ''] });
  expect(body).toMatchObject({ key: 'tier' });
});
afterAll(() => world.close());

describe('each filter that the API describes', () => {
  it.each(['labels', 'label_dimensions', PROFILES])(
    'of %s counts, or is refused by its name',
    async (collection) => {
      const ids = collection === PROFILES ? [cluster] : [];
      // It sharpens the filter by key.
      const beside = { exact_match_for_label_type: { key: 'ro' } };
      const effects = Object.entries(await filterEffects(world, collection, { ids, beside }));
      expect(effects.length).toBeGreaterThan(0);
      const wrong: FilterEffect[] = ['ignored', 'misses what it names'];
      expect(effects.filter(([, effect]) => wrong.includes(effect))).toEqual([]);
    },
  );
});
