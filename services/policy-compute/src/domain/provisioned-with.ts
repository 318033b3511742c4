/** The book as it would be if these were provisioned; what is missing for a real provision does not matter here. */
import { evolve, pendingOf } from './policy-book.js';
import type { PolicyBook } from './policy-book.js';
import type { Chosen } from './policy-book.js';
import { keyText } from './policy-object.js';

export function provisionedWith(book: PolicyBook, chosen: Chosen): PolicyBook {
  const wanted = chosen === 'all' ? null : new Set(chosen.map(keyText));
  const changes = pendingOf(book)
    .filter((entry) => wanted === null || wanted.has(keyText(entry)))
    .map(({ type, id, updateType }) => ({ type, id, updateType: updateType! }));
  const data = { version: String(book.version + 1), note: '', changes, workloadsAffected: 0 };
  return evolve(book, { type: 'PolicyProvisioned', data });
}
