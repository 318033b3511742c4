/** Integer ids travel as decimal text and may be larger than a number can hold: order by length, then by digits. */
export function compareIntegerIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Sorted, without repetitions; the input is left alone. */
export function sortedIntegerIds(ids: Iterable<string>): string[] {
  return [...new Set(ids)].sort(compareIntegerIds);
}
