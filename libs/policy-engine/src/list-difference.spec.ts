import fc from 'fast-check';
import { expect, it } from 'vitest';
import { differenceOf } from './list-difference.js';

const anyList = fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f']);

it('says of any two lists what only one of them has', () => {
  fc.assert(
    fc.property(anyList, anyList, (before, after) => {
      expect(differenceOf(before, after)).toEqual({
        lost: before.filter((text) => !after.includes(text)),
        gained: after.filter((text) => !before.includes(text)),
      });
    }),
  );
});
