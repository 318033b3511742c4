import { tokenOf } from '@ringfence/resources/testing';
import { describe, expect, it } from 'vitest';
import { newLabel } from './testing/resolver-client.js';
import { startWorld } from './testing/world.js';

describe('a second process of label-resolver', () => {
  it('stands by, and decides when the first one has ended', async () => {
    const world = await startWorld();
    try {
      const second = world.standBy();
      const ids = [await newLabel(world, 'role', 'by the first')];
      expect(second.mayWrite()).toBe(false);
      await second.takeOver();
      expect((await world.rest('labels', 'get', { ids })).body).toMatchObject({ value: 'by the first' });
      expect(await tokenOf(world.rest('labels', 'delete', { ids }))).toBe(undefined);
    } finally {
      await world.close();
    }
  });
});
