import { CallError } from '@ringfence/bus';
import type { ERRORS } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { byTime, byWord, byWords, page, refuseFilters } from './filters.js';

const MODES = ['idle', 'full'];
const items = [
  { mode: 'idle', at: new Date('2026-01-01T00:00:00Z') },
  { mode: 'full', at: new Date('2026-02-01T00:00:00Z') },
  { mode: 'full', at: null },
];
type Item = (typeof items)[number];
const filters = {
  mode: byWord<Item>('mode', MODES, ({ mode }) => mode),
  modes: byWords<Item>('modes', MODES, ({ mode }) => mode),
  ...byTime<Item>('at', ({ at }) => at),
};
const matching = (query: Record<string, string>): number[] =>
  page(items, query, filters).matched.map((item) => items.indexOf(item));

function refusalOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error instanceof CallError ? error.errors[0] : error;
  }
}

describe('a list', () => {
  it('is narrowed by words, lists of words, and spans of time', () => {
    expect(matching({ mode: 'full' })).toEqual([1, 2]);
    expect(matching({ modes: '["idle","full"]' })).toEqual([0, 1, 2]);
    expect(matching({ 'at[gte]': '2026-01-15T00:00:00Z' })).toEqual([1]);
    expect(matching({ 'at[lte]': '2026-01-01T00:00:00.000Z' })).toEqual([0]);
  });

  it.each([
    [{ mode: 'ful' }, 'mode: '],
    [{ modes: 'full' }, 'modes: '],
    [{ modes: '["ful"]' }, 'modes: '],
    [{ 'at[gte]': '2026-01-15' }, 'at[gte]: '],
  ])('refuses what is no value of a parameter: %j', (query, name) => {
    const message = expect.stringContaining(name) as unknown;
    expect(refusalOf(() => matching(query))).toEqual({ token: 'input_validation_error', message });
  });

  it('refuses a published parameter that it cannot answer to, by name, and ignores what nobody published', () => {
    expect(refusalOf(() => refuseFilters({ os: 'x', other: 'y' }, ['version', 'os']))).toEqual({
      token: 'unsupported_filter' satisfies keyof typeof ERRORS,
      message: expect.stringContaining('os: ') as unknown,
    });
    expect(refuseFilters({ other: 'y' }, ['version', 'os'])).toBeUndefined();
  });
});
