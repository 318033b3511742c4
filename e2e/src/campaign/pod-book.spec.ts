import { describe, expect, it } from 'vitest';
import { bookOf, pod } from './testing/town.builder.js';

const ADDRESS = '10.0.0.1';
const names = (found: readonly { name: string }[]): string[] => found.map(({ name }) => name);

describe('the book of Pods', () => {
  it('gives an address to everybody who may have had it', () => {
    const book = bookOf(
      (second) => (second < 10 ? [pod('old', ADDRESS)] : [pod('new', ADDRESS, { createdAt: 10_000 })]),
      30,
    );
    expect(names(book.holders(ADDRESS, 5_000, 5_100))).toEqual(['old']);
    expect(names(book.holders(ADDRESS, 10_500, 10_600))).toEqual(['old', 'new']);
    expect(names(book.holders(ADDRESS, 20_000, 20_100))).toEqual(['new']);
    expect(book.holders('10.0.0.2', 5_000, 5_100)).toEqual([]);
  });

  it('calls a Pod ready only between looks that said so', () => {
    const book = bookOf((second) => [pod('a', ADDRESS, { isReady: second >= 3 && second !== 8 })], 20);
    expect(book.wasReady('a', 2_500, 2_600, 'node-1')).toBe(false);
    expect(book.wasReady('a', 3_500, 4_000, 'node-1')).toBe(true);
    expect(book.wasReady('a', 6_500, 7_500, 'node-1')).toBe(false);
    expect(book.wasReady('a', 7_100, 8_500, 'node-1')).toBe(false);
    expect(book.wasReady('a', 9_500, 10_000, 'node-1')).toBe(true);
    // The newest look began at 20 s: nobody knows what came after.
    expect(book.wasReady('a', 19_500, 20_500, 'node-1')).toBe(false);
  });

  it('takes no witness from a node that the condition leaves out', () => {
    const book = bookOf(() => [pod('a', ADDRESS, { readyMessage: 'without node-1, away for 20 s' })], 5);
    expect(book.wasReady('a', 1_000, 2_000, 'node-1')).toBe(false);
    expect(book.wasReady('a', 1_000, 2_000, 'node-3')).toBe(true);
  });
});
