/** Whatever changes between two drafts, what is said of it leads from the one to the other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ruleSet, rule } from '../testing/policy-builders.js';
import { ruleChanges, withRuleChanges } from './rule-changes.js';

const ids = fc.shuffledSubarray(['1', '2', '3', '4', '5', '6']);
const many = Array.from({ length: 10_000 }, (_, n) => rule(String(n)));

describe('the changes of single rules', () => {
  it('make of the draft before the one after, or are none', () => {
    fc.assert(
      fc.property(ids, ids, ids, (before, after, changed) => {
        const rules = new Map(before.map((id) => [id, rule(id)]));
        const one = ruleSet('1', { rules: [...rules.values()] });
        const other = ruleSet('1', {
          rules: after.map((id) =>
            changed.includes(id) ? rule(id, { enabled: false }) : (rules.get(id) ?? rule(id)),
          ),
        });
        const changes = ruleChanges(one, other);
        if (changes !== null) expect(withRuleChanges(one, changes)).toEqual(other);
      }),
    );
  });

  it('say one rule of ten thousand alone', () => {
    const changed = rule('7', { enabled: false });
    const after = many.map((each) => (each.id === '7' ? changed : each)).slice(0, -1);
    expect(ruleChanges(ruleSet('1', { rules: many }), ruleSet('1', { rules: after }))?.rules).toEqual({
      written: [changed],
      removed: ['9999'],
    });
  });

  it('are none of another name, another order, or very many rules', () => {
    const before = ruleSet('1', { rules: many });
    expect(ruleChanges(before, { ...before, name: 'other' })).toBeNull();
    expect(ruleChanges(before, { ...before, rules: many.toReversed() })).toBeNull();
    expect(ruleChanges(before, { ...before, rules: many.slice(101) })).toBeNull();
  });
});
