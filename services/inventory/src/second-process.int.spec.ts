import { describe, expect, it } from 'vitest';
import { startWorld } from './testing/world.js';

describe('a second process of inventory', () => {
  it('stands by, and decides when the first one has ended', async () => {
    const world = await startWorld();
    try {
      const second = world.standBy();
      const create = (name: string) => world.rest('container_clusters', 'create', { body: { name } });
      await create('east');
      expect(second.mayWrite()).toBe(false);
      await second.takeOver();
      await expect(create('east')).rejects.toThrow();
      await create('west');
      expect((await world.rest('container_clusters', 'list')).body).toMatchObject([
        { name: 'east' },
        { name: 'west' },
      ]);
    } finally {
      await world.close();
    }
  });
});
