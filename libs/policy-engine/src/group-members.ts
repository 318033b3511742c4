/**
 * Who is in each group right now: groups by definition × endpoints. Nothing is stored per pair: membership follows
 * from an address's owner, and only what changed since it was last asked for is remembered.
 *
 * An address belongs to its newest endpoint (the one first heard of last): an address that moves to a new Pod before
 * the old one is gone must count as the new one's at once.
 */
import type { Address, Endpoint, Group, GroupId, LabelSetId } from '@ringfence/contracts';
import { CidrSet } from './cidr-set.js';

interface EndpointItem {
  readonly age: number;
  endpoint: Endpoint;
}

interface GroupItem {
  readonly group: Group;
  readonly labelSets: ReadonlySet<LabelSetId>;
  readonly workloads: ReadonlySet<string>;
  readonly cidrs: CidrSet;
}

export interface MembershipDelta {
  readonly added: string[];
  readonly removed: string[];
}

export class GroupMembers {
  readonly #endpoints = new Map<string, EndpointItem>();
  readonly #groups = new Map<GroupId, GroupItem>();
  /** Everyone who claims the address, oldest first; the last one owns it. */
  readonly #claims = new Map<Address, EndpointItem[]>();
  readonly #endpointsOf = {
    labelSet: new Map<string, Set<EndpointItem>>(),
    workload: new Map<string, Set<EndpointItem>>(),
  };
  readonly #groupsOf = {
    labelSet: new Map<string, Set<GroupId>>(),
    workload: new Map<string, Set<GroupId>>(),
  };
  /** Per group, for each address that was touched: was it a member when changes were last taken? */
  #touched = new Map<GroupId, Map<Address, boolean>>();
  #clock = 0;

  upsertGroup(group: Group): void {
    const old = this.#groups.get(group.id);
    const item: GroupItem = {
      group,
      labelSets: setOf(group.labelSets),
      workloads: setOf(group.workloads),
      cidrs: group.cidrs.length === 0 ? NO_CIDRS : new CidrSet(group.cidrs),
    };
    this.#relink('labelSet', item, old);
    this.#relink('workload', item, old);
    this.#groups.set(group.id, item);
  }

  /** Its changes are forgotten: who removes a group has no more use for them. */
  removeGroup(id: GroupId): void {
    const old = this.#groups.get(id);
    if (old === undefined) return;
    for (const labelSet of old.labelSets) unlink(this.#groupsOf.labelSet, labelSet, id);
    for (const workload of old.workloads) unlink(this.#groupsOf.workload, workload, id);
    this.#groups.delete(id);
    this.#touched.delete(id);
  }

  upsertEndpoint(endpoint: Endpoint): void {
    const known = this.#endpoints.get(endpoint.id);
    if (known !== undefined) this.#detach(known);
    const item = known ?? { age: ++this.#clock, endpoint };
    item.endpoint = endpoint;
    this.#endpoints.set(endpoint.id, item);
    link(this.#endpointsOf.labelSet, endpoint.labelSet, item);
    if (endpoint.workload !== null) link(this.#endpointsOf.workload, endpoint.workload, item);
    for (const address of endpoint.addresses) this.#claim(address, item);
  }

  removeEndpoint(id: string): void {
    const item = this.#endpoints.get(id);
    if (item === undefined) return;
    this.#detach(item);
    this.#endpoints.delete(id);
  }

  group(id: GroupId): Group | undefined {
    return this.#groups.get(id)?.group;
  }

  endpoint(id: string): Endpoint | undefined {
    return this.#endpoints.get(id)?.endpoint;
  }

  /** The endpoint that an address belongs to. */
  ownerOf(address: Address): Endpoint | undefined {
    return this.#claims.get(address)?.at(-1)?.endpoint;
  }

  /** Host addresses of the group; its CIDRs and the own node's addresses are not among them. */
  addresses(id: GroupId): ReadonlySet<Address> {
    const addresses = new Set<Address>();
    const group = this.#groups.get(id);
    if (group === undefined) return addresses;
    for (const item of this.#candidates(group)) {
      for (const address of item.endpoint.addresses) {
        if (this.#owns(item, address)) addresses.add(address);
      }
    }
    return addresses;
  }

  /** An unknown group contains nobody. */
  contains(id: GroupId, address: Address, hostAddresses: ReadonlySet<Address>): boolean {
    const group = this.#groups.get(id);
    if (group === undefined) return false;
    if (group.group.ownHost && hostAddresses.has(address)) return true;
    const owner = this.ownerOf(address);
    return (owner !== undefined && holds(group, owner)) || group.cidrs.contains(address);
  }

  holdsEndpoint(id: GroupId, endpoint: Pick<Endpoint, 'labelSet' | 'workload'>): boolean {
    const group = this.#groups.get(id);
    return group !== undefined && holds(group, endpoint);
  }

  /** Net changes of host addresses since the last call, sorted; groups whose addresses did not change are left out. */
  takeChanges(): Map<GroupId, MembershipDelta> {
    const changes = new Map<GroupId, MembershipDelta>();
    for (const [id, addresses] of this.#touched) {
      const added: Address[] = [];
      const removed: Address[] = [];
      for (const [address, was] of addresses) {
        if (was !== this.#isMember(id, address)) (was ? removed : added).push(address);
      }
      if (added.length + removed.length > 0)
        changes.set(id, { added: added.sort(), removed: removed.sort() });
    }
    this.#touched = new Map();
    return changes;
  }

  *#candidates(group: GroupItem): Generator<EndpointItem> {
    for (const labelSet of group.labelSets) yield* this.#endpointsOf.labelSet.get(labelSet) ?? [];
    for (const workload of group.workloads) yield* this.#endpointsOf.workload.get(workload) ?? [];
  }

  /** Follows what a group gained and lost of one kind of part. */
  #relink(by: 'labelSet' | 'workload', item: GroupItem, old: GroupItem | undefined): void {
    const part = by === 'labelSet' ? 'labelSets' : 'workloads';
    const [before, after] = [old?.[part] ?? NONE, item[part]];
    for (const key of before) {
      if (after.has(key)) continue;
      unlink(this.#groupsOf[by], key, item.group.id);
      this.#touchEndpoints(this.#endpointsOf[by].get(key) ?? [], item.group.id, old);
    }
    for (const key of after) {
      if (before.has(key)) continue;
      link(this.#groupsOf[by], key, item.group.id);
      this.#touchEndpoints(this.#endpointsOf[by].get(key) ?? [], item.group.id, old);
    }
  }

  #touchEndpoints(items: Iterable<EndpointItem>, id: GroupId, old: GroupItem | undefined): void {
    for (const item of items) {
      const was = old !== undefined && holds(old, item.endpoint);
      for (const address of item.endpoint.addresses)
        if (this.#owns(item, address)) this.#touch(id, address, was);
    }
  }

  #claim(address: Address, item: EndpointItem): void {
    const claims = this.#claims.get(address) ?? [];
    if (claims.includes(item)) return;
    const position = claims.findLastIndex((other) => other.age < item.age) + 1;
    this.#setClaims(address, claims.toSpliced(position, 0, item));
  }

  #detach(item: EndpointItem): void {
    const { labelSet, workload, addresses } = item.endpoint;
    for (const address of new Set(addresses)) {
      this.#setClaims(
        address,
        this.#claims.get(address)!.filter((other) => other !== item),
      );
    }
    unlink(this.#endpointsOf.labelSet, labelSet, item);
    if (workload !== null) unlink(this.#endpointsOf.workload, workload, item);
  }

  #setClaims(address: Address, claims: EndpointItem[]): void {
    this.#touchGroupsOfOwner(address, true);
    if (claims.length === 0) this.#claims.delete(address);
    else this.#claims.set(address, claims);
    this.#touchGroupsOfOwner(address, false);
  }

  /** Called before a change of owner with `true` and after it with `false`: the groups of both owners are concerned. */
  #touchGroupsOfOwner(address: Address, was: boolean): void {
    const owner = this.ownerOf(address);
    if (owner === undefined) return;
    for (const id of this.#groupsOf.labelSet.get(owner.labelSet) ?? []) this.#touch(id, address, was);
    if (owner.workload === null) return;
    for (const id of this.#groupsOf.workload.get(owner.workload) ?? []) this.#touch(id, address, was);
  }

  /** Only the first touch since changes were last taken knows what was true then. */
  #touch(id: GroupId, address: Address, was: boolean): void {
    let addresses = this.#touched.get(id);
    if (addresses === undefined) this.#touched.set(id, (addresses = new Map()));
    if (!addresses.has(address)) addresses.set(address, was);
  }

  #isMember(id: GroupId, address: Address): boolean {
    const owner = this.ownerOf(address);
    return owner !== undefined && this.holdsEndpoint(id, owner);
  }

  #owns(item: EndpointItem, address: Address): boolean {
    return this.#claims.get(address)?.at(-1) === item;
  }
}

const NONE: ReadonlySet<string> = new Set();
const NO_CIDRS = new CidrSet([]);

/** Most groups have one part only, and there are many of them. */
const setOf = (ids: readonly string[]): ReadonlySet<string> => (ids.length === 0 ? NONE : new Set(ids));

const holds = (group: GroupItem, endpoint: Pick<Endpoint, 'labelSet' | 'workload'>): boolean =>
  group.labelSets.has(endpoint.labelSet) ||
  (endpoint.workload !== null && group.workloads.has(endpoint.workload));

function link<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

function unlink<V>(map: Map<string, Set<V>>, key: string, value: V): void {
  const values = map.get(key);
  if (values?.delete(value) && values.size === 0) map.delete(key);
}
