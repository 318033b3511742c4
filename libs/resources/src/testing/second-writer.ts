import { expect } from 'vitest';
import { etagOf } from '../etag.js';
import type { CollectionWorld } from './collection-world.js';
import { tokenOf } from './refusal-token.js';

/** Of two who have read the same and say so, the second one changes nothing, nor does he delete it. */
export async function expectSecondWriterIsTold(
  world: CollectionWorld,
  collection: string,
  ids: string[],
  [first, second]: readonly [object, object],
): Promise<void> {
  const get = async () => (await world.rest(collection, 'get', { ids })).body;
  const ifMatch = etagOf(await get());
  const writing = (body: object) => tokenOf(world.rest(collection, 'update', { ids, ifMatch, body }));
  expect(await Promise.all([writing(first), writing(second)])).toEqual([undefined, 'precondition_failed']);
  expect(await tokenOf(world.rest(collection, 'delete', { ids, ifMatch }))).toBe('precondition_failed');
  expect(await get()).toMatchObject(first);
  const now = etagOf(await get());
  expect(
    await tokenOf(world.rest(collection, 'update', { ids, ifMatch: now, body: second })),
  ).toBeUndefined();
}
