/** Documents in many files, and documents of people who mean no good: each is taken as meant, or refused with file, line and field. */
import { describe, expect, it } from 'vitest';
import { Failure } from './failure.js';
import { parsePolicyDocuments } from './policy-documents.js';
import { canonical } from './policy-difference.js';

const refusal = (...texts: readonly string[]): string => {
  try {
    parsePolicyDocuments(texts.map((text, index) => ({ name: `${'abc'[index] ?? ''}.yaml`, text })));
  } catch (error) {
    if (error instanceof Failure) return `${String(error.exitCode)} ${error.message}`;
    throw error;
  }
  throw new Error('it was taken');
};
const WEB = 'services: [{ name: web, ports: [80/tcp] }]';
const RULES = `
owner: shop
labels: [{ key: app, value: shop }]
---
rule_sets:
  - { name: shop, rules: [{ from: all, to: all, on: [web] }] }
  - { name: mine, owner: me }
`;

describe('documents', () => {
  it('of several files are one policy, in whatever order', () => {
    const [one, other] = [
      { name: 'a.yaml', text: WEB },
      { name: 'b.yaml', text: RULES },
    ];
    const there = parsePolicyDocuments([one, other]);
    const back = parsePolicyDocuments([other, one]);
    expect(canonical(there.policy)).toBe(canonical(back.policy));
    expect(there.policy).toMatchObject({ services: [{ name: 'web' }], labels: [{ value: 'shop' }] });
  });

  it('say whose their objects are, each for itself or the document for all', () => {
    const { policy, owners } = parsePolicyDocuments([{ name: 'a.yaml', text: `${WEB}\n---\n${RULES}` }]);
    expect([...owners]).toEqual(['shop', 'me']);
    expect(policy.rule_sets.map(({ owner }) => owner)).toEqual([undefined, 'me']);
    expect(policy.services[0]?.owner).toBeUndefined();
  });

  it('know the line of everything, whichever document it came from', () => {
    const { at } = parsePolicyDocuments([
      { name: 'a.yaml', text: 'rule_sets: [{ name: first }]' },
      { name: 'b.yaml', text: RULES },
    ]);
    expect(at(['rule_sets', 1, 'rules', 0, 'on', 0])).toBe('b.yaml:6: rule_sets[0].rules[0].on[0]');
    expect(at(['rule_sets', 2, 'name'])).toBe('b.yaml:7: rule_sets[1].name');
  });

  it('take numbers as the words that were written', () => {
    const { policy } = parsePolicyDocuments([
      { name: 'a.yaml', text: 'labels: [{ key: env, value: 1.10 }, { key: env, value: 010 }]' },
    ]);
    expect(policy.labels.map(({ value }) => value)).toEqual(['1.10', '010']);
  });
});

const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefgh']
  .map(
    (name, i) =>
      `${name}: &${name} [${Array(9)
        .fill(`*${'abcdefg'[i] ?? ''}`)
        .join(',')}]`,
  )
  .join('\n')}`;

describe('documents that are refused', () => {
  it.each([
    ['a bomb of aliases', [bomb], '2 a.yaml:2: an alias (*a) is not taken'],
    ['a merge key', ['x: &x { name: y }\nservices: [{ <<: *x }]'], 'an alias (*x) is not taken'],
    ['a tag', ['services: !!js/function "x"'], 'a.yaml:1: Unresolved tag'],
    ['a key that is a list', ['? [services]\n: []'], 'a.yaml:1:'],
    ['a key that is there twice', ['services: []\nservices: []'], 'a.yaml:2: Map keys must be unique'],
    ['__proto__', ['rule_sets:\n  - { name: x, __proto__: { y: z } }'], 'a.yaml:2: __proto__: unknown field'],
    ['constructor as a field', ['constructor: []'], 'a.yaml:1: constructor: unknown field'],
    ['a document that is a list', ['- a'], 'a.yaml:1: file'],
    ['a document that is text', ['shop'], 'a.yaml:1: file'],
    ['an unknown field', [`${WEB}\nrulez: []`], 'a.yaml:2: rulez: unknown field'],
    ['a wrong type', ['rule_sets:\n  - name: x\n    enabled: yes please'], 'a.yaml:3: rule_sets[0].enabled'],
    ['a number for a flag', ['rule_sets:\n  - name: x\n    enabled: 1'], 'a.yaml:3: rule_sets[0].enabled'],
    ['null for a name', ['rule_sets:\n  - name: ~'], 'a.yaml:2: rule_sets[0].name'],
    ['a name of 64 KB', [`rule_sets:\n  - name: ${'x'.repeat(65_536)}`], 'a.yaml:2: rule_sets[0].name'],
    ['no port', ['services: [{ name: x, ports: [99999/tcp] }]'], 'services[0].ports[0]: is no port'],
    ['no range', ['ip_lists: [{ name: x, ranges: [10.0.0.0/33] }]'], 'ip_lists[0].ranges[0]'],
    [
      'a rule without ports',
      ['rule_sets: [{ name: x, rules: [{ from: all, to: all }] }]'],
      'rules[0].on: at least one',
    ],
    [
      'the same name in two files',
      [WEB, `# comment\n${WEB}`],
      '2 b.yaml:2: services[0].name: "web" is there already (a.yaml:1)',
    ],
    [
      'two firewall settings',
      ['firewall_settings: {}', 'firewall_settings: {}'],
      'b.yaml:1: firewall_settings: "firewall settings" is there already',
    ],
    ['lists in lists in lists', ['['.repeat(20_000)], '2 a.yaml:1: file: nested too deeply'],
    ['more text than anybody writes', [' '.repeat(16_777_217)], '2 a.yaml:1: file: more than'],
  ])('%s', (_, texts, message) => {
    expect(refusal(...texts)).toContain(message);
  });
});
