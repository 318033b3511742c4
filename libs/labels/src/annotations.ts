/**
 * Profile, annotations and what the label map says → labels (domain: "Labels of a Pod or Service"). An annotation is a word
 * about this very workload and stands above the map, which speaks of all. The same function answers in clas-cache,
 * where its answer is enforced, and in label-resolver, where it is the record. Nothing is dropped silently: what was
 * asked for and not given comes back as a refusal.
 */
import type {
  LabelAssignment,
  LabelId,
  LabelOrigin,
  MappedLabel,
  ProfileSettings,
} from '@ringfence/contracts';
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
  /** Who gave each of the labels, by type. */
  readonly origins: LabelOrigin[];
  /** Labels that do not exist and that the map may have made. */
  readonly missing: MappedLabel[];
}
/** What a workload asks for by itself. */
export interface LabelWishes {
  readonly annotations: Readonly<Record<string, string>>;
  readonly mapped?: readonly MappedLabel[] | undefined;
}

interface Wish {
  readonly annotation: string;
  readonly value: string;
}

export function resolveLabels(
  profile: Pick<ProfileSettings, 'assignments'>,
  catalogue: CatalogueIndex,
  wishes: LabelWishes,
): ResolvedLabels {
  const labels: LabelId[] = [];
  const refused: RefusedAnnotation[] = [];
  const missing: MappedLabel[] = [];
  const origins: LabelOrigin[] = [];
  for (const key of catalogue.types) {
    const how = profile.assignments[key] ?? { how: 'any' };
    const { wish, map, overruled } = askedFor(key, wishes);
    for (const other of overruled) refused.push({ key, ...other, reason: 'other-prefix-wins' });
    const { label, refusal } = assign(how, key, wish, catalogue);
    if (label !== null) {
      labels.push(label);
      origins.push(originOf(label, how, { wish, map }));
    }
    if (wish === null || refusal === null) continue;
    if (map === undefined) refused.push({ key, ...wish, reason: refusal });
    else if (mayBeMade(map, how, refusal)) missing.push(map);
    else if (!isToldElsewhere(map, refusal)) refused.push({ key, ...wish, reason: refusal });
  }
  return { labels: sortedIntegerIds(labels), refused, origins, missing };
}

function originOf(
  label: LabelId,
  { how }: LabelAssignment,
  { wish, map }: Pick<Asked, 'wish' | 'map'>,
): LabelOrigin {
  if (how === 'fixed' || wish === null) return { label, by: 'profile' };
  return { label, by: map === undefined ? 'annotation' : 'label-map', name: wish.annotation };
}

/** The map speaks of all namespaces: that one of them decides by itself is no news. */
const isToldElsewhere = ({ followed }: MappedLabel, refusal: RefusalReason): boolean =>
  followed === true || refusal === 'fixed' || refusal === 'none';

const mayBeMade = ({ allowCreate }: MappedLabel, { how }: LabelAssignment, refusal: RefusalReason): boolean =>
  allowCreate && how === 'any' && refusal === 'no-such-label';

interface Asked {
  readonly wish: Wish | null;
  /** Who asks, where it is the map. */
  readonly map: MappedLabel | undefined;
  readonly overruled: readonly Wish[];
}

function askedFor(key: string, { annotations, mapped = [] }: LabelWishes): Asked {
  const { granted, overruled } = pickWish(wishesFor(key, annotations));
  const map = granted === null ? mapped.find((each) => each.key === key) : undefined;
  const wish = map === undefined ? granted : { annotation: map.from, value: map.value };
  return { wish, map, overruled };
}

/** What annotations ask for, granted or not. */
export function givenByAnnotation(
  key: string,
  annotations: Readonly<Record<string, string>>,
): Wish | undefined {
  return wishesFor(key, annotations)[0];
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
