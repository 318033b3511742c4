import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareRuleOrder } from './rule-compiler.js';
import type { RuleOrder } from './rule-compiler.js';
import { RuleEnds } from './rule-ends.js';

type Step = { add: string } | { remove: number } | { look: true };
const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 200 }).map((id) => ({ add: `${id}` })) },
    { weight: 2, arbitrary: fc.nat({ max: 20 }).map((remove) => ({ remove })) },
    { weight: 1, arbitrary: fc.constant({ look: true as const }) },
  ),
  { maxLength: 60 },
);
const orderOf = (rule: string): RuleOrder => ({ class: 'allow', ruleSet: '1', rule, scope: 0, part: 0 });

it('stands in the order of rules, whatever came and went in between', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const ends = new RuleEnds<{ readonly order: RuleOrder }>();
      const present: { readonly order: RuleOrder }[] = [];
      for (const step of [...steps, { look: true as const }]) {
        if ('add' in step) {
          const end = { order: orderOf(step.add) };
          ends.add(end);
          present.push(end);
        } else if ('remove' in step) present.splice(step.remove, 1).forEach((end) => ends.delete(end));
        else {
          const sorted = present.toSorted((a, b) => compareRuleOrder(a.order, b.order));
          expect(ends.sorted()).toEqual(sorted);
        }
        expect(ends.size).toBe(present.length);
      }
    }),
  );
});
