/** Label groups nest; a group that holds itself, however far down, would have no meaning. */

export interface NestedGroup {
  readonly id: string;
  readonly name: string;
  readonly subGroups: readonly string[];
}

/** The names along the first cycle found, or null. */
export function cycleAmong(groups: ReadonlyMap<string, NestedGroup>): string[] | null {
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
