import { setImmediate } from 'node:timers/promises';
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

const ROUNDS = 40;

export interface BesideBulk {
  /** What one writes who names what he has read, and what a bulk call makes of the same field: one and the other by turns. */
  readonly single: object;
  readonly inBulk: readonly [object, object];
  bulk(change: object): Promise<unknown>;
}

/** Wherever a bulk call falls beside a change that names what it has read: that change came first, or it was refused. */
export async function expectNobodySlipsIn(
  world: CollectionWorld,
  collection: string,
  ids: string[],
  { single, inBulk, bulk }: BesideBulk,
): Promise<void> {
  const get = async () => (await world.rest(collection, 'get', { ids })).body;
  await bulk(inBulk[1]);
  for (let round = 0; round < ROUNDS; round++) {
    const ifMatch = etagOf(await get());
    const writing = tokenOf(world.rest(collection, 'update', { ids, ifMatch, body: single }));
    for (let turn = 0; turn < round; turn++) await setImmediate();
    const last = inBulk[round % 2]!;
    const [refused] = await Promise.all([writing, bulk(last)]);
    expect([round, refused, await get()]).toMatchObject([round, refused, last]);
  }
}
