import { describe, expect, it } from 'vitest';
import { policyDifference, withDocuments } from './policy-difference.js';
import { parsePolicyFile } from './policy-documents.js';
import { NOTHING } from './policy-in-words.js';
import type { PolicyInWords } from './policy-in-words.js';

const inForceWith = (before: PolicyInWords, text: string): PolicyInWords =>
  withDocuments(before, parsePolicyFile(text, 'x.yaml'));
const ofFile = (text: string): PolicyInWords => inForceWith(NOTHING, text);

/** As the server's policy is put into words. */
const inForce: PolicyInWords = {
  ...NOTHING,
  rule_sets: [
    {
      name: 'shop',
      scopes: [{ app: 'shop' }],
      rules: [
        { from: { role: 'web' }, to: { role: ['db', 'api'] }, on: ['8080/tcp'] },
        { from: { role: 'job' }, to: 'all', on: ['all'], extra_scope: true },
      ],
    },
  ],
  boundaries: [{ name: 'no ssh', from: 'all', to: 'all', on: ['22/tcp'] }],
};

describe('what a file would change', () => {
  it('is nothing where it says the same in other words and another order', () => {
    const same = `
rule_sets:
  - name: shop
    scopes: [{ app: shop }]
    rules:
      - { from: { role: [job] }, to: { all: true }, on: [all], extra_scope: true, enabled: true }
      - { from: { role: web }, to: { role: [api, db] }, on: [8080/tcp] }
boundaries: [{ name: no ssh, from: all, to: all, on: [22/tcp] }]`;
    expect(policyDifference(inForce, ofFile(same))).toEqual([]);
  });

  it('is said line by line, and what it does not name stays', () => {
    const changed = `
services: [{ name: web, ports: [8080/tcp] }]
rule_sets:
  - name: shop
    rules: [{ from: { role: web }, to: { role: [api, db] }, on: [8080/tcp, web] }]`;
    expect(policyDifference(inForce, inForceWith(inForce, changed))).toEqual([
      { kind: 'services', name: 'web', change: 'created', added: ['ports: 8080/tcp'], removed: [] },
      {
        kind: 'rule_sets',
        name: 'shop',
        change: 'changed',
        added: ['scope: all', 'allow from role=web to role=api|db on 8080/tcp, web'],
        removed: [
          'scope: app=shop',
          'allow from role=web to role=api|db on 8080/tcp',
          'allow from role=job to all on all, extra_scope',
        ],
      },
    ]);
  });

  it('counts a rule that is there twice twice', () => {
    const rule = { from: 'all', to: 'all', on: ['22/tcp'] };
    const set = (...rules: object[]): PolicyInWords => ({ ...NOTHING, rule_sets: [{ name: 'x', rules }] });
    expect(policyDifference(set(rule), set(rule, rule))).toMatchObject([{ added: [expect.any(String)] }]);
  });
});
