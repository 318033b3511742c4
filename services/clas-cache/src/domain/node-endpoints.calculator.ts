/**
 * Endpoints that the control plane tells (nodes of the cluster, unmanaged workloads), with what only the cluster knows of
 * its nodes: all addresses that a C-VEN sees on its node. A node that was paired before the control plane has told its
 * endpoint stands by its settings.
 */
import { hostCidrs, makeGroup } from '@ringfence/contracts';
import type {
  Address,
  Cidr,
  Endpoint,
  Group,
  LabelSet,
  NodeEssential,
  NodeObserved,
  NodeRoute,
  NodeSettings,
} from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { makeLabelSet } from '@ringfence/labels';
import {
  canonicalAddress,
  CidrSet,
  cidrsOf,
  CLUSTER_NODES,
  CONTROL_PLANE_NODES,
  JUDGING_NODES,
  POD_NETWORKS,
} from '@ringfence/policy-engine';
import { reportedBy, reporting } from './labelling.js';
import { ListedObjects } from './listed-objects.js';

export type NodeFacts = Pick<NodeObserved, 'name' | 'machineId' | 'labels' | 'addresses' | 'podCidrs'>;

export class NodeEndpoints {
  readonly nodes = new ListedObjects<NodeFacts>();
  /** By the token of their record. */
  readonly settings = new Map<string, NodeSettings>();
  /** By node: what its own table always allows, as its agent says. */
  readonly essential = new Map<string, readonly NodeEssential[]>();
  /** By node: by which of its addresses it calls whom, as its agent says. */
  readonly routes = new Map<string, readonly NodeRoute[]>();
  private readonly told = new Map<string, Endpoint>();
  private readonly byAddress = new Map<Address, Endpoint>();
  private readonly fromControl = new Map<string, Endpoint>();
  private readonly heard = new Map<string, readonly Address[]>();
  /** The nodes that say of an address that it is theirs. */
  private readonly claimants = new Map<Address, readonly string[]>();
  private readonly unpairedNodes = new Set<string>();
  private readonly judging = new Set<string>();
  private readonly dirty = new Set<string>();

  /** `isOfPod`: a Pod holds the address, as Kubernetes says. */
  constructor(
    private readonly cluster: string,
    private readonly isOfPod: (address: Address) => boolean,
  ) {}

  setNode(uid: string, epoch: string, node: NodeFacts): void {
    const before = this.nodes.get(uid);
    this.nodes.set(uid, epoch, node);
    this.dirty.add(node.name);
    if (placesOf(before) !== placesOf(node)) this.lookAtClaims();
  }

  /** Kubernetes says whose these are: a node that claims them too has them no more. */
  taken(addresses: readonly Address[]): void {
    for (const address of addresses)
      for (const node of this.claimants.get(address) ?? []) this.dirty.add(node);
  }

  /** What a node says of itself counts or not by what Kubernetes gives to the others. */
  private lookAtClaims(): void {
    for (const node of this.heard.keys()) this.dirty.add(node);
  }

  removeNode(uid: string): void {
    const node = this.nodes.get(uid);
    if (node === undefined) return;
    this.nodes.remove(uid);
    this.lookAtClaims();
    this.hear(node.name, []);
    this.essential.delete(node.name);
    this.routes.delete(node.name);
    this.judging.delete(node.name);
    this.dirty.add(node.name);
  }

  /** Returns the names of those that vanished. */
  completeNodes(epoch: string): string[] {
    const names = new Map([...this.nodes.entries()].map(([uid, { value }]) => [uid, value.name]));
    const left = (): Set<string> => new Set([...this.nodes.values()].map(({ name }) => name));
    const vanished = this.nodes.complete(epoch).map((uid) => names.get(uid)!);
    for (const name of vanished) this.dirty.add(name);
    if (vanished.length > 0) this.lookAtClaims();
    // A node that was made anew under its name has not vanished.
    return vanished.filter((name) => !left().has(name));
  }

  heartbeat(node: string, addresses: readonly Address[], isJudging: boolean): void {
    if (isJudging) this.judging.add(node);
    else this.judging.delete(node);
    const canonical = addresses.flatMap((address) => canonicalAddress(address) ?? []).sort();
    if (this.heard.get(node)?.join() === canonical.join()) return;
    this.hear(node, canonical);
    this.dirty.add(node);
  }

  /** All addresses of the node's own namespace, as its agent told them last. */
  heardAddresses(node: string): readonly Address[] {
    return this.heard.get(node) ?? [];
  }

