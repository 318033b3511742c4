/** Label groups nest; a group that holds itself, however far down, would have no meaning. */
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { entriesOf } from './policy-book.js';
import type { Entry, PolicyBook } from './policy-book.js';
import type { PolicyObject } from './policy-object.js';

export interface NestedGroup {
  readonly id: string;
  readonly name: string;
  readonly subGroups: readonly string[];
}

/** The names along the first cycle found, or null. */
function cycleAmong(groups: ReadonlyMap<string, NestedGroup>): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (id: string): string[] | null => {
    if (done.has(id)) return null;
    const start = path.indexOf(id);
    if (start >= 0) return [...path.slice(start), id].map((each) => groups.get(each)?.name ?? each);
    path.push(id);
    for (const sub of groups.get(id)?.subGroups ?? []) {
      const cycle = visit(sub);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(id);
    return null;
  };
  for (const id of groups.keys()) {
    const cycle = visit(id);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** The groups of one form of the book. */
export function groupsOf(
  book: PolicyBook,
  form: (entry: Entry<'label_groups'>) => PolicyObject<'label_groups'> | null,
): Map<string, NestedGroup> {
  const groups = new Map<string, NestedGroup>();
  for (const entry of entriesOf(book, 'label_groups')) {
    const group = form(entry);
    if (group !== null) groups.set(entry.id, group);
  }
  return groups;
}

export function nestingProblem(groups: ReadonlyMap<string, NestedGroup>): Rejection | null {
  const cycle = cycleAmong(groups);
  if (cycle === null) return null;
  const message = `label groups would hold one another in a circle: ${cycle.join(' → ')}`;
  return reject('label-group-cycle', message, 'INVALID_ARGUMENT');
}
