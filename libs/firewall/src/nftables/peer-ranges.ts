/** All CIDRs of some groups laid over each other: disjoint ranges, each with the groups that it is in. */
import { formatAddress, parseAddress, parseCidr } from '@ringfence/policy-engine';
import type { PeerSet } from '../model/firewall.model.js';
import type { Membership } from './class-names.js';
import type { Family } from './flow-sets.js';

export interface Range {
  readonly first: bigint;
  readonly last: bigint;
  readonly groups: Membership;
}

/** Cut where a CIDR begins or ends; neighbours of one membership are one range. `intern`: equal memberships → the very same. */
export function rangesOf(
  family: Family,
  named: ReadonlyMap<string, PeerSet>,
  intern: (groups: Membership) => Membership,
): Range[] {
  const cuts = [...named].flatMap(([group, set]) =>
    set[`cidrs${family}`].flatMap((cidr) => {
      const { first, last } = parseCidr(cidr) ?? { first: 0n, last: -1n };
      return [
        { at: first, group, enters: true },
        { at: last + 1n, group, enters: false },
      ];
    }),
  );
  cuts.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const inside = new Set<string>();
  const ranges: Range[] = [];
  cuts.forEach(({ at, group, enters }, i) => {
    if (enters) inside.add(group);
    else inside.delete(group);
    const next = cuts[i + 1]?.at ?? at;
    if (next === at || inside.size === 0) return;
    const groups = intern([...inside].sort());
    const before = ranges.at(-1);
    const goesOn = before?.groups === groups && before.last === at - 1n;
    if (goesOn) ranges.pop();
    ranges.push({ first: goesOn ? before.first : at, last: next - 1n, groups });
  });
  return ranges;
}

export function rangeAround(ranges: readonly Range[], address: string): Range | undefined {
  const value = parseAddress(address)?.value ?? -1n;
  let [low, high] = [0, ranges.length - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range === undefined || value < range.first) high = middle - 1;
    else if (value > range.last) low = middle + 1;
    else return range;
  }
  return undefined;
}

export function rangeText(version: Family, { first, last }: Range): string {
  const text = (value: bigint): string => formatAddress({ version, value });
  return first === last ? text(first) : `${text(first)}-${text(last)}`;
}
