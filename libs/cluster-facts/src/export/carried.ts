/**
 * A question about our labels → the question about Kubernetes' labels of the Pods of one namespace that means the same. A label type is
 * the same for all Pods of a namespace, or a Kubernetes label carries it, or nothing there tells it; then the question cannot be put.
 */
import type { LabelId } from '@ringfence/contracts';
import type { Selector, TypeCondition } from '@ringfence/labels';
import type { Requirement } from './manifest.js';

export interface ExportedNamespace {
  readonly name: string;
  /** Labels that all of its Pods have. */
  readonly labels: readonly LabelId[];
}
/** By label type the one that all of its Pods have. */
export interface FixedNamespace {
  readonly name: string;
  readonly fixed: ReadonlyMap<string, LabelId>;
}
export interface Catalogue {
  keyOf(label: LabelId): string | undefined;
  valueOf(label: LabelId): string | undefined;
}
export interface Carrying extends Catalogue {
  /** By label type the Kubernetes label of Pods whose value is ours. */
  readonly carriers: ReadonlyMap<string, string>;
}
export interface Unsaid {
  readonly token: 'label_not_carried' | 'label_value_impossible';
  readonly what: string;
}
/** Everybody there is no requirement at all. */
export type Carried = readonly Requirement[] | 'nobody' | Unsaid;

export function withFixed({ name, labels }: ExportedNamespace, { keyOf }: Catalogue): FixedNamespace {
  const fixed = new Map<string, LabelId>();
  for (const label of labels) {
    const key = keyOf(label);
    if (key !== undefined && !fixed.has(key)) fixed.set(key, label);
  }
  return { name, fixed };
}

export const isUnsaid = (carried: Carried): carried is Unsaid =>
  typeof carried === 'object' && 'token' in carried;

/** What Kubernetes takes as the value of a label. */
const VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** `selector` null: nobody. */
export function carriedIn(selector: Selector | null, namespace: FixedNamespace, by: Carrying): Carried {
  if (selector === null || !selector.classes.includes('pod')) return 'nobody';
  const all = selector.conditions.map((condition) => conditionIn(condition, namespace, by));
  // Who cannot be meant is not meant, whatever else is asked.
  if (all.includes('nobody')) return 'nobody';
  const unsaid = all.find(isUnsaid);
  return unsaid ?? (all as readonly (readonly Requirement[])[]).flat();
}

function conditionIn(condition: TypeCondition, { name, fixed }: FixedNamespace, by: Carrying): Carried {
  const own = fixed.get(condition.key);
  if (own !== undefined) {
    const isMeant = 'anyOf' in condition ? condition.anyOf.includes(own) : !condition.noneOf.includes(own);
    return isMeant ? [] : 'nobody';
  }
  const key = by.carriers.get(condition.key);
  if (key === undefined)
    return {
      token: 'label_not_carried',
      what: `nothing in namespace ${name} tells the ${condition.key} of a Pod`,
    };
  return 'anyOf' in condition ? oneOf(key, condition.anyOf, by) : noneOf(key, condition.noneOf, by);
}

function oneOf(key: string, labels: readonly LabelId[], by: Catalogue): Carried {
  const values = valuesOf(labels, by);
  const impossible = values.find((value) => !VALUE.test(value));
  if (impossible !== undefined)
    return { token: 'label_value_impossible', what: `no label of Kubernetes has the value "${impossible}"` };
  return values.length === 0 ? 'nobody' : [{ key, operator: 'In', values }];
}

/** Who has a label of the type, and none of these; what no Pod can carry need not be left out. */
function noneOf(key: string, labels: readonly LabelId[], by: Catalogue): readonly Requirement[] {
  const values = valuesOf(labels, by).filter((value) => VALUE.test(value));
  const exists: Requirement = { key, operator: 'Exists' };
  return values.length === 0 ? [exists] : [exists, { key, operator: 'NotIn', values }];
}

const valuesOf = (labels: readonly LabelId[], by: Catalogue): string[] =>
  labels.flatMap((label) => by.valueOf(label) ?? []).sort();
