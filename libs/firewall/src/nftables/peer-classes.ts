/**
 * Addresses that are in the same groups are of one class, so that a packet's peer is known after one look-up of its address
 * (and one among CIDRs where that is in no group by itself), whatever the number of groups. A class is named by its groups:
 * rules come and go without an address changing its class, and the same peers always have the same classes.
 */
import { formatAddress, parseAddress, parseCidr } from '@ringfence/policy-engine';
import type { PeerSet } from '../model/firewall.model.js';
import type { Family } from './flow-sets.js';
import { FAMILIES } from './flow-sets.js';

export interface PeerClasses {
  /** Address → class, for every address that a group names by itself. */
  readonly hosts: Readonly<Record<Family, ReadonlyMap<string, string>>>;
  /** Disjoint ranges → class, for all others. */
  readonly ranges: Readonly<Record<Family, ReadonlyMap<string, string>>>;
  /** Group → the classes of its members. */
  readonly classes: ReadonlyMap<string, readonly string[]>;
}

/** Addresses with the same groups; index of `Memberships.all`. */
type Membership = number;

interface Range {
  readonly first: bigint;
  readonly last: bigint;
  readonly of: Membership;
}

/** `groups`: those that matter; one without members has none. */
export function peerClasses(groups: Iterable<string>, peers: ReadonlyMap<string, PeerSet>): PeerClasses {
  const memberships = new Memberships();
  const named = [...new Set(groups)].sort().flatMap((group): [string, PeerSet][] => {
    const set = peers.get(group);
    return set === undefined ? [] : [[group, set]];
  });
  const ranges = perFamily((family) => rangesOf(family, named, memberships));
  const hosts = perFamily((family) => hostsOf(family, named, { memberships, ranges: ranges[family] }));
  const used = FAMILIES.flatMap((family) => [
    ...hosts[family].values(),
    ...ranges[family].map(({ of }) => of),
  ]);
  const names = namedClasses(memberships, new Set(used));
  const nameOf = (of: Membership): string => names.get(of) ?? NO_CLASS;
  const classes = new Map<string, string[]>(named.map(([group]) => [group, []]));
  for (const [of, name] of names)
    for (const group of memberships.groupsOf(of)) classes.get(group)?.push(name);
  return {
    hosts: perFamily((family) => new Map([...hosts[family]].map(([address, of]) => [address, nameOf(of)]))),
    ranges: perFamily(
      (family) => new Map(ranges[family].map((range) => [rangeText(family, range), nameOf(range.of)])),
    ),
    classes,
  };
}

/** Of whoever is in no group. */
export const NO_CLASS = 'none';

/** Every set of groups that occurs, once, reached by adding one group after the other in their order. */
class Memberships {
  private readonly all: (readonly string[])[] = [[]];
  private readonly known = new Map<string, Membership>([['', 0]]);

  groupsOf(of: Membership): readonly string[] {
    return this.all[of] ?? [];
  }

  of(groups: readonly string[]): Membership {
    const text = groups.join(' ');
    const known = this.known.get(text);
    if (known !== undefined) return known;
    this.known.set(text, this.all.length);
    return this.all.push(groups) - 1;
  }
}

/** `named` is sorted, and so is every membership that comes out. */
function hostsOf(
  family: Family,
  named: readonly (readonly [string, PeerSet])[],
  { memberships, ranges }: { memberships: Memberships; ranges: readonly Range[] },
): Map<string, Membership> {
  const found = new Map<string, Membership>();
  for (const [group, set] of named) {
    const joined = new Map<Membership, Membership>();
    for (const address of family === 4 ? set.hosts4 : set.hosts6) {
      const before = found.get(address) ?? 0;
      const after = joined.get(before) ?? memberships.of([...memberships.groupsOf(before), group]);
      joined.set(before, after);
      found.set(address, after);
    }
  }
  if (ranges.length > 0) joinRanges(found, ranges, memberships);
  return found;
}

/** What is named by itself is found by itself, so it must be told there what lies around it. */
function joinRanges(
  found: Map<string, Membership>,
  ranges: readonly Range[],
  memberships: Memberships,
): void {
  for (const [address, of] of found) {
    const around = rangeAround(ranges, parseAddress(address)?.value ?? -1n);
    if (around === undefined) continue;
    const both = new Set([...memberships.groupsOf(of), ...memberships.groupsOf(around.of)]);
    found.set(address, memberships.of([...both].sort()));
  }
}

function rangeAround(ranges: readonly Range[], value: bigint): Range | undefined {
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

/** All CIDRs laid over each other and cut where one begins or ends; neighbours of one class are one range. */
function rangesOf(
  family: Family,
  named: readonly (readonly [string, PeerSet])[],
  memberships: Memberships,
): Range[] {
  const cuts = named.flatMap(([group, set]) =>
    (family === 4 ? set.cidrs4 : set.cidrs6).flatMap((cidr) => {
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
    const of = memberships.of([...inside].sort());
    const before = ranges.at(-1);
    const goesOn = before?.of === of && before.last === at - 1n;
    if (goesOn) ranges.pop();
    ranges.push({ first: goesOn ? before.first : at, last: next - 1n, of });
  });
  return ranges;
}

function rangeText(version: Family, { first, last }: Range): string {
  const text = (value: bigint): string => formatAddress({ version, value });
  return first === last ? text(first) : `${text(first)}-${text(last)}`;
}

/** A number made of the groups' names, in the text of nft for a traffic class; the next one where two would share it. */
function namedClasses(
  memberships: Memberships,
  used: ReadonlySet<Membership>,
): ReadonlyMap<Membership, string> {
  const distinct = [...used].map((of) => [memberships.groupsOf(of).join(' '), of] as const);
  distinct.sort(([a], [b]) => (a < b ? -1 : 1));
  const taken = new Set<number>();
  return new Map(
    distinct.map(([text, of]) => {
      let number = fingerprint(text);
      while (taken.has(number)) number = (number % LAST_CLASS) + 1;
      taken.add(number);
      return [of, classText(number)];
    }),
  );
}

/** Not 0, which is nobody's, and nothing that nft has a word for. */
const LAST_CLASS = 0xfffe_fffe;

/** FNV-1a. */
function fingerprint(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return ((hash >>> 0) % LAST_CLASS) + 1;
}

function classText(number: number): string {
  return `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
}

function perFamily<T>(make: (family: Family) => T): Record<Family, T> {
  return { 4: make(4), 6: make(6) };
}
