/**
 * Everything that is known in the cluster, joined: what Kubelink and the C-VENs see, and what the control plane last
 * said. Absence is deletion; what has not been said is closed; `flush` tells what changed, for the whole cluster. Which
 * node needs what of it is decided in spans.
 *
 *     pods, workloads, profiles, labels ──▶ pod endpoints ──┐
 *     nodes, heartbeats, node settings ───▶ node endpoints ─┼──▶ cluster changes
 *     units, groups, services ────────────▶ effective units ┘
 *     NetworkPolicies, namespaces ──▶ variants of label sets ──▶ pod endpoints, effective units
 */
import type {
  AgentHeartbeat,
  ApiServer,
  Endpoint,
  EnforcementMode,
  Group,
  LabelSet,
  LabelSetId,
  PolicyStamp,
  ProfileSettings,
  ServiceObserved,
  Unit,
} from '@ringfence/contracts';
import { NO_FACTS } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { canonicalAddress } from '@ringfence/policy-engine';
import type { CommittedPolicy } from './policy-buffer.calculator.js';
import { EffectiveUnits } from './effective-units.calculator.js';
import { isClusterDns } from './cluster-dns.js';
import { Counter } from './counter.js';
import { ListedObjects } from './listed-objects.js';
import { NetworkPolicies } from './network-policies/network-policies.calculator.js';
import { NodeEndpoints } from './node-endpoints.calculator.js';
import { NodePortGuards } from './node-port-guards.calculator.js';
import type { GuardChanges } from './node-port-guards.calculator.js';
import { managedNamespaces } from './managed-namespaces.js';
import type { ManagedNamespace } from './managed-namespaces.js';
import { uidOfPeer } from './network-policies/peer-pods.js';
import { PodEndpoints } from './pod-endpoints.calculator.js';

export type HeardAgent = Pick<AgentHeartbeat, 'node' | 'addresses' | 'judging' | 'status'> &
  Partial<Pick<AgentHeartbeat, 'essential' | 'routes'>>;

export interface ViewChanges {
  readonly groups: { readonly upsert: readonly Group[]; readonly remove: readonly string[] };
  readonly endpoints: { readonly upsert: readonly Endpoint[]; readonly remove: readonly string[] };
  readonly units: { readonly upsert: readonly Unit[]; readonly remove: readonly string[] };
  /** Whole list, when it changed. */
  readonly namespaces: readonly ManagedNamespace[] | null;
  /** Whether a Service changed. */
  readonly services: boolean;
  /** Pods of which anything changed, endpoints or not. */
  readonly touchedPods: readonly string[];
  /** What all of it is made from. */
  readonly stamp: PolicyStamp;
  /** Whole list, when it changed. */
  readonly apiServers: readonly ApiServer[] | null;
  /** What nodes judge for the Pods of others. */
  readonly guards: GuardChanges;
}

export interface FlushedView extends ViewChanges {
  /** Pods that we do not manage, and that NetworkPolicies speak of: only their addresses matter. */
  readonly peers: ViewChanges['endpoints'];
}

const MOST_API_SERVERS = 64;
export const NO_STAMP: PolicyStamp = { policyVersion: 0, facts: NO_FACTS, settled: 0 };

export class ClusterView {
  readonly policies = new NetworkPolicies();
  readonly pods: PodEndpoints;
  readonly nodes: NodeEndpoints;
  readonly services = new ListedObjects<ServiceObserved>();
  readonly units = new EffectiveUnits();
  private readonly guards = new NodePortGuards();
  private readonly nodeGroups = new Map<string, string>();
  private apiServers = '[]';
  private readonly members = new Map<LabelSetId, Set<string>>();
  private readonly endpointLabelSet = new Map<string, LabelSetId>();
  private readonly peers = new Counter<LabelSetId>();
  private readonly peerLabelSet = new Map<string, LabelSetId>();
  private stamp: PolicyStamp = NO_STAMP;
  private managed: readonly ManagedNamespace[] = [];
  private dnsTouched = true;
  private profilesTouched = true;
  private namespacesTouched = false;
  private servicesTouched = false;

  constructor(cluster: string) {
    this.pods = new PodEndpoints(cluster, this.policies);
    this.nodes = new NodeEndpoints(cluster, (address) => this.pods.podAt(address) !== undefined);
  }

  setService(service: ServiceObserved): void {
    this.services.set(service.uid, service.epoch, service);
    this.servicesTouched = true;
    this.units.services.setService(service);
    if (isClusterDns(service)) this.dnsTouched = true;
  }

  removeService(uid: string): void {
    const service = this.services.get(uid);
    if (service === undefined) return;
    this.services.remove(uid);
    this.servicesTouched = true;
    this.units.services.removeService(uid);
    if (isClusterDns(service)) this.dnsTouched = true;
  }

