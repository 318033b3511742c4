import { describe, expect, it } from 'vitest';
import { parsePolicyDocuments } from './policy-documents.js';
import type { ParsedPolicy } from './policy-documents.js';

const TEMPLATE = `
parameters:
  app: { description: 'the application, such as \${app}' }
  port: { description: where it listens, default: 8080/tcp }
  ranges: { description: who may, default: '10.0.0.0/8', many: true }
ip_lists: [{ name: '\${app} clients', ranges: ['\${ranges}', 192.0.2.1] }]
rule_sets:
  - name: ring \${app}
    scopes: [{ app: '\${app}' }]
    rules: [{ from: { ip_list: '\${app} clients' }, to: all, on: ['\${port}'] }]
`;
const filled = (values: Readonly<Record<string, string>>, text = TEMPLATE): ParsedPolicy =>
  parsePolicyDocuments([{ name: 't.yaml', text }], new Map(Object.entries(values)));

describe('a template', () => {
  it('is filled in with what is given, and with its defaults', () => {
    const { policy } = filled({ app: 'shop', ranges: '10.1.0.0/16, 10.2.0.0/16' });
    expect(policy.rule_sets[0]).toMatchObject({ name: 'ring shop', scopes: [{ app: 'shop' }] });
    expect(policy.rule_sets[0]?.rules[0]?.on).toEqual(['8080/tcp']);
    expect(policy.ip_lists[0]?.ranges.map(({ value }) => value)).toEqual([
      '10.1.0.0/16',
      '10.2.0.0/16',
      '192.0.2.1',
    ]);
  });

  it('takes a value as text, whatever it looks like', () => {
    const nasty = 'x", rules: [] }\n- { name: "${app}';
    const { policy } = filled({ app: nasty, ranges: '' });
    expect(policy.rule_sets).toHaveLength(1);
    expect(policy.rule_sets[0]?.name).toBe(`ring ${nasty}`);
    expect(policy.ip_lists[0]?.ranges).toHaveLength(1);
  });

  it('asks for what has no default, in the words of the template', () => {
    expect(() => filled({})).toThrow('--set app=…  the application, such as');
  });

  it('refuses a value that it has no place for, and a place that has no parameter', () => {
    expect(() => filled({ app: 'a', ap: 'b' })).toThrow(
      '--set ap: there is no such parameter; there are app, port, ranges',
    );
    expect(() => filled({ app: 'a' }, TEMPLATE.replace('ring ${app}', 'ring ${apps}'))).toThrow(
      't.yaml:8: ${apps}: there is no such parameter',
    );
    expect(() => filled({ app: 'a', port: 'all of them/tcp;', ranges: 'no range' })).toThrow(
      /t\.yaml:6: ip_lists\[0\]\.ranges\[0\]: .*is no range/,
    );
  });

  it('without parameters is no template: ${…} is what it says', () => {
    expect(filled({}, "services: [{ name: '${x}', ports: [80/tcp] }]").policy.services[0]?.name).toBe('${x}');
  });

  it('says what is wrong with its parameters', () => {
    expect(() => filled({}, 'parameters: { A-b: { description: x } }')).toThrow('t.yaml:1: parameters.A-b');
    expect(() => filled({}, 'parameters:\n  a: { describe: x }')).toThrow('t.yaml:2: parameters.a');
  });
});
