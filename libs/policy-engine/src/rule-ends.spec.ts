import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareRuleOrder } from './rule-compiler.js';
import { RuleEnds } from './rule-ends.js';
import type { OrderedWire } from './rule-ends.js';

type Step = { add: string } | { remove: number } | { look: true };
const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 200 }).map((id) => ({ add: `${id}` })) },
    { weight: 2, arbitrary: fc.nat({ max: 20 }).map((remove) => ({ remove })) },
    { weight: 1, arbitrary: fc.constant({ look: true as const }) },
  ),
  { maxLength: 60 },
);
const endOf = (rule: string): OrderedWire => ({
  order: { class: 'allow', ruleSet: '1', rule, scope: 0, part: 0 },
  wire: { ref: rule, class: 'allow', ports: [], peers: [] },
});

it('stands in the order of rules, whatever came and went in between', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const ends = new RuleEnds<OrderedWire>();
      const present: OrderedWire[] = [];
      for (const step of [...steps, { look: true as const }]) {
        if ('add' in step) {
          const end = endOf(step.add);
          ends.add(end);
          present.push(end);
        } else if ('remove' in step) present.splice(step.remove, 1).forEach((end) => ends.delete(end));
        else {
          const sorted = present.toSorted((a, b) => compareRuleOrder(a.order, b.order));
          expect(ends.sorted()).toEqual(sorted);
          expect(ends.wires().map(({ ref }) => ref)).toEqual([
            ...new Set(sorted.map(({ wire }) => wire.ref)),
          ]);
        }
        expect(ends.size).toBe(present.length);
      }
    }),
  );
});
