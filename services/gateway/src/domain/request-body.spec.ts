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

  it('that was read and is sent back is told all that must be left out at once, and what that is for', () => {
    const ruleSet = ROUTES.find(({ collection, op }) => collection === 'rule_sets' && op === 'update')!;
    const meta = {
      created_at: '',
      created_by: {},
      updated_at: '',
      updated_by: {},
      deleted_at: null,
      caps: [],
    };
    const rule = { href: '/orgs/1/sec_policy/draft/rule_sets/3/sec_rules/7', enabled: true, ...meta };
    const body = { href: '/x', name: 'web', rules: [rule, rule], deny_rules: [rule], ...meta };
    const field = (place: string): string =>
      Object.keys(meta)
        .map((name) => `${place}${name}`)
        .join(', ');
    expect(() => parseBody(ruleSet, undefined, JSON.stringify(body))).toThrow(
      expect.objectContaining({
        errors: [
          {
            token: 'input_validation_error',
            message: `${field('rules[].')}, ${field('deny_rules[0].')}, href, ${field('')}: unknown fields; leave out what is only shown: a PUT keeps what it does not name`,
          },
        ],
      }) as Error,
    );
  });

  it('of which a thousand fields are unknown names some, and says how many more there are', () => {
    const fields = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`field${n}`, n]));
    const body = JSON.stringify({ ...fields, key: 'app' });
    expect(() => parseBody(route, undefined, body)).toThrow(/field59 and 940 more: unknown fields.*value/s);
  });

  it('is looked through once, also where its texts never end', () => {
    for (const text of ['"\\"'.repeat(500_000), '['.repeat(2_000_000), `"${'\\'.repeat(2_000_000)}`])
      expect(() => parseBody(route, undefined, text)).toThrow('invalid_json');
  });
});
