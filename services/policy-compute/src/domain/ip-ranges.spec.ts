/** IP lists in normal form, against plain sets of addresses. */
import fc from 'fast-check';
import type { IpRange } from '@ringfence/contracts';
import { CidrSet, cidrsOf } from '@ringfence/policy-engine';
import { describe, expect, it } from 'vitest';
import { normaliseRanges } from './ip-ranges.js';

const range = (from: string, over: Partial<IpRange> = {}): IpRange => ({
  from,
  to: null,
  exclusion: false,
  description: '',
  ...over,
});
const LAST = 31;
const address = (last: number): string => `10.0.0.${last}`;
const anyRange: fc.Arbitrary<IpRange> = fc
  .tuple(fc.nat({ max: LAST }), fc.nat({ max: 6 }), fc.boolean())
  .map(([first, more, exclusion]) =>
    range(address(first), { to: address(Math.min(first + more, LAST)), exclusion }),
  );
const holds = ({ from, to }: IpRange, last: number): boolean =>
  Number(from.split('.')[3]) <= last && last <= Number(to!.split('.')[3]);

describe('the ranges of an IP list', () => {
  it('take no exclusion of what they do not include, and hold what is included and not excluded', () => {
    fc.assert(
      fc.property(fc.array(anyRange, { maxLength: 8 }), (ranges) => {
        const all = Array.from({ length: LAST + 1 }, (_, last) => last);
        const [excluded, included] = [true, false].map((exclusion) =>
          all.filter((last) => ranges.some((one) => one.exclusion === exclusion && holds(one, last))),
        );
        const normal = normaliseRanges(ranges);
        const isRefused = 'reason' in normal;
        expect(isRefused).toBe(excluded!.some((last) => !included!.includes(last)));
        if (isRefused) return;
        const held = new CidrSet(cidrsOf(normal));
        expect(all.filter((last) => held.contains(address(last)))).toEqual(
          included!.filter((last) => !excluded!.includes(last)),
        );
      }),
    );
  });

  it('are merged where they are the same in every word, and stay two where their descriptions differ', () => {
    const offices = range('10.0.0.0/8', { description: 'offices' });
    expect(normaliseRanges([range('10.1.2.3/8'), range('10.0.0.0/8'), offices])).toEqual([
      range('10.0.0.0/8'),
      offices,
    ]);
  });

  it('may be 100,000, half of them exclusions', () => {
    const whole = Array.from(
      { length: 50_000 },
      (_, i) => `10.${i >> 12}.${(i >> 4) & 255}.${(i & 15) * 16}`,
    );
    const ranges = whole.flatMap((first) => [
      range(`${first}/28`),
      range(`${first}/30`, { exclusion: true }),
    ]);
    const normal = normaliseRanges(ranges) as IpRange[];
    expect(normal).toHaveLength(100_000);
    // Of each 16 addresses the first four are out: a block of eight and one of four are left.
    expect(cidrsOf(normal)).toHaveLength(100_000);
  });
});
