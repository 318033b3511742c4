import { describe, expect, it } from 'vitest';
import { isSameValue } from './same-value.js';

describe('the same value', () => {
  it('does not depend on the order of keys, but on that of lists', () => {
    expect(isSameValue({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toBe(true);
    expect(isSameValue([1, 2], [2, 1])).toBe(false);
  });

  it('takes absent and undefined as one, and null as a value', () => {
    expect(isSameValue({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(isSameValue({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(isSameValue({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(isSameValue({ a: 1, b: undefined }, { a: 1, b: 2 })).toBe(false);
    expect(isSameValue({ a: 1, b: null }, { a: 1 })).toBe(false);
  });

  it('tells a list from an object, and text from a number', () => {
    expect(isSameValue([], {})).toBe(false);
    expect(isSameValue('1', 1)).toBe(false);
  });
});
