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

  it('holds nothing that cannot be stored, also not in what a schema lets pass', () => {
    const settings = ROUTES.find(
      ({ collection, op }) => collection === 'settings/workloads' && op === 'update',
    )!;
    const body = (extra: string): string =>
      `{"ven_uninstall_timeout_hours":[{"scope":[{"href":"/orgs/1/labels/1",${extra}}],"value":1}]}`;
    expect(parseBody(settings, undefined, body('"key":"app"'))).toBeDefined();
    for (const extra of ['"key":"\\ud800"', '"key":"a\\u0000"', '"\\udfff":1'])
      expect(() => parseBody(settings, undefined, body(extra))).toThrow(/scope\[0\].*cannot be stored/);
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
