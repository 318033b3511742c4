/**
 * Pods, as Kubernetes and the container runtime tell them, with their owners, profiles and labels → endpoints. A new Pod
 * of a known workload is labelled here, without a word from the control plane.
 *
 * Labels belong to the owner (its template's annotations); a Pod whose owner was not seen yet brings its own. Pods of
 * unmanaged namespaces, host-networked and ended Pods are no endpoints, but their addresses are known to be theirs.
 */
import type {
  Address,
  EnforcementMode,
  Endpoint,
  KubernetesWorkloadObserved,
  LabelSet,
  PodObserved,
  NodeSandboxes,
  ProfileSettings,
} from '@ringfence/contracts';
import { kubernetesWorkloadId } from '@ringfence/labels';
import type { CatalogueIndex, RefusedAnnotation } from '@ringfence/labels';
import { AddressBook } from './address-book.js';
import { Labelling, reporting, saysTheSame } from './labelling.js';
import type { GivenLabels, Labelled } from './labelling.js';
import { ListedObjects } from './listed-objects.js';
import { NetworkPolicies } from './network-policies/network-policies.calculator.js';
import type { Variant } from './network-policies/network-policies.calculator.js';
import { PeerPods, seenPod, tell } from './network-policies/peer-pods.js';
import { canonical, SandboxBook } from './sandbox-book.js';
import { ServiceLabels } from './service-labels.js';
import type { UnheardPod } from './unheard-pod.js';

export type PodFacts = Pick<
  PodObserved,
  | 'uid'
  | 'namespace'
  | 'name'
  | 'node'
  | 'hostNetwork'
  | 'phase'
  | 'addresses'
  | 'owner'
  | 'annotations'
  | 'probePorts'
  | 'readinessGates'
  | 'observedAt'
> &
  /** Absent from what was stored by an older version. */
  Partial<Pick<PodObserved, 'labels' | 'namedPorts'>>;
export type WorkloadFacts = Pick<
  KubernetesWorkloadObserved,
  'uid' | 'kind' | 'namespace' | 'name' | 'annotations' | 'mapped'
>;

/** The topmost controller of Pods, as far as known. */
interface Owner {
  readonly uid: string;
  readonly workload: string;
  readonly pods: Set<string>;
  asks: Labelled;
  /** null: the namespace is not managed. */
  given: GivenLabels | null;
}

export interface RefusedLabels {
  readonly workload: WorkloadFacts;
  readonly refused: readonly RefusedAnnotation[];
}

export interface PodChanges {
  readonly upsert: Endpoint[];
  readonly remove: string[];
  /** Pods of which anything changed, endpoints or not. */
  readonly touched: string[];
  /** Pods that we do not manage, and that are peers of NetworkPolicies: nobody's own, and known by their addresses. */
  readonly peers: { readonly upsert: Endpoint[]; readonly remove: string[] };
  /** Whose these are may have changed. */
  readonly addresses: ReadonlySet<Address>;
}

export class PodEndpoints {
  readonly pods = new ListedObjects<PodFacts>();
  readonly workloads = new ListedObjects<WorkloadFacts>();
  readonly serviceSets: ServiceLabels;
  private readonly labelling: Labelling;
  private readonly owners = new Map<string, Owner>();
  private readonly sandboxes = new SandboxBook();
  private readonly addresses = new AddressBook();
  private readonly told = new Map<string, Endpoint>();
  private readonly peers: PeerPods;
  private readonly dirty = new Set<string>();
  private moved = new Set<Address>();
  /** Pods that Kubelink has not told of: they end with their sandbox. */
  private readonly read = new Set<string>();
  /** Kubelink is silent: what nodes say counts until Kubernetes can be heard again. */
  private isProvisional = false;

  constructor(
    private readonly cluster: string,
    private readonly policies = new NetworkPolicies(),
  ) {
    this.labelling = new Labelling(cluster);
    this.serviceSets = new ServiceLabels(this.labelling);
    this.peers = new PeerPods(policies);
  }