  /** Which of its addresses the node's routes choose towards this one; undefined: its agent did not say. */
  sourceTowards(node: string, address: Address): Address | undefined {
    // Widest first: the last that holds it is the narrowest.
    return this.routes.get(node)?.findLast(({ to }) => new CidrSet([to]).contains(address))?.from;
  }

  /** Whether its own table is in its kernel. */
  isJudging(node: string): boolean {
    return this.judging.has(node) && !this.isUnpaired(node);
  }

  private hear(node: string, addresses: readonly Address[]): void {
    for (const address of this.heard.get(node) ?? []) {
      const others = this.claimants.get(address)?.filter((other) => other !== node) ?? [];
      if (others.length === 0) this.claimants.delete(address);
      else this.claimants.set(address, others);
    }
    for (const address of addresses)
      this.claimants.set(address, [...(this.claimants.get(address) ?? []), node]);
    if (addresses.length === 0) this.heard.delete(node);
    else this.heard.set(node, addresses);
  }

  /** Settings that are taken away unpair the node: its agent is to remove what it made. */
  setSettings(token: string, settings: NodeSettings | null): void {
    const before = this.settings.get(token);
    if (before !== undefined) {
      this.unpairedNodes.add(before.node);
      this.dirty.add(before.node);
    }
    if (settings === null) this.settings.delete(token);
    else {
      this.settings.set(token, settings);
      this.unpairedNodes.delete(settings.node);
      this.dirty.add(settings.node);
    }
  }

  setFromControl(upsert: readonly Endpoint[], remove: readonly string[]): void {
    for (const endpoint of upsert) this.fromControl.set(endpoint.id, endpoint);
    for (const id of remove) this.fromControl.delete(id);
    for (const id of [...upsert.map((endpoint) => endpoint.id), ...remove]) this.dirty.add(id);
  }

  /** Of all nodes that Kubernetes has. */
  names(): string[] {
    return [...this.nodes.values()].map(({ name }) => name);
  }

  /** Where Kubernetes says that the node is. */
  addressOf(name: string): Address | undefined {
    return [...this.nodes.values()].find((node) => node.name === name)?.addresses.find(isReachable);
  }

  /** Whose address this is, as Kubernetes says. */
  nodeAt(address: Address): string | undefined {
    return [...this.nodes.values()].find(({ addresses }) => addresses.includes(address))?.name;
  }

  isNode(name: string): boolean {
    return (
      [...this.nodes.values()].some((node) => node.name === name) || this.told.get(name)?.class === 'node'
    );
  }

  /** Nodes that are to have an agent. */
  paired(): Set<string> {
    return new Set([...this.settings.values()].map(({ node }) => node));
  }

  isUnpaired(node: string): boolean {
    return this.unpairedNodes.has(node);
  }

  unpaired(): string[] {
    return [...this.unpairedNodes];
  }

  restoreUnpaired(nodes: readonly string[]): void {
    for (const node of nodes) this.unpairedNodes.add(node);
  }

  endpoint(id: string): Endpoint | undefined {
    return this.told.get(id);
  }

  endpointAt(address: Address): Endpoint | undefined {
    return this.byAddress.get(address);
  }

  endpoints(): Iterable<Endpoint> {
    return this.told.values();
  }

  labelSetOf(node: string): LabelSet | undefined {
    const settings = this.settingsOf(node);
    return settings && this.labelSet(settings);
  }

  /** Those that every agent needs. */
  groups(): Group[] {
    const judging = [...this.told.values()].filter(({ id }) => this.isJudging(id));
    const controlPlane = [...this.nodes.values()].filter(isControlPlane);
    return [
      makeGroup(CLUSTER_NODES, { cidrs: this.cidrsOf([...this.nodes.values()]) }),
      makeGroup(CONTROL_PLANE_NODES, { cidrs: this.cidrsOf(controlPlane) }),
      makeGroup(JUDGING_NODES, { workloads: judging.flatMap(({ workload }) => workload ?? []).sort() }),
      makeGroup(POD_NETWORKS, { cidrs: this.podCidrs() }),
    ];
  }

  private addressesOf({ name, addresses }: NodeFacts): Address[] {
    return [...addresses, ...(this.told.get(name)?.addresses ?? [])];
  }

  private cidrsOf(nodes: readonly NodeFacts[]): Cidr[] {
    return hostCidrs(reachable(nodes.flatMap((node) => this.addressesOf(node))));
  }

