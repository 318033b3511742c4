/** Where an object is named, and which workloads are, in draft or in what is still active: in the API's words, each true or false. */
import { kindOf } from '../objects/kinds.js';
import { objectsIn } from './policy-book.js';
import type { PolicyBook } from './policy-book.js';
import type { ObjectKey } from './policy-object.js';
import { referencesOf } from './references.js';

/** Of which there may be no object to say it. */
const NOWHERE = { ruleset: false, rule: false, label_group: false, enforcement_boundary: false };

export function usageOf(book: PolicyBook, key: ObjectKey): Readonly<Record<string, boolean>> {
  const usage: Record<string, boolean> = { ...NOWHERE };
  for (const form of ['draft', 'active'] as const)
    for (const { type, object } of objectsIn(book, form))
      for (const [word, named] of Object.entries(kindOf(type).uses?.(object) ?? {}))
        usage[word] =
          usage[word] === true || named.some(({ kind, id }) => kind === key.type && id === key.id);
  return usage;
}

/** By rules, in either form, and by bindings. */
export function workloadsNamed(book: PolicyBook): ReadonlySet<string> {
  const objects = (['draft', 'active'] as const).flatMap((form) => [...objectsIn(book, form)]);
  const named = objects.flatMap(({ type, object }) => referencesOf(type, object));
  return new Set([
    ...[...book.bindings.values()].map(({ workload }) => workload),
    ...named.flatMap(({ kind, id }) => (kind === 'workloads' ? [id] : [])),
  ]);
}
