/** A map that shares with another one is what a copy of it would be, and says the same differences. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedMap } from './shared-map.js';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const data = fc.constantFrom('1', '2');
const changes = fc.array(fc.tuple(key, fc.option(data, { nil: undefined })), { maxLength: 3 });

describe('a shared map', () => {
  it('is what a copy would be, after any changes, and so are its differences from any earlier one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, data)), fc.array(changes, { maxLength: 8 }), (first, steps) => {
        const naive = new Map(first);
        const versions = [{ shared: SharedMap.of(new Map(naive)), copy: new Map(naive) }];
        let shared = versions[0]!.shared;
        for (const step of steps) {
          shared = shared.with(new Map(step));
          for (const [name, value] of new Map(step))
            if (value === undefined) naive.delete(name);
            else naive.set(name, value);
          versions.push({ shared, copy: new Map(naive) });
        }
        for (const { shared: one, copy } of versions) {
          expect(new Map(one)).toEqual(copy);
          for (const [name, value] of copy) expect(one.get(name)).toBe(value);
          for (const other of versions)
            expect(new Map(one.missingFrom(other.shared))).toEqual(
              new Map([...copy].filter(([name, value]) => other.copy.get(name) !== value)),
            );
        }
      }),
      { numRuns: 300 },
    );
  });
});
