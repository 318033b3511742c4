import { describe, expect, it } from 'vitest';
import { rateWindow } from './rate-window.js';

describe('a window of a minute', () => {
  it('lets so many through, then says how long to wait, then lets through again', () => {
    const rate = rateWindow(2);
    expect([
      rate.take('k', 0),
      rate.take('k', 1_000),
      rate.take('k', 2_000),
      rate.take('k', 59_999),
      rate.take('k', 60_000),
    ]).toEqual([0, 0, 58_000, 1, 0]);
  });

  it('tells without counting whether the next would be too many', () => {
    const rate = rateWindow(1);
    expect([
      rate.look('k', 0),
      rate.look('k', 0),
      rate.take('k', 0),
      rate.look('k', 0),
      rate.look('k', 60_000),
    ]).toEqual([0, 0, 0, 60_000, 0]);
  });

  it('counts each key on its own', () => {
    const rate = rateWindow(1);
    expect([rate.take('a', 0), rate.take('b', 0), rate.take('a', 0)]).toEqual([0, 0, 60_000]);
  });

  it('forgets the oldest of too many keys, which lets a request through and never refuses one', () => {
    const rate = rateWindow(1);
    rate.take('first', 0);
    for (let i = 0; i < 10_000; i += 1) rate.take(`k${String(i)}`, 1);
    expect(rate.take('first', 2)).toBe(0);
    expect(rate.take('k9999', 2)).toBeGreaterThan(0);
  });
});
