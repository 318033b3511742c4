/**
 * What must go along when some of the pending objects are provisioned or reverted, so that nothing ever names what is
 * not there, and no name is there twice. The question is the same for both: only the form that the chosen ones take differs.
 */
import type { ProvisionableType } from '@ringfence/contracts';
import { kindOf } from '../objects/kinds.js';
import type { PolicyBook, Entry } from './policy-book.js';
import { allEntries, entriesOf, entryOf } from './policy-book.js';
import { keyText } from './policy-object.js';
import type { ObjectKey, PolicyObject } from './policy-object.js';
import { referencesOf } from './references.js';

export type Operation = 'commit' | 'revert';
export interface Dependency {
  readonly dependency: ObjectKey;
  readonly requiredBy: readonly ObjectKey[];
}

/** Which form each object has afterwards: the chosen ones one, all others the other. */
export class Outcome {
  private readonly chosen: ReadonlySet<string>;

  constructor(
    readonly book: PolicyBook,
    chosen: Iterable<ObjectKey>,
    readonly operation: Operation,
  ) {
    this.chosen = new Set([...chosen].map(keyText));
  }

  objectOf<T extends ProvisionableType>(entry: Entry<T>): PolicyObject<T> | null {
    const takesDraft = this.chosen.has(keyText(entry)) === (this.operation === 'commit');
    return takesDraft ? entry.draft : entry.active;
  }
}

/** Everything else that must be chosen too, however indirectly; each with those that need it. */
export function missingDependencies(
  book: PolicyBook,
  chosen: readonly ObjectKey[],
  operation: Operation,
): Dependency[] {
  const all = new Map(chosen.map((key) => [keyText(key), key]));
  const found = new Map<string, { dependency: ObjectKey; requiredBy: ObjectKey[] }>();
  let asked: readonly ObjectKey[] = chosen;
  while (asked.length > 0) {
    const outcome = new Outcome(book, all.values(), operation);
    const next: ObjectKey[] = [];
    for (const { dependency, by } of asked.flatMap((key) => needsOf(book, key, outcome))) {
      const text = keyText(dependency);
      if (!all.has(text)) next.push(dependency);
      all.set(text, dependency);
      const known = found.get(text);
      if (known === undefined) found.set(text, { dependency, requiredBy: [by] });
      else known.requiredBy.push(by);
    }
    asked = next;
  }
  return [...found.values()];
}

function needsOf(
  book: PolicyBook,
  key: ObjectKey,
  outcome: Outcome,
): { dependency: ObjectKey; by: ObjectKey }[] {
  const entry = entryOf(book, key.type, key.id);
  if (entry === undefined) return [];
  const by = { type: entry.type, id: entry.id };
  const object = outcome.objectOf(entry);
  const needed =
    object === null
      ? referrersOf(book, key, outcome)
      : [...absentReferences(book, entry, object, outcome), ...namesakes(book, entry, object, outcome)];
  return needed.map((dependency) => ({ dependency: { type: dependency.type, id: dependency.id }, by }));
}

/** Pending objects that this one names and that would not be there. */
function absentReferences(book: PolicyBook, entry: Entry, object: PolicyObject, outcome: Outcome): Entry[] {
  return referencesOf(entry.type, object).flatMap(({ kind, id }) => {
    if (kind === 'labels' || kind === 'workloads') return [];
    const named = entryOf(book, kind, id);
    return named !== undefined && outcome.objectOf(named) === null ? [named] : [];
  });
}

/** After a version was restored: objects made since that have its names, and that it ends. */
function namesakes(book: PolicyBook, entry: Entry, object: PolicyObject, outcome: Outcome): Entry[] {
  if (entry.updateType === null || kindOf(entry.type).nameTaken === null) return [];
  return [...entriesOf(book, entry.type)].filter(
    (other) => other.id !== entry.id && outcome.objectOf(other)?.name === object.name,
  );
}

/** Objects that would go on naming one that is gone. */
function referrersOf(book: PolicyBook, key: ObjectKey, outcome: Outcome): Entry[] {
  return [...allEntries(book)].filter((entry) => {
    const object = outcome.objectOf(entry);
    return (
      object !== null &&
      referencesOf(entry.type, object).some(({ kind, id }) => kind === key.type && id === key.id)
    );
  });
}