  completeServices(epoch: string): void {
    const before = [...this.services.values()];
    const vanished = new Set(this.services.complete(epoch));
    for (const { uid } of before) if (vanished.has(uid)) this.units.services.removeService(uid);
    this.servicesTouched = true;
    this.dnsTouched = true;
  }

  heartbeat({ node, addresses, judging, status, essential = [], routes = [] }: HeardAgent): void {
    this.nodes.heartbeat(node, addresses, status !== 'unpaired' && judging);
    this.nodes.essential.set(node, essential);
    this.nodes.routes.set(node, routes);
  }

  setProfile(token: string, profile: ProfileSettings | null): void {
    this.pods.setProfile(token, profile);
    this.profilesTouched = true;
  }

  setPolicy(policy: CommittedPolicy): void {
    const { policyVersion, facts } = policy;
    this.stamp = { ...this.stamp, policyVersion, facts };
    this.units.setPolicy(policy);
    this.nodes.setFromControl(policy.endpoints.upsert, policy.endpoints.remove);
  }

  /** Settings up to this position of their owner have been taken in. */
  settled(position: number): void {
    this.stamp = { ...this.stamp, settled: position };
  }

  get policyVersion(): number {
    return this.stamp.policyVersion;
  }

  endpoint(id: string): Endpoint | undefined {
    return this.pods.endpoint(id) ?? this.nodes.endpoint(id);
  }

  /** That policy asks for; undefined: nothing is asked. */
  modeAsked(id: string): EnforcementMode | undefined {
    const endpoint = this.endpoint(id);
    return endpoint && (endpoint.mode ?? this.units.unit(endpoint.labelSet)?.mode);
  }

  /** Whether the control plane has spoken about what the Pod may do. */
  isPolicyKnown(pod: string): boolean {
    const endpoint = this.pods.endpoint(pod);
    return endpoint === undefined || this.units.isKnown(endpoint.labelSet);
  }

  *endpointsOn(node: string): Generator<Endpoint> {
    for (const endpoint of this.pods.endpoints()) if (endpoint.node === node) yield endpoint;
  }

  /** The endpoint behind a Service's backend; of a Pod on its node's network, the node. */
  backend(address: string): Endpoint | 'nobodys' | undefined {
    const pod = this.pods.podAt(address);
    if (pod !== undefined) return this.pods.endpoint(pod.uid) ?? this.pods.peer(pod.uid);
    return this.nodes.endpointAt(address) ?? (this.nodes.isOfPods(address) ? 'nobodys' : undefined);
  }

  flush(): FlushedView {
    const pods = this.pods.flush();
    this.nodes.taken(pods.touched.flatMap((uid) => this.pods.pods.get(uid)?.addresses ?? []));
    const nodes = this.nodes.flush();
    this.units.services.addressesChanged(nodes.addresses);
    const endpoints = {
      upsert: [...pods.upsert, ...nodes.upsert],
      remove: [...pods.remove, ...nodes.remove],
    };
    this.units.services.addressesChanged(pods.addresses);
    for (const uid of pods.touched) this.units.services.podChanged(uid);
    for (const [uid, labelSet] of this.pods.serviceSets.take())
      this.units.services.setLabelSet(uid, labelSet);
    // By its address, as who answers is found: a slice may name any Pod beside it.
    if (this.units.isDns(pods.addresses)) this.dnsTouched = true;
    this.countLabelSets(endpoints);
    this.countPeers(pods.peers);
    this.settlePolicies();
    if (this.profilesTouched) this.refreshModes();
    const namespaces = this.takeNamespaces();
    const services = this.servicesTouched;
    this.servicesTouched = false;
    const clients = this.dnsTouched
      ? { labelSets: [...this.members.keys()], cidrs: this.nodes.podCidrs() }
      : null;
    this.dnsTouched = false;
    const { units, groups } = this.units.flush((address) => this.backend(address), clients);
    const guards = this.guards.settle(this.units.services.nodePorts(), (id) => this.units.unit(id));
    groups.upsert.push(...this.takeNodeGroups());
    return {
      units,
      groups,
      guards,
      apiServers: this.takeApiServers(),
      endpoints,
      peers: pods.peers,
      namespaces,
      services,
      touchedPods: pods.touched,
      stamp: this.stamp,
    };
  }

  private takeApiServers(): readonly ApiServer[] | null {
    const own = [...this.services.values()].find(
      ({ namespace, name }) => namespace === 'default' && name === 'kubernetes',
    );
    const servers = (own?.backends ?? []).flatMap(({ address, targetPort: port }) => {
      const canonical = canonicalAddress(address);
      return canonical === null ? [] : [{ address: canonical, port }];
    });
    const text = JSON.stringify(servers);
    if (text === this.apiServers) return null;
    this.apiServers = text;
    return servers.slice(0, MOST_API_SERVERS);
  }

