/** Integer ids travel as decimal text and may be larger than a number can hold: order by length, then by digits. */
export function compareIntegerIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Sorted, without repetitions; the input is left alone. */
export function sortedIntegerIds(ids: readonly string[]): string[] {
  // Nearly every condition names one label, and there are as many conditions as rules.
  if (ids.length < 2) return [...ids];
  return [...new Set(ids)].sort(compareIntegerIds);
}
