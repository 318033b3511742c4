import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelSet } from '@ringfence/contracts';
import { indexCatalogue } from './catalogue.js';
import { makeLabelSet } from './label-set.js';
import { MembershipIndex } from './membership.js';
import type { Selected, Selecting } from './membership.js';
import { ALL_WORKLOADS, intersect, matches, selectorOf, selectorText } from './selector.js';
import type { Selector, TypeWish } from './selector.js';
import { SmallSet } from './small-set.js';

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

type Selects = Selecting<Labelled>;
interface Labelled extends Selected<Selects> {
  readonly name: string;
}
const selects = (selector: Selector): Selects => ({ selector, members: new SmallSet(), anchor: null });
const labelled = (labelSet: LabelSet): Labelled => ({
  name: labelSet.id,
  labelSet,
  selectors: new SmallSet(),
  isGone: false,
});

/** The index, who is in it, and what it told of them. */
class Indexed {
  readonly sets = new Map<string, Labelled>();
  readonly selectors = new Map<string, Selects>();
  readonly told = new Set<string>();
  known = catalogue;
  private readonly index = new MembershipIndex<Selects, Labelled>(
    catalogue,
    (selector, { name }, isMember) => {
      const pair = `${selectorText(selector.selector)} ${name}`;
      expect(this.told.has(pair)).toBe(!isMember);
      if (isMember) this.told.add(pair);
      else this.told.delete(pair);
    },
  );

  apply(step: Step): void {
    if ('add' in step) this.add(step.add);
    else if ('remove' in step) this.remove(step.remove.id);
    else if ('select' in step) this.select(step.select);
    else if ('deselect' in step) this.deselect(selectorText(step.deselect));
    else this.forget(step.forget);
  }

  private add(labelSet: LabelSet): void {
    if (this.sets.has(labelSet.id)) return;
    const item = labelled(labelSet);
    this.sets.set(labelSet.id, item);
    this.index.addLabelSet(item);
  }

  private remove(id: string): void {
    const item = this.sets.get(id);
    if (item !== undefined) this.index.removeLabelSet(item);
    this.sets.delete(id);
  }

  private select(selector: Selector): void {
    const text = selectorText(selector);
    if (this.selectors.has(text)) return;
    const item = selects(selector);
    this.selectors.set(text, item);
    this.index.addSelector(item);
  }

  private deselect(text: string): void {
    const item = this.selectors.get(text);
    if (item !== undefined) this.index.removeSelector(item);
    this.selectors.delete(text);
  }

  /** Or learns it again. */
  private forget(label: string): void {
    const wasKnown = this.known.keyOf(label) !== undefined;
    const rest = labels.filter(({ id }) => (id === label ? !wasKnown : this.known.keyOf(id)));
    this.known = indexCatalogue({ types: [...catalogue.types], labels: rest });
    this.index.setCatalogue(this.known, [label]);
  }
}

describe('the membership index', () => {
  it('agrees with matching everything with everything, and its changes add up to the same', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const indexed = new Indexed();
        for (const step of steps) indexed.apply(step);
        const expected = new Set<string>();
        for (const [text, { selector, members }] of indexed.selectors) {
          for (const set of indexed.sets.values()) {
            const isMember = matches(selector, set.labelSet, indexed.known);
            if (isMember) expected.add(`${text} ${set.name}`);
            expect(members.has(set)).toBe(isMember);
          }
          expect([...members].every(({ isGone }) => !isGone)).toBe(true);
        }
        expect(indexed.told).toEqual(expected);
      }),
    );
  });
});
