import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Posting } from './posting.js';
import { addTo, removeFrom, SmallSet } from './small-set.js';

const anySteps = fc.array(fc.record({ add: fc.boolean(), value: fc.integer({ min: 0, max: 30 }) }), {
  maxLength: 120,
});

it('says of any sequence what a Set says, few or many', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const [small, set] = [new SmallSet<number>(), new Set<number>()];
      for (const { add, value } of steps) {
        if (add) small.add(value);
        else expect(small.delete(value)).toBe(set.has(value));
        if (add) set.add(value);
        else set.delete(value);
        expect(small.has(value)).toBe(add);
        expect(small.size).toBe(set.size);
      }
      expect([...small]).toEqual([...set]);
    }),
  );
});

it('may lose what somebody stands on', () => {
  const few = new SmallSet<number>();
  for (const value of [1, 2, 3]) few.add(value);
  const seen: number[] = [];
  for (const value of few) if (few.delete(value)) seen.push(value);
  expect([seen, few.size]).toEqual([[1, 2, 3], 0]);
});

it('goes from its key with the last of it', () => {
  const map = new Map<string, SmallSet<number>>();
  addTo(map, 'a', 1);
  addTo(map, 'a', 2);
  removeFrom(map, 'a', 1);
  expect([...map.get('a')!]).toEqual([2]);
  removeFrom(map, 'a', 2);
  expect(map.size).toBe(0);
});

it('posts whatever has not gone', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat({ max: 9 })), { maxLength: 80 }), (steps) => {
      const posting = new Posting<{ isGone: boolean }>();
      const present: { isGone: boolean }[] = [];
      for (const gone of steps) {
        if (gone === null) {
          const item = { isGone: false };
          posting.add(item);
          present.push(item);
        } else if (gone < present.length) {
          present.splice(gone, 1)[0]!.isGone = true;
          posting.lost();
        }
        expect(posting.size).toBe(present.length);
      }
      expect(posting.present()).toEqual(present);
    }),
  );
});
