/** What everybody was given, in memory: known for a few seconds, renewed behind the requests, and at once where this process changes it. */
import type { EntityManager } from 'typeorm';
import type { Grant } from '../../domain/access/roles.js';
import { allGrants } from '../people/grants.js';
import type { Grants } from '../people/grants.js';

const FRESH_MS = 5_000;
/** With Postgres away, they are known for so long. */
const STALE_MS = 60_000;

export interface KnownGrants {
  /** Undefined: he is locked, or no more. */
  of(user: string): Promise<readonly Grant[] | undefined>;
  /** After a change. */
  renew(): Promise<void>;
}

export function knownGrants(entities: EntityManager): KnownGrants {
  let known: { readonly at: number; readonly grants: Grants } = { at: -Infinity, grants: new Map() };
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    const at = performance.now();
    const grants = await allGrants(entities);
    if (at > known.at) known = { at, grants };
  };
  const readOnce = (): Promise<void> => (reading ??= read().finally(() => (reading = undefined)));
  return {
    of: async (user) => {
      const age = performance.now() - known.at;
      if (age > STALE_MS || !known.grants.has(user)) await readOnce();
      else if (age > FRESH_MS) readOnce().catch(() => undefined);
      return known.grants.get(user);
    },
    // A reading that began before the change may not see it.
    renew: read,
  };
}
