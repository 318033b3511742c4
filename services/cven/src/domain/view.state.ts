/**
 * The node's view as clas-cache last told it: units, groups, endpoints, managed namespaces, and from them the addresses
 * of every group. Deltas are applied in order or refused; what is not understood is asked for again as a snapshot.
 */
import { hostCidrs } from '@ringfence/contracts';
import type {
  ApiServer,
  Endpoint,
  EnforcementMode,
  Group,
  NodePortTarget,
  NodeView,
  Unit,
} from '@ringfence/contracts';
import { changedPeerSet, FirewallInputError, groupPeers, OWN_HOST, peerSet } from '@ringfence/firewall';
import type { PeerSet, PolicyView } from '@ringfence/firewall';
import { CLUSTER_NODES, CONTROL_PLANE_NODES, GroupMembers, POD_NETWORKS } from '@ringfence/policy-engine';
import type { MembershipDelta } from '@ringfence/policy-engine';
import type { ClusterPlace } from './host-essentials.js';

/** `gap`: the delta builds on a revision that is not ours; only a snapshot helps. */
export type ApplyOutcome = 'applied' | 'old' | 'gap';

export class ViewState implements PolicyView {
  private current: Pick<NodeView, 'revision' | 'policyVersion'> | undefined;
  private readonly units = new Map<string, Unit>();
  private readonly groups = new Map<string, Group>();
  private readonly endpoints = new Map<string, Endpoint>();
  private namespaces = new Map<string, EnforcementMode>();
  private targets: readonly NodePortTarget[] = [];
  private servers: readonly ApiServer[] = [];
  private members = new GroupMembers();
  /** Kept by identity: a group whose addresses did not change keeps its value, and its tables are not looked at. */
  private readonly peers = new Map<string, PeerSet>();
  private hostAddresses: readonly string[] = [];

  get revision(): number | undefined {
    return this.current?.revision;
  }

  get policyVersion(): number {
    return this.current?.policyVersion ?? 0;
  }

  apply(view: NodeView): ApplyOutcome {
    // A snapshot counts even with a lower revision: clas-cache may have begun its numbering anew.
    if (view.base === null) this.clear();
    else {
      if (this.current === undefined || view.base > this.current.revision) return 'gap';
      if (view.revision <= this.current.revision) return 'old';
      if (view.base < this.current.revision) return 'gap';
    }
    this.take(view);
    return 'applied';
  }

  unit(labelSet: string): Unit | undefined {
    return this.units.get(labelSet);
  }

  endpoint(id: string): Endpoint | undefined {
    return this.endpoints.get(id);
  }

  /** Whether the group means the node that hosts a Pod ("container host"). */
  isOwnHost(group: string): boolean {
    return this.groups.get(group)?.ownHost === true;
  }

  get nodePorts(): readonly NodePortTarget[] {
    return this.targets;
  }

  get apiServers(): readonly ApiServer[] {
    return this.servers;
  }

  /** What the cluster says about the node's place in it. */
  clusterPlace(otherPods: readonly string[]): ClusterPlace {
    const { hostAddresses: addresses, servers: apiServers } = this;
    const own = new Set(hostCidrs(addresses));
    const isControlPlane = this.groups.get(CONTROL_PLANE_NODES)?.cidrs.some((cidr) => own.has(cidr)) ?? false;
    return { apiServers, addresses, isControlPlane, otherPods: [...otherPods].sort() };
  }

  get podNetworks(): readonly string[] {
    return this.groups.get(POD_NETWORKS)?.cidrs ?? [];
  }

  get nodeAddresses(): readonly string[] {
    const nodes = this.peersOf(CLUSTER_NODES);
    return nodes === undefined ? [] : [...nodes.hosts4, ...nodes.hosts6];
  }

  /** Addresses and CIDRs of the cluster's nodes and Pods. */
  get clusterAddresses(): readonly string[] {
    const nodes = this.peersOf(CLUSTER_NODES);
    const all =
      nodes === undefined ? [] : [...nodes.hosts4, ...nodes.hosts6, ...nodes.cidrs4, ...nodes.cidrs6];
    return [...this.podNetworks, ...all];
  }

  all(): Iterable<Endpoint> {
    return this.endpoints.values();
  }

  /** Mode of a managed namespace; undefined: not managed. */
  namespaceMode(name: string): EnforcementMode | undefined {
    return this.namespaces.get(name);
  }

  /** Managed namespaces and their modes; undefined while nobody has told. */
  managedNamespaces(): ReadonlyMap<string, EnforcementMode> | undefined {
    return this.current === undefined ? undefined : this.namespaces;
  }

