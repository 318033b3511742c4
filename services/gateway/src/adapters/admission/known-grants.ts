/** What everybody was given, and from where he may come, in memory: known for a few seconds, renewed behind the requests, and at once where this process changes it. */
import type { EntityManager } from 'typeorm';
import type { Grant } from '../../domain/access/roles.js';
import { allGrants } from '../people/grants.js';
import type { Grants } from '../people/grants.js';
import { allRestrictions } from '../people/restrictions.js';
import type { Restrictions } from '../people/restrictions.js';
import type { RestrictionState } from '../../read/access-documents.js';

const FRESH_MS = 5_000;
/** With Postgres away, they are known for so long. */
const STALE_MS = 60_000;

export interface Standing {
  readonly grants: readonly Grant[];
  /** None: he may come from everywhere. */
  readonly restriction: RestrictionState | undefined;
}

export interface KnownGrants {
  /** By the account's href. Undefined: he is locked, or no more. */
  of(account: string): Promise<Standing | undefined>;
  /** After a change. */
  renew(): Promise<void>;
}

interface Known {
  readonly at: number;
  readonly grants: Grants;
  readonly restrictions: Restrictions;
}

export function knownGrants(entities: EntityManager): KnownGrants {
  let known: Known = { at: -Infinity, grants: new Map(), restrictions: new Map() };
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    const at = performance.now();
    const [grants, restrictions] = await Promise.all([allGrants(entities), allRestrictions(entities)]);
    if (at > known.at) known = { at, grants, restrictions };
  };
  const readOnce = (): Promise<void> => (reading ??= read().finally(() => (reading = undefined)));
  return {
    of: async (account) => {
      const age = performance.now() - known.at;
      if (age > STALE_MS || !known.grants.has(account)) await readOnce();
      else if (age > FRESH_MS) readOnce().catch(() => undefined);
      const grants = known.grants.get(account);
      return grants && { grants, restriction: known.restrictions.get(account) };
    },
    // A reading that began before the change may not see it.
    renew: read,
  };
}
