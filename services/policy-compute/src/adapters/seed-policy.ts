/** What every system starts with, once: the seeds take the first ids of their sequences. */
import { missingSeeds } from '../domain/seeds.js';
import { kindOf } from '../objects/kinds.js';
import { RULE_SEQUENCES } from '../objects/rule-sets.js';
import type { PolicyBookStore } from './policy-book.store.js';

const SYSTEM = { kind: 'system', id: 'policy-compute' } as const;

export async function seedPolicy(book: PolicyBookStore): Promise<void> {
  const missing = missingSeeds(await book.current());
  if (missing.length === 0) return;
  // Their ids are the seeds' own, so nobody may be given them; taking them again after a crash loses a number, nothing else.
  for (const { type, object } of missing) {
    const { ids } = kindOf(type);
    if (typeof ids === 'object') await book.store.nextIds(ids.sequence);
    if ('rules' in object) await book.store.nextIds(RULE_SEQUENCES.rules, object.rules.length);
  }
  await book.execute(SYSTEM, () => ({
    intent: { do: 'seed' },
    stamp: { at: new Date().toISOString(), by: SYSTEM },
    known: { labelKey: () => undefined, hasWorkload: () => false },
  }));
}
