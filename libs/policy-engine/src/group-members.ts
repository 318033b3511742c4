/**
 * Who is in each group right now: groups by definition × endpoints. Nothing is stored per pair: membership follows
 * from an address's owner, and only what changed since it was last asked for is remembered.
 *
 * An address belongs to its newest endpoint (the one first heard of last): an address that moves to a new Pod before
 * the old one is gone must count as the new one's at once.
 */
import type { Address, Endpoint, Group, GroupId, LabelSetId } from '@ringfence/contracts';
import { CidrSet } from './cidr-set.js';
import { GroupParts } from './group-parts.js';
import type { Part } from './group-parts.js';

interface EndpointItem {
  readonly age: number;
  endpoint: Endpoint;
  /** Its label set, and its workload. */
  parts: readonly Part<EndpointItem>[];
}

interface GroupItem {
  readonly group: Group;
  readonly labelSets: ReadonlySet<LabelSetId>;
  readonly workloads: ReadonlySet<string>;
  readonly cidrs: CidrSet;
}

type PartKind = 'labelSets' | 'workloads';
const PART_KINDS: readonly PartKind[] = ['labelSets', 'workloads'];

export interface MembershipDelta {
  readonly added: string[];
  readonly removed: string[];
}

export class GroupMembers {
  private readonly endpoints = new Map<string, EndpointItem>();
  private readonly groups = new Map<GroupId, GroupItem>();
  /** Everyone who claims the address, oldest first; the last one owns it. */
  private readonly claims = new Map<Address, EndpointItem[]>();
  private readonly parts = {
    labelSets: new GroupParts<EndpointItem>(),
    workloads: new GroupParts<EndpointItem>(),
  };
  /** Per group, for each address that was touched: was it a member when changes were last taken? */
  private touched = new Map<GroupId, Map<Address, boolean>>();
  private clock = 0;

  upsertGroup(group: Group): void {
    const old = this.groups.get(group.id);
    const item: GroupItem = {
      group,
      labelSets: setOf(group.labelSets),
      workloads: setOf(group.workloads),
      cidrs: group.cidrs.length === 0 ? NO_CIDRS : new CidrSet(group.cidrs),
    };
    this.relink('labelSets', item, old);
    this.relink('workloads', item, old);
    this.groups.set(group.id, item);
  }

  /** Its changes are forgotten: who removes a group has no more use for them. */
  removeGroup(id: GroupId): void {
    const old = this.groups.get(id);
    if (old === undefined) return;
    for (const kind of PART_KINDS) for (const part of old[kind]) this.unlink(kind, part, id);
    this.groups.delete(id);
    this.touched.delete(id);
  }

  upsertEndpoint(endpoint: Endpoint): void {
    const known = this.endpoints.get(endpoint.id);
    if (known !== undefined) this.detach(known);
    const item = known ?? { age: ++this.clock, endpoint, parts: [] };
    item.endpoint = endpoint;
    item.parts = this.partsOf(endpoint);
    this.endpoints.set(endpoint.id, item);
    for (const part of item.parts) part.endpoints.add(item);
    for (const address of endpoint.addresses) this.claim(address, item);
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
    return this.claims.get(address)?.at(-1)?.endpoint;
  }

  /** Host addresses of the group; its CIDRs and the own node's addresses are not among them. */
  addresses(id: GroupId): ReadonlySet<Address> {
    const addresses = new Set<Address>();
    const group = this.groups.get(id);
    if (group === undefined) return addresses;
    for (const item of this.candidates(group)) {
      for (const address of item.endpoint.addresses) {
        if (this.owns(item, address)) addresses.add(address);
      }
    }
    return addresses;
  }

  /** An unknown group contains nobody. */
  contains(id: GroupId, address: Address, hostAddresses: ReadonlySet<Address>): boolean {
    const group = this.groups.get(id);
    if (group === undefined) return false;
    if (group.group.ownHost && hostAddresses.has(address)) return true;
    const owner = this.ownerOf(address);
    return (owner !== undefined && holds(group, owner)) || group.cidrs.contains(address);
  }

  holdsEndpoint(id: GroupId, endpoint: Pick<Endpoint, 'labelSet' | 'workload'>): boolean {
    const group = this.groups.get(id);
    return group !== undefined && holds(group, endpoint);
  }