  setPod(pod: PodFacts, epoch: string): void {
    this.read.delete(pod.uid);
    this.set(pod, epoch);
  }

  /**
   * As it was read from Kubernetes because its node lists it. Of the oldest list that is known: the next complete one decides.
   * False: nothing of it is news, or its node lists it no more.
   */
  readPod(pod: PodFacts, node: string): boolean {
    const before = this.pods.get(pod.uid);
    const isKnown =
      before !== undefined && before.phase === pod.phase && `${before.addresses}` === `${pod.addresses}`;
    if (isKnown || !this.sandboxes.lists(node, pod.uid)) return false;
    if (before === undefined) this.read.add(pod.uid);
    this.set(pod, this.pods.epochOf(pod.uid) ?? this.pods.oldestEpoch);
    return true;
  }

  readWorkload(workload: WorkloadFacts): void {
    if (this.workloads.get(workload.uid) === undefined)
      this.setWorkload(workload, this.workloads.oldestEpoch);
  }

  /** Kubelink will tell of them, unless it is silent. */
  *unheard(): Generator<UnheardPod> {
    for (const { node, podUid: uid, namespace, name } of this.sandboxes.all()) {
      const pod = this.pods.get(uid);
      if (pod === undefined || (pod.node === node && isUnreachable(pod)))
        yield { node, uid, namespace, name };
    }
  }

  private set(pod: PodFacts, epoch: string): void {
    const before = this.pods.get(pod.uid);
    if (before !== undefined && before.owner.uid !== pod.owner.uid) this.leaveOwner(before);
    this.pods.set(pod.uid, epoch, pod);
    this.policies.traits.setPod(pod.uid, pod.hostNetwork || hasEnded(pod) ? null : seenPod(pod));
    this.addresses.meet(pod.uid);
    const owner = this.owner(pod.owner.uid, pod);
    owner.pods.add(pod.uid);
    this.dirty.add(pod.uid);
  }

  removePod(uid: string): void {
    const pod = this.pods.get(uid);
    if (pod === undefined) return;
    this.pods.remove(uid);
    this.podGone(pod);
  }

  setWorkload(workload: WorkloadFacts, epoch: string): void {
    this.workloads.set(workload.uid, epoch, workload);
    this.relabel(this.owner(workload.uid, workload), workload);
  }

  /** Its Pods keep their labels: they are told to end, one by one. */
  removeWorkload(uid: string): void {
    this.workloads.remove(uid);
    this.dropIfIdle(this.owners.get(uid));
  }

  completePods(epoch: string): void {
    const before = new Map([...this.pods.values()].map((pod) => [pod.uid, pod]));
    for (const uid of this.pods.complete(epoch)) this.podGone(before.get(uid)!);
  }

  completeWorkloads(epoch: string): void {
    for (const uid of this.workloads.complete(epoch)) this.dropIfIdle(this.owners.get(uid));
  }

  /** Returns the Pods of the list that Kubernetes places on another node. */
  setSandboxes(node: string, sandboxes: NodeSandboxes['sandboxes']): string[] {
    for (const uid of this.sandboxes.set(node, sandboxes)) {
      const pod = this.pods.get(uid);
      if (pod?.node === node && this.read.has(uid) && !this.sandboxes.lists(node, uid)) this.removePod(uid);
      else if (pod !== undefined) this.dirty.add(uid);
    }
    return sandboxes.map(({ podUid }) => podUid).filter((uid) => (this.pods.get(uid)?.node ?? node) !== node);
  }

  /** Whether addresses count that only the Pod's own node tells. */
  setProvisional(isProvisional: boolean): void {
    if (isProvisional === this.isProvisional) return;
    this.isProvisional = isProvisional;
    for (const uid of this.sandboxes.pods()) if (this.pods.get(uid) !== undefined) this.dirty.add(uid);
  }

  setCatalogue(catalogue: CatalogueIndex): void {
    this.labelling.setCatalogue(catalogue);
    for (const owner of this.owners.values()) this.relabel(owner, owner.asks);
  }

