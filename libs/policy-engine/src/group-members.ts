/**
 * Who is in each group right now: groups by definition × endpoints. Nothing is stored per pair: membership follows
 * from an address's owner, and only what changed since it was last asked for is remembered. Of a group that nobody was told of
 * yet not even that: its first changes are all of its addresses.
 */
import type { Address, Endpoint, Group, GroupId } from '@ringfence/contracts';
import { AddressClaims } from './address-claims.js';
import { CidrSet } from './cidr-set.js';
import { GroupParts } from './group-parts.js';
import type { Part } from './group-parts.js';
import { differenceOf } from './list-difference.js';

/** An endpoint that is told anew is another item of the same age. */
interface EndpointItem {
  readonly age: number;
  readonly endpoint: Endpoint;
  readonly ofLabelSet: PartItem;
  readonly ofWorkload: PartItem | null;
}

interface GroupItem {
  group: Group;
  cidrs: CidrSet;
  /** Its parts, as long as changes were never taken: all of their addresses are new. */
  fresh: readonly PartItem[] | null;
  /** Of one that is not fresh: for each address that was touched, was it a member when changes were last taken? */
  touched: Map<Address, boolean> | null;
}

type PartItem = Part<GroupItem, EndpointItem>;
type PartKind = 'labelSets' | 'workloads';
const PART_KINDS: readonly PartKind[] = ['labelSets', 'workloads'];

export interface MembershipDelta {
  readonly added: string[];
  readonly removed: string[];
}

export class GroupMembers {
  private readonly endpoints = new Map<string, EndpointItem>();
  private readonly groups = new Map<GroupId, GroupItem>();
  private readonly claims = new AddressClaims<EndpointItem>((address, before, after) => {
    if (before !== undefined) this.touchGroupsOf(before, address, true);
    if (after !== undefined) this.touchGroupsOf(after, address, false);
  });
  private readonly parts = {
    labelSets: new GroupParts<GroupItem, EndpointItem>(),
    workloads: new GroupParts<GroupItem, EndpointItem>(),
  };
  /** Groups whose addresses may be others than when changes were last taken. */
  private readonly changed = new Set<GroupItem>();
  private clock = 0;

  upsertGroup(group: Group): void {
    const known = this.groups.get(group.id);
    if (known?.fresh === null) return this.changeGroup(known, group);
    if (known !== undefined) this.removeGroup(group.id);
    this.addGroup(group);
  }

  /** Its changes are forgotten: who removes a group has no more use for them. */
  removeGroup(id: GroupId): void {
    const item = this.groups.get(id);
    if (item === undefined) return;
    for (const kind of PART_KINDS) for (const part of item.group[kind]) this.unlink(item, kind, part);
    this.groups.delete(id);
    this.changed.delete(item);
  }

  upsertEndpoint(endpoint: Endpoint): void {
    const known = this.endpoints.get(endpoint.id);
    if (known !== undefined) this.detach(known);
    const age = known?.age ?? (this.clock += 1);
    const ofLabelSet = this.parts.labelSets.open(endpoint.labelSet);
    const ofWorkload = endpoint.workload === null ? null : this.parts.workloads.open(endpoint.workload);
    const item: EndpointItem = { age, endpoint, ofLabelSet, ofWorkload };
    this.endpoints.set(endpoint.id, item);
    ofLabelSet.endpoints.add(item);
    ofWorkload?.endpoints.add(item);
    for (const address of endpoint.addresses) this.claims.claim(address, item);
  }

  removeEndpoint(id: string): void {
    const item = this.endpoints.get(id);
    if (item === undefined) return;
    this.detach(item);
    this.endpoints.delete(id);
  }

  group(id: GroupId): Group | undefined {
    return this.groups.get(id)?.group;
  }

  endpoint(id: string): Endpoint | undefined {
    return this.endpoints.get(id)?.endpoint;
  }

  /** The endpoint that an address belongs to. */
  ownerOf(address: Address): Endpoint | undefined {
    return this.claims.ownerOf(address)?.endpoint;
  }

  /** Host addresses of the group; its CIDRs and the own node's addresses are not among them. */
  addresses(id: GroupId): ReadonlySet<Address> {
    const item = this.groups.get(id);
    return new Set(item === undefined ? [] : this.addressesOf(this.partsOf(item.group)));
  }

  /** An unknown group contains nobody. */
  contains(id: GroupId, address: Address, hostAddresses: ReadonlySet<Address>): boolean {
    const item = this.groups.get(id);
    if (item === undefined) return false;
    if (item.group.ownHost && hostAddresses.has(address)) return true;
    return this.isMember(item, address) || item.cidrs.contains(address);
  }

  holdsEndpoint(id: GroupId, { labelSet, workload }: Pick<Endpoint, 'labelSet' | 'workload'>): boolean {
    const item = this.groups.get(id);
    if (item === undefined) return false;
    const isPart = (kind: PartKind, part: string): boolean =>
      this.parts[kind].get(part)?.groups.has(item) ?? false;
    return isPart('labelSets', labelSet) || (workload !== null && isPart('workloads', workload));
  }