  /** In a network of Pods. */
  isOfPods(address: Address): boolean {
    return [...this.nodes.values()].some(({ podCidrs }) => new CidrSet(podCidrs).contains(address));
  }

  /** Of all nodes, normalised. */
  podCidrs(): string[] {
    const all = [...this.nodes.values()].flatMap(({ podCidrs }) => podCidrs);
    return cidrsOf(all.map((from) => ({ from, to: null, exclusion: false, description: '' })));
  }

  /** `addresses`: those of whoever changed, before and after. */
  flush(): { upsert: Endpoint[]; remove: string[]; addresses: Set<Address> } {
    const changes = {
      upsert: [] as Endpoint[],
      remove: [] as string[],
      addresses: new Set<Address>(),
    };
    for (const id of this.dirty) {
      const told = this.told.get(id);
      const endpoint = this.derive(id);
      if (isSameValue(told, endpoint)) continue;
      if (endpoint === undefined) changes.remove.push(id);
      else changes.upsert.push(endpoint);
      this.tell(id, endpoint);
      for (const address of [...(told?.addresses ?? []), ...(endpoint?.addresses ?? [])])
        changes.addresses.add(address);
    }
    this.dirty.clear();
    return changes;
  }

  private tell(id: string, endpoint: Endpoint | undefined): void {
    for (const address of this.told.get(id)?.addresses ?? [])
      if (this.byAddress.get(address)?.id === id) this.byAddress.delete(address);
    if (endpoint === undefined) this.told.delete(id);
    else this.told.set(id, endpoint);
    for (const address of endpoint?.addresses ?? []) this.byAddress.set(address, endpoint!);
  }

  private derive(id: string): Endpoint | undefined {
    const told = this.fromControl.get(id);
    if (told !== undefined && told.class !== 'node') return told;
    const settings = this.settingsOf(id);
    const base = told ?? (settings && this.fromSettings(settings));
    if (base === undefined) return undefined;
    const seen = [...this.nodes.values()].find((node) => node.name === id)?.addresses ?? [];
    // The control plane has most of a node's addresses from its agent too.
    const said = [...base.addresses, ...(this.heard.get(id) ?? [])];
    const all = [...seen, ...said.filter((address) => !this.isOthers(address, id))];
    const addresses = [...new Set(all.flatMap((address) => canonicalAddress(address) ?? []))].sort();
    return { ...base, addresses: addresses.filter(isReachable), ...saidOf(settings) };
  }

  /** What a node says of its own addresses counts for what Kubernetes gives to nobody else. */
  private isOthers(address: Address, node: string): boolean {
    if (this.isOfPod(address)) return true;
    const others = [...this.nodes.values()].filter(({ name }) => name !== node);
    return others.some(
      ({ addresses, podCidrs }) => addresses.includes(address) || new CidrSet(podCidrs).contains(address),
    );
  }

  private fromSettings(settings: NodeSettings): Endpoint {
    const { node, workload, mode } = settings;
    return {
      id: node,
      workload,
      labelSet: this.labelSet(settings).id,
      class: 'node',
      addresses: [],
      node,
      mode,
    };
  }

  private settingsOf(node: string): NodeSettings | undefined {
    return [...this.settings.values()].find((settings) => settings.node === node);
  }

  private labelSet({ labels }: NodeSettings): LabelSet {
    return makeLabelSet({ cluster: this.cluster, namespace: null, class: 'node', labels });
  }
}

/** What only its own agent needs to know. */
function saidOf(settings: NodeSettings | undefined): Pick<Endpoint, 'adminPorts' | 'visibilityLevel'> {
  const { adminPorts } = settings ?? {};
  const visibilityLevel = settings && reportedBy(settings);
  return { ...(adminPorts && { adminPorts }), ...reporting({ visibilityLevel }) };
}

const placesOf = (node: NodeFacts | undefined): string =>
  `${node?.addresses.join()} ${node?.podCidrs.join()}`;

/** The older name of the role stays in use. */
const isControlPlane = ({ labels }: NodeFacts): boolean =>
  'node-role.kubernetes.io/control-plane' in labels || 'node-role.kubernetes.io/master' in labels;

const reachable = (addresses: readonly Address[]): Address[] =>
  addresses.flatMap((address) => canonicalAddress(address) ?? []).filter(isReachable);

/** Loopback and link-local addresses are every node's and nobody's. */
const isReachable = (address: Address): boolean =>
  !address.startsWith('127.') &&
  address !== '::1' &&
  !address.startsWith('fe80:') &&
  !address.startsWith('169.254.');