  /** Whether anybody that this node knows of blocks anything; also while nobody has told it yet. */
  get isEnforcing(): boolean {
    if (this.current === undefined) return true;
    const blocks = (mode: EnforcementMode | undefined): boolean => mode === 'full' || mode === 'selective';
    return (
      [...this.namespaces.values()].some(blocks) ||
      [...this.endpoints.values()].some(({ mode, labelSet }) =>
        blocks(mode ?? this.units.get(labelSet)?.mode),
      )
    );
  }

  /** All addresses of the node's own namespace. True when they differ from before. */
  setHostAddresses(addresses: readonly string[]): boolean {
    const sorted = [...addresses].sort();
    if (sorted.join() === this.hostAddresses.join()) return false;
    this.hostAddresses = sorted;
    this.peers.delete(OWN_HOST);
    for (const { id, ownHost } of this.groups.values()) if (ownHost) this.peers.delete(id);
    return true;
  }

  /** Undefined for a group that nobody has told: its rules cannot be enforced. */
  peersOf(group: string): PeerSet | undefined {
    const known = this.peers.get(group);
    if (known !== undefined) return known;
    const resolved = group === OWN_HOST ? peerSet(this.hostAddresses, []) : this.resolve(group);
    if (resolved !== undefined) this.peers.set(group, resolved);
    return resolved;
  }

  /** The whole view again, for the disk. */
  snapshot(node: string, at: string): NodeView | undefined {
    if (this.current === undefined) return undefined;
    return {
      node,
      ...this.current,
      base: null,
      at,
      groups: { upsert: [...this.groups.values()], remove: [] },
      endpoints: { upsert: [...this.endpoints.values()], remove: [] },
      units: { upsert: [...this.units.values()], remove: [] },
      namespaces: [...this.namespaces].map(([name, mode]) => ({ name, mode })),
      nodePorts: [...this.targets],
      apiServers: [...this.servers],
    };
  }

  private resolve(id: string): PeerSet | undefined {
    const group = this.groups.get(id);
    return group && groupPeers(group, this.members, this.hostAddresses);
  }

  private clear(): void {
    this.units.clear();
    this.groups.clear();
    this.endpoints.clear();
    this.peers.clear();
    this.namespaces.clear();
    this.targets = [];
    this.servers = [];
    this.members = new GroupMembers();
  }

  /** Groups, endpoints, units; removals last, so that a moved address never belongs to nobody in between. */
  private take(view: NodeView): void {
    this.current = { revision: view.revision, policyVersion: view.policyVersion };
    for (const group of view.groups.upsert) {
      this.groups.set(group.id, group);
      this.members.upsertGroup(group);
      this.peers.delete(group.id);
    }
    for (const endpoint of view.endpoints.upsert) {
      this.endpoints.set(endpoint.id, endpoint);
      this.members.upsertEndpoint(endpoint);
    }
    for (const unit of view.units.upsert) this.units.set(unit.labelSet.id, unit);
    for (const id of view.units.remove) this.units.delete(id);
    for (const id of view.endpoints.remove) {
      this.endpoints.delete(id);
      this.members.removeEndpoint(id);
    }
    for (const id of view.groups.remove) {
      this.groups.delete(id);
      this.peers.delete(id);
      this.members.removeGroup(id);
    }
    if (view.namespaces !== undefined)
      this.namespaces = new Map(view.namespaces.map(({ name, mode }) => [name, mode]));
    if (view.nodePorts !== undefined) this.targets = view.nodePorts;
    if (view.apiServers !== undefined) this.servers = view.apiServers;
    this.followMembers();
  }

  private followMembers(): void {
    for (const [group, change] of this.members.takeChanges()) {
      const known = this.peers.get(group);
      if (known === undefined) continue;
      const next = this.hasOwnHostAmong(group, change.removed) ? undefined : followed(known, change);
      if (next === undefined) this.peers.delete(group);
      else this.peers.set(group, next);
    }
  }

  /** A node's address may be in a group for two reasons; losing one of them must not take it out. */
  private hasOwnHostAmong(group: string, removed: readonly string[]): boolean {
    return (
      this.groups.get(group)?.ownHost === true &&
      removed.some((address) => this.hostAddresses.includes(address))
    );
  }
}

/** Undefined: an address is none. Whoever asks for the group then is told so. */
function followed(peers: PeerSet, change: MembershipDelta): PeerSet | undefined {
  try {
    return changedPeerSet(peers, change);
  } catch (error) {
    if (error instanceof FirewallInputError) return undefined;
    throw error;
  }
}