  /** Net changes of host addresses since the last call, sorted; groups whose addresses did not change are left out. */
  takeChanges(): Map<GroupId, MembershipDelta> {
    const changes = new Map<GroupId, MembershipDelta>();
    for (const item of this.changed) {
      const { added, removed } = item.fresh === null ? this.netOf(item) : this.allOf(item.fresh);
      item.fresh = item.touched = null;
      if (added.length + removed.length > 0) changes.set(item.group.id, { added, removed });
    }
    this.changed.clear();
    return changes;
  }

  private addGroup(group: Group): void {
    const fresh = this.partsOf(group);
    const item: GroupItem = { group, cidrs: cidrsOf(group), fresh, touched: null };
    for (const part of fresh) part.groups.add(item);
    this.groups.set(group.id, item);
    this.changed.add(item);
  }

  private changeGroup(item: GroupItem, group: Group): void {
    for (const kind of PART_KINDS) this.relink(item, kind, group[kind]);
    item.group = group;
    item.cidrs = cidrsOf(group);
  }

  /** Follows what a group lost and gained of one kind of part. */
  private relink(item: GroupItem, kind: PartKind, after: readonly string[]): void {
    const { lost, gained } = differenceOf(item.group[kind], after);
    for (const id of lost) {
      const part = this.parts[kind].open(id);
      for (const endpoint of part.endpoints) this.touchEndpoint(item, endpoint, true);
      this.unlink(item, kind, id);
    }
    for (const id of gained) {
      const part = this.parts[kind].open(id);
      for (const endpoint of part.endpoints) this.touchEndpoint(item, endpoint, holds(item, endpoint));
      part.groups.add(item);
    }
  }

  private unlink(item: GroupItem, kind: PartKind, id: string): void {
    this.parts[kind].get(id)?.groups.delete(item);
    this.parts[kind].close(id);
  }

  private detach(item: EndpointItem): void {
    const { labelSet, workload, addresses } = item.endpoint;
    for (const address of addresses) this.claims.withdraw(address, item);
    item.ofLabelSet.endpoints.delete(item);
    this.parts.labelSets.close(labelSet);
    item.ofWorkload?.endpoints.delete(item);
    if (workload !== null) this.parts.workloads.close(workload);
  }

  private touchEndpoint(group: GroupItem, item: EndpointItem, was: boolean): void {
    for (const address of item.endpoint.addresses)
      if (this.claims.owns(address, item)) this.touch(group, address, was);
  }

  private touchGroupsOf({ ofLabelSet, ofWorkload }: EndpointItem, address: Address, was: boolean): void {
    const touch = (group: GroupItem): void => this.touch(group, address, was);
    ofLabelSet.groups.forEach(touch);
    ofWorkload?.groups.forEach(touch);
  }

  /** Only the first touch since changes were last taken knows what was true then. */
  private touch(item: GroupItem, address: Address, was: boolean): void {
    if (item.fresh !== null) return;
    this.changed.add(item);
    item.touched ??= new Map();
    if (!item.touched.has(address)) item.touched.set(address, was);
  }

  private allOf(fresh: readonly PartItem[]): MembershipDelta {
    return { added: eachOnce(this.addressesOf(fresh).sort()), removed: [] };
  }

  private netOf(item: GroupItem): MembershipDelta {
    const delta: MembershipDelta = { added: [], removed: [] };
    for (const [address, was] of item.touched ?? []) {
      if (was !== this.isMember(item, address)) (was ? delta.removed : delta.added).push(address);
    }
    delta.added.sort();
    delta.removed.sort();
    return delta;
  }

  /** An address stands there twice whose endpoint is in two of the parts. */
  private addressesOf(parts: Iterable<PartItem>): Address[] {
    const addresses: Address[] = [];
    const collect = (item: EndpointItem): void => this.collect(item, addresses);
    for (const { endpoints } of parts) endpoints.forEach(collect);
    return addresses;
  }

  private collect(item: EndpointItem, addresses: Address[]): void {
    for (const address of item.endpoint.addresses)
      if (this.claims.owns(address, item)) addresses.push(address);
  }

  private partsOf({ labelSets, workloads }: Group): PartItem[] {
    const parts = labelSets.map((id) => this.parts.labelSets.open(id));
    for (const id of workloads) parts.push(this.parts.workloads.open(id));
    return parts;
  }

  private isMember(item: GroupItem, address: Address): boolean {
    const owner = this.claims.ownerOf(address);
    return owner !== undefined && holds(item, owner);
  }
}

/** Of what is sorted. Nearly everywhere nothing stands there twice, and that list is it. */
function eachOnce(sorted: Address[]): Address[] {
  const isAgain = (address: Address, i: number): boolean => address === sorted[i - 1];
  return sorted.some(isAgain) ? sorted.filter((address, i) => !isAgain(address, i)) : sorted;
}

const NO_CIDRS = new CidrSet([]);

/** Most groups have none, and there are many of them. */
const cidrsOf = ({ cidrs }: Group): CidrSet => (cidrs.length === 0 ? NO_CIDRS : new CidrSet(cidrs));

const holds = (group: GroupItem, { ofLabelSet, ofWorkload }: EndpointItem): boolean =>
  ofLabelSet.groups.has(group) || (ofWorkload?.groups.has(group) ?? false);
