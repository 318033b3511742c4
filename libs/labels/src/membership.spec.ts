import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelSet } from '@ringfence/contracts';
import { indexCatalogue } from './catalogue.js';
import { makeLabelSet } from './label-set.js';
import { MembershipIndex } from './membership.js';
import { ALL_WORKLOADS, intersect, matches, selectorOf, selectorText } from './selector.js';
import type { Selector, TypeWish } from './selector.js';

/** Labels 1–3 role, 4–6 app, 7–9 env. */
const keyOf = (id: number): string => ['role', 'app', 'env'][Math.floor((id - 1) / 3)]!;
const labels = Array.from({ length: 9 }, (_, i) => ({
  id: `${i + 1}`,
  key: keyOf(i + 1),
  value: `v${i + 1}`,
}));
const catalogue = indexCatalogue({ types: ['role', 'app', 'env'], labels });

const select = (wishes: Record<string, TypeWish>): Selector | null =>
  selectorOf(new Map(Object.entries(wishes)));
const pods = (...ids: string[]): LabelSet =>
  makeLabelSet({ cluster: 'c', namespace: 'n', class: 'pod', labels: ids });

const anyLabelSet = fc
  .tuple(...[0, 3, 6].map((base) => fc.option(fc.integer({ min: base + 1, max: base + 3 }))))
  .chain((ids) =>
    fc.constantFrom('pod' as const, 'node' as const, 'virtual_service' as const).map((entityClass) =>
      makeLabelSet({
        cluster: 'c',
        namespace: null,
        class: entityClass,
        labels: ids.filter((id) => id !== null).map(String),
      }),
    ),
  );
const anyWish = (base: number): fc.Arbitrary<TypeWish> => {
  const some = fc.uniqueArray(fc.integer({ min: base + 1, max: base + 3 }).map(String), {
    minLength: 1,
    maxLength: 2,
  });
  return fc.record({ anyOf: fc.option(some), noneOf: fc.oneof(fc.constant<string[]>([]), some) });
};
const anySelector = fc
  .record({ role: anyWish(0), app: anyWish(3), env: anyWish(6) }, { requiredKeys: [] })
  .map((wishes) => select(wishes as Record<string, TypeWish>));

describe('a selector', () => {
  it('ORs within a type, ANDs across types and takes exclusions away last', () => {
    const selector = select({
      role: { anyOf: ['1', '2'], noneOf: ['2'] },
      env: { anyOf: null, noneOf: ['7'] },
    })!;
    expect(matches(selector, pods('1', '8'), catalogue)).toBe(true);
    expect(matches(selector, pods('2', '8'), catalogue)).toBe(false);
    expect(matches(selector, pods('1', '7'), catalogue)).toBe(false);
  });

  it('reads "all except X" as "has a label of the type, and it is not X"', () => {
    const selector = select({ env: { anyOf: null, noneOf: ['7'] } })!;
    expect(matches(selector, pods('1'), catalogue)).toBe(false);
  });

  it('is nobody, not everybody, when nothing is left of a type', () => {
    expect(select({ role: { anyOf: ['1'], noneOf: ['1'] } })).toBeNull();
    expect(select({ role: { anyOf: [], noneOf: [] } })).toBeNull();
  });

  it('has one text for one question', () => {
    const a = select({ role: { anyOf: ['2', '1'], noneOf: [] }, app: { anyOf: ['4'], noneOf: [] } })!;
    const b = select({ app: { anyOf: ['4', '4'], noneOf: ['5'] }, role: { anyOf: ['1', '2'], noneOf: [] } })!;
    expect(selectorText(a)).toBe(selectorText(b));
  });

  it('intersects to exactly those that both match', () => {
    fc.assert(
      fc.property(anySelector, anySelector, anyLabelSet, (a, b, labelSet) => {
        const both = intersect(a, b);
        const expected = [a, b].every((one) => one !== null && matches(one, labelSet, catalogue));
        expect(both !== null && matches(both, labelSet, catalogue)).toBe(expected);
      }),
    );
  });
});

type Step =
  | { add: LabelSet }
  | { remove: LabelSet }
  | { select: Selector }
  | { deselect: Selector }
  | { forget: string };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  anyLabelSet.map((add) => ({ add })),
  anyLabelSet.map((remove) => ({ remove })),
  anySelector.map((selector) => ({ select: selector ?? ALL_WORKLOADS })),
  anySelector.map((selector) => ({ deselect: selector ?? ALL_WORKLOADS })),
  fc.integer({ min: 1, max: 9 }).map((id) => ({ forget: String(id) })),
);

describe('the membership index', () => {
  it('agrees with matching everything with everything, and its changes add up to the same', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        let known = catalogue;
        const index = new MembershipIndex(known);
        const sets = new Map<string, LabelSet>();
        const selectors = new Map<string, Selector>();
        const told = new Set<string>();
        for (const step of steps) {
          for (const change of applyStep(step)) {
            const pair = `${change.selector} ${change.labelSet}`;
            expect(told.has(pair)).toBe(!change.member);
            if (change.member) told.add(pair);
            else told.delete(pair);
          }
        }
        const expected = new Set<string>();
        for (const [id, selector] of selectors) {
          for (const set of sets.values()) if (matches(selector, set, known)) expected.add(`${id} ${set.id}`);
        }
        expect(told).toEqual(expected);
        for (const id of selectors.keys()) {
          for (const set of index.labelSetsOf(id)) expect(expected.has(`${id} ${set}`)).toBe(true);
        }

        function applyStep(step: Step) {
          if ('add' in step) return sets.set(step.add.id, step.add) && index.addLabelSet(step.add);
          if ('remove' in step) {
            sets.delete(step.remove.id);
            return index.removeLabelSet(step.remove.id);
          }
          if ('select' in step) {
            const id = selectorText(step.select);
            return selectors.set(id, step.select) && index.addSelector(id, step.select);
          }
          if ('deselect' in step) {
            const id = selectorText(step.deselect);
            selectors.delete(id);
            return index.removeSelector(id);
          }
          const wasKnown = known.keyOf(step.forget) !== undefined;
          const rest = labels.filter((label) =>
            label.id === step.forget ? !wasKnown : known.keyOf(label.id),
          );
          known = indexCatalogue({ types: [...catalogue.types], labels: rest });
          return index.setCatalogue(known, [step.forget]);
        }
      }),
    );
  });
});