  /** Net changes of host addresses since the last call, sorted; groups whose addresses did not change are left out. */
  takeChanges(): Map<GroupId, MembershipDelta> {
    const changes = new Map<GroupId, MembershipDelta>();
    for (const [id, addresses] of this.touched) {
      const group = this.groups.get(id);
      const added: Address[] = [];
      const removed: Address[] = [];
      for (const [address, was] of addresses) {
        if (was !== this.isMember(group, address)) (was ? removed : added).push(address);
      }
      if (added.length + removed.length > 0)
        changes.set(id, { added: added.sort(), removed: removed.sort() });
    }
    this.touched = new Map();
    return changes;
  }

  private *candidates(group: GroupItem): Generator<EndpointItem> {
    for (const kind of PART_KINDS)
      for (const part of group[kind]) yield* this.parts[kind].get(part)?.endpoints ?? [];
  }

  /** Follows what a group gained and lost of one kind of part. */
  private relink(kind: PartKind, item: GroupItem, old: GroupItem | undefined): void {
    const [before, after] = [old?.[kind] ?? NONE, item[kind]];
    for (const id of before) {
      if (after.has(id)) continue;
      this.touchEndpoints(this.parts[kind].get(id)!.endpoints, item.group.id, old);
      this.unlink(kind, id, item.group.id);
    }
    for (const id of after) {
      if (before.has(id)) continue;
      const part = this.parts[kind].open(id);
      part.groups.add(item.group.id);
      this.touchEndpoints(part.endpoints, item.group.id, old);
    }
  }

  private unlink(kind: PartKind, id: string, group: GroupId): void {
    this.parts[kind].get(id)?.groups.delete(group);
    this.parts[kind].close(id);
  }

  private partsOf({ labelSet, workload }: Endpoint): Part<EndpointItem>[] {
    const ofLabelSet = this.parts.labelSets.open(labelSet);
    return workload === null ? [ofLabelSet] : [ofLabelSet, this.parts.workloads.open(workload)];
  }

  private touchEndpoints(items: Iterable<EndpointItem>, id: GroupId, old: GroupItem | undefined): void {
    for (const item of items) {
      const was = old !== undefined && holds(old, item.endpoint);
      for (const address of item.endpoint.addresses)
        if (this.owns(item, address)) this.touch(id, address, was);
    }
  }

  private claim(address: Address, item: EndpointItem): void {
    const claims = this.claims.get(address);
    if (claims === undefined) return this.setClaims(address, undefined, [item]);
    if (claims.includes(item)) return;
    const position = claims.findLastIndex((other) => other.age < item.age) + 1;
    this.setClaims(address, claims, claims.toSpliced(position, 0, item));
  }

  private detach(item: EndpointItem): void {
    const { labelSet, workload, addresses } = item.endpoint;
    for (const address of new Set(addresses)) {
      const claims = this.claims.get(address)!;
      const others = claims.filter((other) => other !== item);
      this.setClaims(address, claims, others.length > 0 ? others : undefined);
    }
    for (const part of item.parts) part.endpoints.delete(item);
    this.parts.labelSets.close(labelSet);
    if (workload !== null) this.parts.workloads.close(workload);
  }

  /** The groups of both owners are concerned. */
  private setClaims(
    address: Address,
    before: EndpointItem[] | undefined,
    after: EndpointItem[] | undefined,
  ): void {
    this.touchGroupsOf(before?.at(-1), address, true);
    if (after === undefined) this.claims.delete(address);
    else this.claims.set(address, after);
    this.touchGroupsOf(after?.at(-1), address, false);
  }

  private touchGroupsOf(owner: EndpointItem | undefined, address: Address, was: boolean): void {
    for (const part of owner?.parts ?? []) for (const id of part.groups) this.touch(id, address, was);
  }

  /** Only the first touch since changes were last taken knows what was true then. */
  private touch(id: GroupId, address: Address, was: boolean): void {
    let addresses = this.touched.get(id);
    if (addresses === undefined) this.touched.set(id, (addresses = new Map()));
    if (!addresses.has(address)) addresses.set(address, was);
  }

  private isMember(group: GroupItem | undefined, address: Address): boolean {
    const owner = this.ownerOf(address);
    return owner !== undefined && group !== undefined && holds(group, owner);
  }

  private owns(item: EndpointItem, address: Address): boolean {
    return this.claims.get(address)?.at(-1) === item;
  }
}

const NONE: ReadonlySet<string> = new Set();
const NO_CIDRS = new CidrSet([]);

/** Most groups have one part only, and there are many of them. */
const setOf = (ids: readonly string[]): ReadonlySet<string> => (ids.length === 0 ? NONE : new Set(ids));

const holds = (group: GroupItem, endpoint: Pick<Endpoint, 'labelSet' | 'workload'>): boolean =>
  group.labelSets.has(endpoint.labelSet) ||
  (endpoint.workload !== null && group.workloads.has(endpoint.workload));