  /** By the token of its record; null: the profile is gone, its namespace unmanaged. */
  setProfile(token: string, profile: ProfileSettings | null): void {
    const namespaces = this.labelling.setProfile(token, profile);
    for (const owner of this.owners.values())
      if (namespaces.has(owner.asks.namespace)) this.relabel(owner, owner.asks);
  }

  get profiles(): ReadonlyMap<string, ProfileSettings> {
    return this.labelling.profiles;
  }

  /** Of a managed namespace; undefined: it is not managed. */
  modeOf(namespace: string): EnforcementMode | undefined {
    return this.labelling.modeOf(namespace);
  }

  /** Workloads that ask for labels which they do not get. */
  *refusals(): Generator<RefusedLabels> {
    for (const { uid, given } of this.owners.values()) {
      const workload = this.workloads.get(uid);
      if (workload === undefined || given === null || given.refused.length === 0) continue;
      yield { workload, refused: given.refused };
    }
  }

  /** What a Service itself is in policy, whoever is behind it; null: nothing, or not known. */
  serviceLabels(uid: string): { readonly workload: string; readonly labels: readonly string[] } | null {
    const service = this.workloads.get(uid);
    const given = service && this.labelling.of(service, 'service');
    if (!given) return null;
    return { workload: kubernetesWorkloadId(this.cluster, uid), labels: given.labelSet.labels };
  }

  endpoint(uid: string): Endpoint | undefined {
    return this.told.get(uid);
  }

  /** Whether its own node lists a sandbox of it. */
  hasSandbox(uid: string): boolean {
    const node = this.told.get(uid)?.node ?? null;
    return node !== null && this.sandboxes.lists(node, uid);
  }

  endpoints(): Iterable<Endpoint> {
    return this.told.values();
  }

  /** Of any Pod that has it, endpoint or not. */
  podAt(address: Address): PodFacts | undefined {
    const uid = this.addresses.owner(address);
    return uid === undefined ? undefined : this.pods.get(uid);
  }

  /**
   * Of a Pod whose address Kubernetes has not told yet, by the word of its own node: enough to name who sent a flow in its first
   * moments, too little to open anything.
   */
  announcedAt(address: Address): PodFacts | undefined {
    const sandbox = this.sandboxes.at(address);
    const pod = sandbox === null ? undefined : this.pods.get(sandbox.podUid);
    return pod?.node === sandbox?.node && isUnreachable(pod) ? pod : undefined;
  }

  flush(): PodChanges {
    for (const uid of this.policies.settle()) this.dirty.add(uid);
    // Giving up or taking an address concerns other Pods, which are then looked at too.
    for (const uid of this.dirty) {
      for (const other of this.claimAddresses(uid)) this.dirty.add(other);
      for (const address of this.addresses.held(uid)) this.moved.add(address);
    }
    const peers = { upsert: [], remove: [] };
    const changes: PodChanges = { upsert: [], remove: [], touched: [], peers, addresses: this.moved };
    this.moved = new Set();
    for (const uid of this.dirty) {
      changes.touched.push(uid);
      const endpoint = this.derive(uid);
      tell(this.told, uid, endpoint, changes);
      this.peers.follow(uid, endpoint === null ? this.addresses.owned(uid) : [], changes.peers);
    }
    this.dirty.clear();
    return changes;
  }

  /** A Pod that we do not manage, as NetworkPolicies speak of it. */
  peer(uid: string): Endpoint | undefined {
    return this.peers.of(uid);
  }

  /** Of the Pod of a managed namespace, or of one that is only a peer. */
  variantOf(uid: string): Variant | undefined {
    return this.policies.variantOf(uid, this.owned(uid)?.labelSet.id ?? null);
  }

  private owned(uid: string): GivenLabels | null {
    return this.owners.get(this.pods.get(uid)?.owner.uid ?? '')?.given ?? null;
  }

