/** What a caller may do with what he is shown, in the words of the answers' `caps`: told to its owner, who knows what lies within a scope. */
import type { Caller } from '../rest-request.js';
import type { Grant } from './roles.js';
import { judge } from './who-may.js';
import type { RouteWords } from './who-may.js';

type Caps = Record<string, Grant[] | null>;

const write = (collection: string, op: string): RouteWords => ({ collection, op, needs: 'write' });

/** The route that each stands for, by the collection that is shown. */
const ROUTES: Readonly<Record<string, (collection: string) => RouteWords>> = {
  write: (collection) => write(collection, 'update'),
  delete: (collection) => write(collection, 'delete'),
  provision: () => write('sec_policy', 'provision'),
  unpair: () => write('vens', 'unpair'),
  generate_pairing_key: () => write('pairing_profiles', 'pairing_key'),
};

/** Undefined: all of them, everywhere. */
export function capsOf(
  { grants, readsOnly }: Pick<Caller, 'grants' | 'readsOnly'>,
  collection: string,
): Caps | undefined {
  // What is pending is shown there: of scoped roles, rule sets.
  const shown = collection === 'sec_policy' ? 'rule_sets' : collection;
  const caps: Caps = {};
  for (const [cap, routeOf] of Object.entries(ROUTES)) {
    const verdict = judge(grants, routeOf(shown));
    if (verdict.may && readsOnly !== true) caps[cap] = verdict.within && [...verdict.within];
  }
  const isAll = Object.keys(ROUTES).every((cap) => caps[cap] === null);
  return isAll ? undefined : caps;
}
