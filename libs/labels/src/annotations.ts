/**
 * Profile and annotations → labels (domain: "Labels of a Pod or Service"). The same function answers in clas-cache,
 * where its answer is enforced, and in label-resolver, where it is the record. Nothing is dropped silently: what an
 * annotation asked for and did not get comes back as a refusal.
 */
import type { LabelAssignment, LabelId, ProfileSettings } from '@ringfence/contracts';
import type { CatalogueIndex } from './catalogue.js';
import { sortedIntegerIds } from './integer-id.js';

/** Highest precedence first. */
const ANNOTATION_PREFIXES = ['ringfence.io/', 'com.illumio.'] as const;

export type RefusalReason = 'no-such-label' | 'not-in-list' | 'fixed' | 'none' | 'other-prefix-wins';
export interface RefusedAnnotation {
  /** Label type. */
  readonly key: string;
  readonly annotation: string;
  readonly value: string;
  readonly reason: RefusalReason;
}
export interface ResolvedLabels {
  readonly labels: LabelId[];
  readonly refused: RefusedAnnotation[];
}

interface Wish {
  readonly annotation: string;
  readonly value: string;
}

export function resolveLabels(
  profile: Pick<ProfileSettings, 'assignments'>,
  catalogue: CatalogueIndex,
  annotations: Readonly<Record<string, string>>,
): ResolvedLabels {
  const labels: LabelId[] = [];
  const refused: RefusedAnnotation[] = [];
  for (const key of catalogue.types) {
    const { granted, overruled } = pickWish(wishesFor(key, annotations));
    for (const wish of overruled) refused.push({ key, ...wish, reason: 'other-prefix-wins' });
    const answer = assign(profile.assignments[key] ?? { how: 'any' }, key, granted, catalogue);
    if (answer.label !== null) labels.push(answer.label);
    if (granted !== null && answer.refusal !== null)
      refused.push({ key, ...granted, reason: answer.refusal });
  }
  return { labels: sortedIntegerIds(labels), refused };
}

function wishesFor(key: string, annotations: Readonly<Record<string, string>>): Wish[] {
  return ANNOTATION_PREFIXES.flatMap((prefix) => {
    const annotation = prefix + key;
    const value = Object.hasOwn(annotations, annotation) ? annotations[annotation] : undefined;
    return value === undefined ? [] : [{ annotation, value }];
  });
}

/** The first prefix wins; a second one that says the same is no disagreement. */
function pickWish(wishes: readonly Wish[]): { granted: Wish | null; overruled: Wish[] } {
  const granted = wishes[0] ?? null;
  return { granted, overruled: wishes.filter((wish) => wish.value !== granted?.value) };
}

interface Answer {
  readonly label: LabelId | null;
  readonly refusal: RefusalReason | null;
}

function assign(how: LabelAssignment, key: string, wish: Wish | null, catalogue: CatalogueIndex): Answer {
  if (how.how === 'none') return { label: null, refusal: 'none' };
  if (how.how === 'fixed') return assignFixed(how.label, key, wish, catalogue);
  if (wish === null) return { label: null, refusal: null };
  const label = catalogue.idOf(key, wish.value);
  if (label === undefined) return { label: null, refusal: 'no-such-label' };
  if (how.how === 'restricted' && !how.labels.includes(label)) return { label: null, refusal: 'not-in-list' };
  return { label, refusal: null };
}

/** A fixed label that no longer exists assigns nothing: the annotation does not get a say because of it. */
function assignFixed(label: LabelId, key: string, wish: Wish | null, catalogue: CatalogueIndex): Answer {
  if (catalogue.keyOf(label) !== key) return { label: null, refusal: 'fixed' };
  return { label, refusal: catalogue.valueOf(label) === wish?.value ? null : 'fixed' };
}