  private claimAddresses(uid: string): string[] {
    for (const address of this.addresses.held(uid)) this.moved.add(address);
    const pod = this.pods.get(uid);
    if (pod === undefined) return this.addresses.forget(uid);
    if (pod.hostNetwork || hasEnded(pod)) return this.addresses.claim(uid, []);
    const all = [...canonical(pod.addresses), ...this.provisionalAddresses(pod)];
    return this.addresses.claim(uid, [...new Set(all)].sort());
  }

  /**
   * For its peers an address is a Pod's when Kubernetes says so: its node could name any address, and would open the
   * rules of this Pod to it. Only while Kubernetes cannot be heard its own node's word counts, for what no other Pod holds.
   */
  private provisionalAddresses(pod: PodFacts): Address[] {
    const node = this.nodeOf(pod);
    if (!this.isProvisional || pod.addresses.length > 0 || node === null) return [];
    const told = canonical(this.sandboxes.addressesOf(pod.uid, node));
    return told.filter((address) => !this.addresses.isHeldByOther(address, pod.uid));
  }

  private nodeOf({ uid, node }: PodFacts): string | null {
    return node ?? (this.isProvisional ? this.sandboxes.nodeOf(uid) : null);
  }

  private derive(uid: string): Endpoint | null {
    const pod = this.pods.get(uid);
    const owner = pod && this.owners.get(pod.owner.uid);
    if (pod === undefined || owner === undefined || owner.given === null) return null;
    if (pod.hostNetwork || hasEnded(pod)) return null;
    const { namespace, name, probePorts } = pod;
    return {
      id: uid,
      workload: owner.workload,
      labelSet: this.variantOf(uid)?.id ?? owner.given.labelSet.id,
      class: 'pod',
      addresses: this.addresses.owned(uid),
      node: this.nodeOf(pod),
      pod: { namespace, name, probePorts, ...reporting(owner.given) },
    };
  }

  labelSetOf(uid: string): LabelSet | null {
    const labelSet = this.owned(uid)?.labelSet;
    return labelSet === undefined ? null : { ...labelSet, id: this.variantOf(uid)?.id ?? labelSet.id };
  }

  private owner(uid: string, first: Labelled): Owner {
    let owner = this.owners.get(uid);
    if (owner === undefined) {
      const asks = this.workloads.get(uid) ?? first;
      owner = { uid, workload: kubernetesWorkloadId(this.cluster, uid), pods: new Set(), asks, given: null };
      this.owners.set(uid, owner);
      this.relabel(owner, asks);
    }
    return owner;
  }

  private relabel(owner: Owner, { namespace, annotations, mapped }: Labelled): void {
    owner.asks = { namespace, annotations, mapped };
    const before = owner.given;
    owner.given = this.labelling.of(owner.asks, 'pod');
    if (this.workloads.get(owner.uid)?.kind === 'Service') this.serviceSets.set(owner.uid, owner.asks);
    if (!saysTheSame(before, owner.given)) for (const uid of owner.pods) this.dirty.add(uid);
  }

  private podGone(pod: PodFacts): void {
    this.policies.traits.setPod(pod.uid, null);
    this.read.delete(pod.uid);
    this.leaveOwner(pod);
    for (const address of this.addresses.held(pod.uid)) this.moved.add(address);
    // Now, not with the next flush: if it is told again before that, it is a newer one.
    for (const other of this.addresses.forget(pod.uid)) this.dirty.add(other);
    this.dirty.add(pod.uid);
  }

  private leaveOwner(pod: PodFacts): void {
    const owner = this.owners.get(pod.owner.uid);
    owner?.pods.delete(pod.uid);
    this.dropIfIdle(owner);
  }

  private dropIfIdle(owner: Owner | undefined): void {
    if (owner === undefined || owner.pods.size > 0 || this.workloads.get(owner.uid) !== undefined) return;
    this.serviceSets.remove(owner.uid);
    this.owners.delete(owner.uid);
  }
}

const isUnreachable = (pod: PodFacts | undefined): boolean =>
  pod !== undefined && pod.addresses.length === 0 && !hasEnded(pod);

const hasEnded = (pod: PodFacts): boolean => pod.phase === 'Succeeded' || pod.phase === 'Failed';