  private takeNodeGroups(): Group[] {
    return this.nodes.groups().filter((group) => {
      const text = JSON.stringify(group);
      if (this.nodeGroups.get(group.id) === text) return false;
      this.nodeGroups.set(group.id, text);
      return true;
    });
  }

  private countLabelSets({
    upsert,
    remove,
  }: {
    upsert: readonly Endpoint[];
    remove: readonly string[];
  }): void {
    for (const id of remove) this.leave(id);
    for (const endpoint of upsert) {
      if (endpoint.class === 'node') this.dnsTouched = true;
      if (this.endpointLabelSet.get(endpoint.id) === endpoint.labelSet) continue;
      this.leave(endpoint.id);
      const labelSet = this.labelSetOf(endpoint);
      if (labelSet === undefined) continue;
      this.endpointLabelSet.set(endpoint.id, labelSet.id);
      const members = this.members.get(labelSet.id);
      if (members !== undefined) members.add(endpoint.id);
      else {
        this.members.set(labelSet.id, new Set([endpoint.id]));
        const variant = endpoint.class === 'pod' ? this.pods.variantOf(endpoint.id) : undefined;
        if (variant !== undefined) this.policies.use(variant);
        this.units.use(labelSet, this.modeOf(labelSet, endpoint), variant?.base);
        this.dnsTouched = true;
      }
    }
  }

  private leave(id: string): void {
    const labelSet = this.endpointLabelSet.get(id);
    if (labelSet === undefined) return;
    this.endpointLabelSet.delete(id);
    const members = this.members.get(labelSet)!;
    members.delete(id);
    if (members.size > 0) return;
    this.members.delete(labelSet);
    this.policies.disuse(labelSet);
    this.units.disuse(labelSet);
    this.dnsTouched = true;
  }

  /** Of them nobody enforces anything; they are in groups. */
  private countPeers({ upsert, remove }: ViewChanges['endpoints']): void {
    for (const id of remove) this.leavePeer(id);
    for (const { id, labelSet } of upsert) {
      if (this.peerLabelSet.get(id) === labelSet) continue;
      this.leavePeer(id);
      this.peerLabelSet.set(id, labelSet);
      const variant = this.pods.variantOf(uidOfPeer(id));
      if (this.peers.add(labelSet, 1) === 1 && variant !== undefined) this.policies.use(variant);
    }
  }

  private leavePeer(id: string): void {
    const labelSet = this.peerLabelSet.get(id);
    if (labelSet === undefined) return;
    this.peerLabelSet.delete(id);
    if (this.peers.add(labelSet, -1) === 0) this.policies.disuse(labelSet);
  }

  private settlePolicies(): void {
    for (const id of this.policies.settleRules()) {
      const rules = this.policies.rulesOf(id);
      if (rules !== undefined) this.units.add(id, rules.added);
    }
    if (this.policies.takeIsolatingChanged()) this.namespacesTouched = true;
    this.units.setGroups(this.policies.takeGroups());
  }

  private labelSetOf(endpoint: Endpoint): LabelSet | undefined {
    if (endpoint.class === 'pod') return this.pods.labelSetOf(endpoint.id) ?? undefined;
    if (endpoint.class !== 'node') return undefined;
    // The control plane's endpoint may be ahead of the settings: its label set then comes with its unit.
    const local = this.nodes.labelSetOf(endpoint.id);
    return local?.id === endpoint.labelSet ? local : this.units.baseLabelSet(endpoint.labelSet);
  }

  private modeOf(labelSet: LabelSet, endpoint: Endpoint): Unit['mode'] {
    if (labelSet.class === 'node') return endpoint.mode ?? 'visibility_only';
    return this.pods.modeOf(labelSet.namespace ?? '') ?? 'full';
  }

  private refreshModes(): void {
    for (const [id, members] of this.members) {
      const [first] = members;
      const endpoint = this.endpoint(first ?? '');
      const labelSet = endpoint && this.labelSetOf(endpoint);
      if (endpoint && labelSet?.id === id)
        this.units.use(labelSet, this.modeOf(labelSet, endpoint), this.policies.rulesOf(id)?.base);
    }
  }

  private takeNamespaces(): readonly ManagedNamespace[] | null {
    if (!this.profilesTouched && !this.namespacesTouched) return null;
    this.profilesTouched = false;
    this.namespacesTouched = false;
    const namespaces = managedNamespaces(this.pods.profiles.values(), (name) =>
      this.policies.traits.isIsolating(name),
    );
    if (isSameValue(namespaces, this.managed)) return null;
    this.managed = namespaces;
    return namespaces;
  }

  /** Whether Pods of managed namespaces are behind ports of nodes. */
  get hasNodePorts(): boolean {
    return this.guards.targets.length > 0;
  }

  get namespaces(): readonly ManagedNamespace[] {
    return this.managed;
  }
}
