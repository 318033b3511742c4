import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceOf, Taken } from './taken.js';

interface Named {
  readonly id: string;
  readonly name: string | null;
}

describe('what only one object may have', () => {
  const named = fc.record({
    id: fc.constantFrom('1', '2', '3', '4'),
    name: fc.constantFrom('a', 'b', 'c', null),
  });
  it('is taken if another object has it now, whatever it had before', () => {
    fc.assert(
      fc.property(fc.array(named), fc.array(named), named, (read, wanted, last) => {
        const objects = new Map<string, Named>();
        const isTaken = ({ id, name }: Named): boolean =>
          name !== null && [...objects.values()].some((other) => other.id !== id && other.name === name);
        const firsts = read.filter((each) => !isTaken(each) && objects.set(each.id, each));
        const taken = new Taken<Named>(({ name }) => name, firsts);
        for (const each of [...wanted, last]) {
          expect(taken.byAnother(each)).toBe(isTaken(each));
          if (isTaken(each)) continue;
          objects.set(each.id, each);
          taken.note(each);
        }
      }),
    );
  });

  it('is no reference while one half of it is absent', () => {
    const half = { externalDataSet: 'tool', externalDataReference: null };
    expect(referenceOf(half)).toBe(null);
    expect(referenceOf({ ...half, externalDataReference: '1' })).not.toBe(null);
  });
});
