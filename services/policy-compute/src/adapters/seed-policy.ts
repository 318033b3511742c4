/** What a new system starts with, once: the seeds take the first ids of their sequences. */
import type { PolicyBookStore } from './policy-book.store.js';

const SYSTEM = { kind: 'system', id: 'policy-compute' } as const;

export async function seedPolicy(book: PolicyBookStore): Promise<void> {
  if ((await book.current()).version > 0) return;
  // Id 1 is the seeds' own, so nobody may be given it; taking it again after a crash loses a number, nothing else.
  for (const sequence of ['ip_lists', 'services']) await book.store.nextIds(sequence);
  await book.execute(SYSTEM, () => ({
    intent: { do: 'seed' },
    stamp: { at: new Date().toISOString(), by: SYSTEM },
    known: { labelKey: () => undefined, hasWorkload: () => false },
  }));
}
