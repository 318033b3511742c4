/**
 * The normalised question "which label sets": for each label type that is asked about, one condition, all of them
 * to be met. Equal questions have equal text, and so equal ids, wherever they are asked. A question that nothing can
 * meet has no selector: it is null.
 */
import type { EntityClass, LabelId, LabelSet } from '@ringfence/contracts';
import type { CatalogueIndex } from './catalogue.js';
import { appended } from './appended.js';
import { sortedIntegerIds } from './integer-id.js';

/** About one label type. Exactly one of the two lists is used; both sorted, without repetitions. */
export type TypeCondition =
  | { readonly key: string; readonly anyOf: readonly LabelId[] }
  /** Has a label of the type, and none of these. */
  | { readonly key: string; readonly noneOf: readonly LabelId[] };

export interface Selector {
  /** Sorted. */
  readonly classes: readonly EntityClass[];
  /** Sorted by type, one per type. */
  readonly conditions: readonly TypeCondition[];
}

/** What labels mean when they "resolve as workloads": everything that has an address of its own or stands for Pods. */
const WORKLOAD_CLASSES: readonly EntityClass[] = ['node', 'pod', 'service', 'unmanaged'];

const EVERY_CLASS = WORKLOAD_CLASSES.join(',');

/** Everything that is a workload (`ams`, and the empty scope). */
export const ALL_WORKLOADS: Selector = { classes: WORKLOAD_CLASSES, conditions: [] };

/** What people write about one type: entries are ORed, exclusions are taken away last. */
export interface TypeWish {
  /** null: no entry but exclusions. */
  anyOf: LabelId[] | null;
  noneOf: LabelId[];
}

export function selectorOf(
  wishes: ReadonlyMap<string, TypeWish>,
  classes: readonly EntityClass[] = WORKLOAD_CLASSES,
): Selector | null {
  if (wishes.size === 0 && classes === WORKLOAD_CLASSES) return ALL_WORKLOADS;
  let conditions: TypeCondition[] = [];
  for (const key of sortedKeys(wishes)) {
    const { anyOf, noneOf } = wishes.get(key)!;
    const condition = anyOf === null ? notAny(key, noneOf) : oneOf(key, without(anyOf, noneOf));
    if (condition === null) return null;
    conditions = appended(conditions, condition);
  }
  return { classes: classes === WORKLOAD_CLASSES ? classes : [...new Set(classes)].sort(), conditions };
}

const sortedKeys = (wishes: ReadonlyMap<string, TypeWish>): Iterable<string> =>
  wishes.size === 1 ? wishes.keys() : [...wishes.keys()].sort();

/** Both questions at once; null where no label set can meet both. */
export function intersect(a: Selector | null, b: Selector | null): Selector | null {
  if (a === null || b === null) return null;
  const classes = commonClasses(a, b);
  if (classes.length === 0) return null;
  if (a.conditions.length === 0) return withClasses(b, classes);
  if (b.conditions.length === 0) return withClasses(a, classes);
  const conditions = commonConditions(a.conditions, b.conditions);
  return conditions && { classes, conditions };
}

const commonClasses = (a: Selector, b: Selector): readonly EntityClass[] =>
  a.classes === b.classes ? a.classes : a.classes.filter((name) => b.classes.includes(name));

const withClasses = (selector: Selector, classes: readonly EntityClass[]): Selector =>
  selector.classes === classes ? selector : { classes, conditions: selector.conditions };

/** Both are sorted by type. */
function commonConditions(a: readonly TypeCondition[], b: readonly TypeCondition[]): TypeCondition[] | null {
  const common: TypeCondition[] = [];
  let next = 0;
  for (const one of a) {
    while (next < b.length && b[next]!.key < one.key) common.push(b[next++]!);
    const isAsked = b[next]?.key === one.key;
    const both = isAsked ? intersectConditions(one, b[next++]!) : one;
    if (both === null) return null;
    common.push(both);
  }
  return common.concat(b.slice(next));
}

function intersectConditions(a: TypeCondition, b: TypeCondition): TypeCondition | null {
  if ('anyOf' in a) {
    const rest =
      'anyOf' in b ? a.anyOf.filter((label) => b.anyOf.includes(label)) : without(a.anyOf, b.noneOf);
    return oneOf(a.key, rest);
  }
  if ('anyOf' in b) return oneOf(a.key, without(b.anyOf, a.noneOf));
  return notAny(a.key, [...a.noneOf, ...b.noneOf]);
}

const without = (labels: readonly LabelId[], excluded: readonly LabelId[]): readonly LabelId[] =>
  excluded.length === 0 ? labels : labels.filter((label) => !excluded.includes(label));

const notAny = (key: string, labels: readonly LabelId[]): TypeCondition => ({
  key,
  noneOf: sortedIntegerIds(labels),
});

function oneOf(key: string, labels: readonly LabelId[]): TypeCondition | null {
  const anyOf = sortedIntegerIds(labels);
  return anyOf.length === 0 ? null : { key, anyOf };
}

/** Canonical text: equal exactly for equal questions. */
export function selectorText(selector: Selector): string {
  // Nearly all ask for all workloads; a short text is a short hash.
  const classes = selector.classes.join(',');
  let text = classes === EVERY_CLASS ? '*' : classes;
  for (const condition of selector.conditions) {
    // With its length before it a type needs no quotes.
    const key = `${condition.key.length}:${condition.key}`;
    text +=
      'anyOf' in condition ? `;${key}=${condition.anyOf.join(',')}` : `;${key}!${condition.noneOf.join(',')}`;
  }
  return text;
}

export function matches(
  selector: Selector,
  labelSet: Pick<LabelSet, 'class' | 'labels'>,
  catalogue: Pick<CatalogueIndex, 'keyOf'>,
): boolean {
  if (!selector.classes.includes(labelSet.class)) return false;
  for (const condition of selector.conditions)
    if (!meets(condition, labelSet.labels, catalogue)) return false;
  return true;
}

function meets(
  condition: TypeCondition,
  labels: readonly LabelId[],
  catalogue: Pick<CatalogueIndex, 'keyOf'>,
): boolean {
  if ('anyOf' in condition) return hasAny(labels, condition.anyOf);
  return labels.some(
    (label) => catalogue.keyOf(label) === condition.key && !condition.noneOf.includes(label),
  );
}

function hasAny(labels: readonly LabelId[], anyOf: readonly LabelId[]): boolean {
  for (const label of anyOf) if (labels.includes(label)) return true;
  return false;
}
