/** Negative, zero, positive: the first is older, the same, newer. Part by part; a part that is no number is as old as can be. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)];
  const places = Array.from({ length: Math.max(a.length, b.length) }, (_, at) => at);
  return places.map((at) => (a[at] ?? 0) - (b[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

const partsOf = (version: string): number[] =>
  version.split(/[.-]/).map((part) => (/^[0-9]{1,9}$/.test(part) ? Number(part) : -1));
