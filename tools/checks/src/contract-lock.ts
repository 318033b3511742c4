/** What the lock file says of a contract's schema: whether it was broken, and whether it holds all that is promised now. */
import { isDeepStrictEqual } from 'node:util';
import { incompatibilities } from './schema-compatibility.js';
import type { JsonSchema } from './schema-compatibility.js';

const UPDATE = 'node tools/checks/dist/contracts.js --update';

/** `isSuperseded`: a newer version is written; this one is only read, as it was. */
export function breaks(
  released: JsonSchema | undefined,
  current: JsonSchema,
  isSuperseded: boolean,
): string[] {
  if (released === undefined || isDeepStrictEqual(released, current)) return [];
  if (isSuperseded) return ['changed, though it is only read since a newer one is written'];
  return incompatibilities(released, current).map((what) => `${what}; write a new version beside it`);
}

/** A field that is not in the lock is not kept: it could be taken back, or mean something else, and nobody would say so. */
export function notLocked(released: JsonSchema | undefined, current: JsonSchema): string[] {
  if (released === undefined) return [`not in contracts.lock.json (${UPDATE})`];
  return isDeepStrictEqual(released, current) ? [] : [`says more than contracts.lock.json (${UPDATE})`];
}
