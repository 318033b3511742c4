/** What became of a list in which nothing stands twice. Where both begin and end alike nobody looks anything up. */
export interface ListDifference {
  readonly lost: readonly string[];
  readonly gained: readonly string[];
}

export function differenceOf(before: readonly string[], after: readonly string[]): ListDifference {
  if (before.length === 0) return { lost: before, gained: after };
  const start = alikeFromStart(before, after);
  const end = alikeFromEnd(before, after, start);
  const lost = before.slice(start, before.length - end);
  const gained = after.slice(start, after.length - end);
  return lost.length === 0 || gained.length === 0
    ? { lost, gained }
    : { lost: without(lost, new Set(gained)), gained: without(gained, new Set(lost)) };
}

const without = (texts: readonly string[], others: ReadonlySet<string>): string[] =>
  texts.filter((text) => !others.has(text));

function alikeFromStart(a: readonly string[], b: readonly string[]): number {
  const most = Math.min(a.length, b.length);
  let alike = 0;
  while (alike < most && a[alike] === b[alike]) alike += 1;
  return alike;
}

/** Of what the start leaves. */
function alikeFromEnd(a: readonly string[], b: readonly string[], start: number): number {
  const most = Math.min(a.length, b.length) - start;
  let alike = 0;
  while (alike < most && a[a.length - 1 - alike] === b[b.length - 1 - alike]) alike += 1;
  return alike;
}
