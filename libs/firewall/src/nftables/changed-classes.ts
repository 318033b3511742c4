/**
 * The classes of peers after some addresses came or went: only those are looked at. Undefined where that is not enough: other
 * CIDRs, or two classes that would share a name. Then all is worked out anew, and what comes out is the same (property test).
 */
import type { PeerSet } from '../model/firewall.model.js';
import { classesByGroup } from './class-members.js';
import type { ClassMembers, PeerClasses } from './class-members.js';
import { plainName, textOf } from './class-names.js';
import type { Membership } from './class-names.js';
import { FAMILIES, perFamily } from './flow-sets.js';
import type { Family } from './flow-sets.js';
import { rangeAround } from './peer-ranges.js';

export function changedClasses(
  before: PeerClasses,
  named: ReadonlyMap<string, PeerSet>,
): PeerClasses | undefined {
  const { origin } = before;
  const changed = changedGroups(origin.named, named);
  if (!origin.arePlain || changed.some(hasOtherCidrs)) return undefined;
  const members = new Map(origin.members);
  const moved = perFamily((family) => movedHosts(family, { before, named, changed, members }));
  if (moved[4] === undefined || moved[6] === undefined) return undefined;
  const isSame = sameKeys(members, origin.members) && sameKeys(named, origin.named);
  return {
    hosts: { 4: before.hosts[4].with(moved[4]), 6: before.hosts[6].with(moved[6]) },
    ranges: before.ranges,
    classes: isSame ? before.classes : classesByGroup(named.keys(), members),
    origin: { ...origin, named, members },
  };
}

interface Changing {
  readonly before: PeerClasses;
  readonly named: ReadonlyMap<string, PeerSet>;
  readonly changed: readonly ChangedGroup[];
  /** Brought to what they are now. */
  readonly members: Map<string, ClassMembers>;
}

function movedHosts(
  family: Family,
  { before, named, changed, members }: Changing,
): ReadonlyMap<string, string | undefined> | undefined {
  const hosts = new Map<string, string | undefined>();
  for (const moved of movedAddresses(family, changed)) {
    const old = before.hosts[family].get(moved.address);
    const groups = groupsNow(before, named, { family, ...moved });
    if (groups !== undefined && !join(members, groups)) return undefined;
    if (old !== undefined) leave(members, old);
    hosts.set(moved.address, groups && plainName(groups));
  }
  return hosts;
}

interface ChangedGroup {
  readonly group: string;
  readonly from: PeerSet;
  readonly to: PeerSet;
}

const NOBODY: PeerSet = { hosts4: new Set(), hosts6: new Set(), cidrs4: [], cidrs6: [] };

function changedGroups(
  before: ReadonlyMap<string, PeerSet>,
  named: ReadonlyMap<string, PeerSet>,
): ChangedGroup[] {
  const groups = new Set([...before.keys(), ...named.keys()]);
  return [...groups].flatMap((group) => {
    const [from, to] = [before.get(group) ?? NOBODY, named.get(group) ?? NOBODY];
    return from === to ? [] : [{ group, from, to }];
  });
}

function hasOtherCidrs({ from, to }: ChangedGroup): boolean {
  return FAMILIES.some((family) => {
    const [old, now] = [from[`cidrs${family}`], to[`cidrs${family}`]];
    return old !== now && old.join() !== now.join();
  });
}

interface Moved {
  readonly address: string;
  readonly joined: string[];
  readonly left: string[];
}

function movedAddresses(family: Family, changed: readonly ChangedGroup[]): Iterable<Moved> {
  const found = new Map<string, Moved>();
  const note = (address: string, group: string, how: 'joined' | 'left'): void => {
    const moved = found.get(address) ?? { address, joined: [], left: [] };
    moved[how].push(group);
    found.set(address, moved);
  };
  for (const { group, from, to } of changed) {
    const [old, now] = [from[`hosts${family}`], to[`hosts${family}`]];
    for (const address of old) if (!now.has(address)) note(address, group, 'left');
    for (const address of now) if (!old.has(address)) note(address, group, 'joined');
  }
  return found.values();
}

/** Undefined: no group names the address by itself any more. */
function groupsNow(
  { hosts, origin }: PeerClasses,
  named: ReadonlyMap<string, PeerSet>,
  { family, address, joined, left }: Moved & { readonly family: Family },
): Membership | undefined {
  const around = rangeAround(origin.ranges[family], address)?.groups ?? [];
  const old = hosts[family].get(address);
  const groups = new Set(old === undefined ? around : origin.members.get(old)?.groups);
  for (const group of left) if (!around.includes(group)) groups.delete(group);
  for (const group of joined) groups.add(group);
  const isNamed = [...groups].some((group) => named.get(group)?.[`hosts${family}`].has(address));
  return isNamed ? [...groups].sort() : undefined;
}

/** False: another class has that name. */
function join(members: Map<string, ClassMembers>, groups: Membership): boolean {
  const name = plainName(groups);
  const known = members.get(name) ?? { groups, count: 0 };
  members.set(name, { ...known, count: known.count + 1 });
  return textOf(known.groups) === textOf(groups);
}

function leave(members: Map<string, ClassMembers>, name: string): void {
  const known = members.get(name);
  if (known === undefined || known.count === 1) members.delete(name);
  else members.set(name, { ...known, count: known.count - 1 });
}

function sameKeys(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((key) => b.has(key));
}
