import { describe, expect, it } from 'vitest';
import { ROUTES } from '../routes/routes.js';
import { parseBody } from './request-body.js';

const route = ROUTES.find(({ collection, op }) => collection === 'labels' && op === 'create')!;
const label = (value: string): string => JSON.stringify({ key: 'app', value });
const nested = (times: number): string => `{"key":"app","value":${'['.repeat(times)}${']'.repeat(times)}}`;

describe('a body', () => {
  it('may hold brackets in its texts, as many as it likes', () => {
    for (const value of ['['.repeat(100), `"${'{'.repeat(100)}`, `\\"${'['.repeat(100)}\\`])
      expect(parseBody(route, 'application/json', label(value))).toEqual({ key: 'app', value });
  });

  it('is no deeper than anything of ours', () => {
    expect(() => parseBody(route, undefined, nested(60))).toThrow(/value/);
    for (const times of [64, 10_000, 1_000_000])
      expect(() => parseBody(route, undefined, nested(times))).toThrow(/deeper than 64 levels/);
  });

  it('is looked through once, also where its texts never end', () => {
    for (const text of ['"\\"'.repeat(500_000), '['.repeat(2_000_000), `"${'\\'.repeat(2_000_000)}`])
      expect(() => parseBody(route, undefined, text)).toThrow('invalid_json');
  });
});
