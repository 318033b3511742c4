/**
 * Addresses that are in the same groups are of one class, so that a packet's peer is known after one look-up of its address
 * (and one among CIDRs where that is in no group by itself), whatever the number of groups. A class is named by its groups:
 * rules come and go without an address changing its class, and the same peers always have the same classes.
 */
import type { PeerSet } from '../model/firewall.model.js';
import { changedClasses } from './changed-classes.js';
import { classesByGroup } from './class-members.js';
import type { PeerClasses } from './class-members.js';
import { namedClasses, NO_CLASS, textOf } from './class-names.js';
import type { Membership } from './class-names.js';
import { FAMILIES, perFamily } from './flow-sets.js';
import type { Family } from './flow-sets.js';
import { rangeAround, rangesOf, rangeText } from './peer-ranges.js';
import type { Range } from './peer-ranges.js';
import { SharedMap } from './shared-map.js';

/**
 * `groups`: those that matter; one without members has none. `before`: of any other peers, to be quicker where only
 * addresses came and went since.
 */
export function peerClasses(
  groups: Iterable<string>,
  peers: ReadonlyMap<string, PeerSet>,
  before?: PeerClasses,
): PeerClasses {
  const named = new Map(
    [...new Set(groups)].sort().flatMap((group): [string, PeerSet][] => {
      const set = peers.get(group);
      return set === undefined ? [] : [[group, set]];
    }),
  );
  return (before && changedClasses(before, named)) ?? allClasses(named);
}

function allClasses(named: ReadonlyMap<string, PeerSet>): PeerClasses {
  const memberships = new Memberships();
  const ranges = perFamily((family) => rangesOf(family, named, (groups) => memberships.of(groups)));
  const hosts = perFamily((family) => hostsOf(family, named, { memberships, ranges: ranges[family] }));
  const counts = new Map<Membership, number>();
  for (const family of FAMILIES)
    for (const groups of [...hosts[family].values(), ...ranges[family].map((range) => range.groups)])
      counts.set(groups, (counts.get(groups) ?? 0) + 1);
  const { names, arePlain } = namedClasses(counts.keys());
  const nameOf = (groups: Membership): string => names.get(groups) ?? NO_CLASS;
  const members = new Map(
    [...names].map(([groups, name]) => [name, { groups, count: counts.get(groups) ?? 0 }]),
  );
  return {
    hosts: perFamily((family) =>
      SharedMap.of(new Map([...hosts[family]].map(([address, groups]) => [address, nameOf(groups)]))),
    ),
    ranges: perFamily((family) =>
      SharedMap.of(new Map(ranges[family].map((range) => [rangeText(family, range), nameOf(range.groups)]))),
    ),
    classes: classesByGroup(named.keys(), members),
    origin: { named, ranges, members, arePlain },
  };
}

/** Every set of groups that occurs, once, reached by adding one group after the other in their order. */
class Memberships {
  private readonly known = new Map<string, Membership>();

  of(groups: Membership): Membership {
    const text = textOf(groups);
    const known = this.known.get(text) ?? groups;
    this.known.set(text, known);
    return known;
  }
}

const NO_GROUPS: Membership = [];

/** `named` is sorted, and so is every membership that comes out. */
function hostsOf(
  family: Family,
  named: ReadonlyMap<string, PeerSet>,
  { memberships, ranges }: { memberships: Memberships; ranges: readonly Range[] },
): Map<string, Membership> {
  const found = new Map<string, Membership>();
  for (const [group, set] of named) {
    const joined = new Map<Membership, Membership>();
    for (const address of set[`hosts${family}`]) {
      const before = found.get(address) ?? NO_GROUPS;
      const after = joined.get(before) ?? memberships.of([...before, group]);
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
  for (const [address, groups] of found) {
    const around = rangeAround(ranges, address);
    if (around === undefined) continue;
    found.set(address, memberships.of([...new Set([...groups, ...around.groups])].sort()));
  }
}
