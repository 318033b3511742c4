/** IP lists → the normalised CIDRs of a group, with the exclusions taken out. */
import type { IpList, IpRange } from '@ringfence/contracts';
import { intervalToCidrs, mergeIntervals, parseAddress, parseCidr, subtractIntervals } from './address.js';
import type { Interval } from './address.js';

/**
 * Disjoint, sorted CIDRs. An entry that cannot be read adds nothing; an *exclusion* that cannot be read empties the
 * list, because leaving it out would let more in than was written.
 */
export function cidrsOf(ranges: readonly IpRange[]): string[] {
  const included: Interval[] = [];
  const excluded: Interval[] = [];
  for (const range of ranges) {
    const interval = intervalOf(range);
    if (interval !== null) (range.exclusion ? excluded : included).push(interval);
    else if (range.exclusion) return [];
  }
  const rest = subtractIntervals(mergeIntervals(included), mergeIntervals(excluded));
  return rest.flatMap(intervalToCidrs);
}

/** An exclusion of what none of the others includes. */
export function exclusionOutside(ranges: readonly IpRange[]): IpRange | undefined {
  const intervals = (exclusion: boolean): Interval[] =>
    ranges.flatMap((range) => (range.exclusion === exclusion ? (intervalOf(range) ?? []) : []));
  const [beyond] = subtractIntervals(mergeIntervals(intervals(true)), mergeIntervals(intervals(false)));
  if (beyond === undefined) return undefined;
  return ranges.find((range) => {
    const interval = range.exclusion ? intervalOf(range) : null;
    return (
      interval?.version === beyond.version && interval.first <= beyond.first && beyond.first <= interval.last
    );
  });
}

function intervalOf({ from, to }: IpRange): Interval | null {
  if (to === null) return parseCidr(from);
  const first = parseAddress(from);
  const last = parseAddress(to);
  if (first === null || last === null) return null;
  if (first.version !== last.version || first.value > last.value) return null;
  return { version: first.version, first: first.value, last: last.value };
}

export function fqdnsOf(list: IpList): string[] {
  return [...new Set(list.fqdns.map((entry) => entry.fqdn))].sort();
}
