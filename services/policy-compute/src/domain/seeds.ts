/**
 * What every system starts with, as the types of objects say it (`seeds` of their kinds): clients look for these by name.
 * Nothing is allowed that nobody wrote: the rule that the product of the seeds lets everything out by is there, and not enabled.
 */
import { PROVISIONABLE_TYPES } from '@ringfence/contracts';
import { kindOf } from '../objects/kinds.js';
import { entryOf } from './policy-book.js';
import type { PolicyBook, PolicyEvent } from './policy-book.js';
import { sameKey } from './policy-object.js';
import type { ObjectKey, PolicyObject, Stamp } from './policy-object.js';

type Seed = ObjectKey & { readonly object: PolicyObject };

const SEEDS: readonly Seed[] = PROVISIONABLE_TYPES.flatMap((type) =>
  kindOf(type).seeds.map((object) => ({ type, id: object.id, object })),
);

const isKept = ({ type }: ObjectKey): boolean => kindOf(type).seedsAre !== 'as-others';

export const isSeed = (key: ObjectKey): boolean => isKept(key) && SEEDS.some((seed) => sameKey(seed, key));

/** A type that joins the product later brings its seeds into systems that run already, but none that may have been deleted. */
export const missingSeeds = (book: PolicyBook): readonly Seed[] =>
  SEEDS.filter(
    (seed) => (isKept(seed) || book.version === 0) && entryOf(book, seed.type, seed.id) === undefined,
  );

/** In force at once, as a version of their own. */
export function seedEvents(book: PolicyBook, stamp: Stamp): readonly PolicyEvent[] {
  const missing = missingSeeds(book);
  if (missing.length === 0) return [];
  const touched = { created: stamp, updated: stamp };
  return [
    ...missing.map(({ type, id, object }): PolicyEvent => ({
      type: 'PolicyObjectDrafted',
      data: { type, id, updateType: 'create', touched, object },
    })),
    {
      type: 'PolicyProvisioned',
      data: {
        version: String(book.version + 1),
        note: 'What every system starts with',
        changes: missing.map(({ type, id }) => ({ type, id, updateType: 'create' })),
        workloadsAffected: 0,
      },
    },
  ];
}
