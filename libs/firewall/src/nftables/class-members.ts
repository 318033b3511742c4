/** The classes of peers as a value: what the table needs of them, and what the next ones are worked out from. */
import type { PeerSet } from '../model/firewall.model.js';
import type { Membership } from './class-names.js';
import type { Family } from './flow-sets.js';
import type { Range } from './peer-ranges.js';
import type { SharedMap } from './shared-map.js';

export interface PeerClasses {
  /** Address → class, for every address that a group names by itself. */
  readonly hosts: Readonly<Record<Family, SharedMap>>;
  /** Disjoint ranges → class, for all others. */
  readonly ranges: Readonly<Record<Family, SharedMap>>;
  /** Group → the classes of its members. */
  readonly classes: ReadonlyMap<string, readonly string[]>;
  readonly origin: ClassOrigin;
}

export interface ClassOrigin {
  readonly named: ReadonlyMap<string, PeerSet>;
  readonly ranges: Readonly<Record<Family, readonly Range[]>>;
  /** By the name of the class. */
  readonly members: ReadonlyMap<string, ClassMembers>;
  /** No two classes would have shared a name. */
  readonly arePlain: boolean;
}

export interface ClassMembers {
  readonly groups: Membership;
  /** Addresses and ranges. */
  readonly count: number;
}

export function classesByGroup(
  groups: Iterable<string>,
  members: ReadonlyMap<string, ClassMembers>,
): ReadonlyMap<string, readonly string[]> {
  const classes = new Map([...groups].map((group): [string, string[]] => [group, []]));
  for (const [name, { groups: own }] of members) for (const group of own) classes.get(group)?.push(name);
  return classes;
}
