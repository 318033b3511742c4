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
      const walked: number[] = [];
      small.forEach((value) => walked.push(value));
      expect(walked).toEqual([...set]);
    }),
  );
});

it.each([3, 9, 40])('may lose what somebody stands on, of %i', (size) => {
  const all = Array.from({ length: size }, (_, i) => i);
  const walks: ((set: SmallSet<number>, visit: (value: number) => void) => void)[] = [
    (set, visit) => set.forEach(visit),
    (set, visit) => {
      for (const value of set) visit(value);
    },
  ];
  for (const walk of walks) {
    const set = new SmallSet<number>();
    for (const value of all) set.add(value);
    const seen: number[] = [];
    walk(set, (value) => {
      if (set.delete(value)) seen.push(value);
    });
    expect([seen, set.size]).toEqual([all, 0]);
  }
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
