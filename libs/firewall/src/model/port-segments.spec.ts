/** Overlapping services, looked up in one step, say the same as walking all rules. */
import type { PortRange, WireRule } from '@ringfence/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directionPolicy } from './port-segments.js';

const rule = (ref: string, ...ports: PortRange[]): WireRule => ({ ref, class: 'allow', ports, peers: [ref] });

describe('overlapping services', () => {
  it('are split into disjoint ranges, each with its rules in order', () => {
    const { segments } = directionPolicy([
      rule('a', { proto: 6, from: 80, to: 90 }),
      rule('any', { proto: -1 }),
      rule('b', { proto: 6, from: 85 }),
    ]);
    expect(segments.map(({ from, to, rules }) => [from, to, rules.map(({ ref }) => ref)])).toEqual([
      [80, 84, ['a', 'any']],
      [85, 85, ['a', 'any', 'b']],
      [86, 90, ['a', 'any']],
    ]);
  });

  it('of one protocol without ports cover all of it', () => {
    const { segments } = directionPolicy([rule('gre', { proto: 47 }), rule('icmp', { proto: 1 })]);
    expect(segments.map(({ proto, from, to }) => [proto, from, to])).toEqual([
      [1, 0, 65_535],
      [47, 0, 65_535],
    ]);
  });

  it('of ICMP are keyed by type and code', () => {
    const { segments } = directionPolicy([
      rule('echo', { proto: 1, icmpType: 8 }),
      rule('frag', { proto: 1, icmpType: 3, icmpCode: 4 }),
    ]);
    expect(segments.map(({ from, to }) => [from, to])).toEqual([
      [772, 772],
      [2048, 2303],
    ]);
  });

  it('refuse a range that ends before it begins', () => {
    expect(() => directionPolicy([rule('a', { proto: 6, from: 9, to: 8 })])).toThrowError(
      expect.objectContaining({ code: 'invalid_port_range' }),
    );
  });

  const range = fc.record({
    proto: fc.constantFrom(-1, 6, 17),
    from: fc.integer({ min: 0, max: 12 }),
    length: fc.integer({ min: 0, max: 6 }),
  });
  const rules = fc
    .array(fc.array(range, { minLength: 1, maxLength: 3 }), { maxLength: 6 })
    .map((lists) =>
      lists.map((list, i) =>
        rule(
          `${i}`,
          ...list.map(({ proto, from, length }) =>
            proto === -1 ? { proto } : { proto, from, to: from + length },
          ),
        ),
      ),
    );

  it('never overlap, and hold for every port exactly the rules that name it', () => {
    fc.assert(
      fc.property(rules, fc.constantFrom(6, 17), fc.integer({ min: 0, max: 20 }), (list, proto, port) => {
        const policy = directionPolicy(list);
        const hits = policy.segments.filter(
          (each) => each.proto === proto && each.from <= port && port <= each.to,
        );
        expect(hits.length).toBeLessThanOrEqual(1);
        const found = hits[0]?.rules ?? policy.anyProtocol;
        const walked = list.filter(({ ports }) =>
          ports.some(
            (each) =>
              each.proto === -1 ||
              (each.proto === proto && (each.from ?? 0) <= port && port <= (each.to ?? 65_535)),
          ),
        );
        expect(found.map(({ ref }) => ref)).toEqual(walked.map(({ ref }) => ref));
      }),
    );
  });
});
