/**
 * What every system starts with, as the types of objects say it (`seeds` of their kinds): clients look for these by name. No
 * rule set: the product of the seeds also allows all outbound traffic by default; here nothing is allowed that nobody wrote.
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

export const isSeed = (key: ObjectKey): boolean => SEEDS.some((seed) => sameKey(seed, key));

/** A type that joins the product later brings its seeds into systems that run already. */
export const missingSeeds = (book: PolicyBook): readonly Seed[] =>
  SEEDS.filter(({ type, id }) => entryOf(book, type, id) === undefined);

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
