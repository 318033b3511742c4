/**
 * Objects of the API → observations of the contracts. Joins what Kubernetes keeps apart: a Pod and its topmost owner
 * (Pod → ReplicaSet → Deployment, Job → CronJob), a Service and its endpoint slices. Output depends on current input
 * only; absence is deletion. Epochs, times and sending are the caller's.
 *
 *   pods ──────────┬──▶ pod        controllers ──▶ workload (topmost ones)
 *   controllers ───┘               pods whose topmost owner is none of them ──▶ workload
 *   services + slices ──▶ service  services of type ClusterIP ──▶ workload
 *   label map, namespaces, services ──▶ what is mapped of a workload
 *   network policies ──▶ networkpolicy
 */
import type { MappedLabel } from '@ringfence/contracts';
import { CONTROLLER_KINDS } from './projections.js';
import type {
  ControllerFacts,
  NamespaceFacts,
  NodeFacts,
  Owner,
  PodFacts,
  ServiceFacts,
  SliceFacts,
} from './projections.js';
import type { LabelMapFacts } from './label-map.js';
import { LabelMapping } from './label-mapping.js';
import type { NetworkPolicyFacts } from './network-policy/network-policy.js';
import { backendsOf, workloadOfService } from './service-join.js';

export interface FactKinds {
  namespace: NamespaceFacts;
  node: NodeFacts;
  controller: ControllerFacts;
  pod: PodFacts;
  service: ServiceFacts;
  slice: SliceFacts;
  labelMap: LabelMapFacts;
  networkPolicy: NetworkPolicyFacts;
}
export type FactKind = keyof FactKinds;

/** In the order in which they are told: what is referred to first. */
export const OBSERVED_KINDS = ['namespace', 'node', 'networkpolicy', 'workload', 'pod', 'service'] as const;
export type ObservedKind = (typeof OBSERVED_KINDS)[number];

/** An observation without epoch and time; `facts` null: it is gone, `last` is what was told last. */
export interface ObservedChange {
  readonly kind: ObservedKind;
  readonly uid: string;
  readonly facts: Readonly<Record<string, unknown>> | null;
  readonly last: Readonly<Record<string, unknown>> | null;
}

/** Real chains have at most three; a ring of references must end too. */
const MOST_OWNERS = 8;

type Owned = Pick<PodFacts, 'namespace' | 'controller'>;
type Facts = Readonly<Record<string, unknown>> & { readonly resourceVersion: string };
type WorkloadFacts = Omit<ControllerFacts, 'controller'>;

export class ClusterFactsCalculator {
  private readonly input: { [K in FactKind]: Map<string, FactKinds[K]> } = {
    namespace: new Map(),
    node: new Map(),
    controller: new Map(),
    pod: new Map(),
    service: new Map(),
    slice: new Map(),
    labelMap: new Map(),
    networkPolicy: new Map(),
  };
  private readonly mapping = new LabelMapping();
  /** controller uid → uids of Pods and controllers right under it. */
  private readonly under = new Map<string, Set<string>>();
  /** Pods by the topmost owner that they were told with. */
  private readonly podsOf = new Map<string, Set<string>>();
  private readonly topOf = new Map<string, string>();
  /** `namespace/name` of a Service → its uid, and the uids of its slices. */
  private readonly serviceByName = new Map<string, string>();
  private readonly slicesOf = new Map<string, Set<string>>();
  private readonly dirty: Record<ObservedKind, Set<string>> = {
    namespace: new Set(),
    node: new Set(),
    networkpolicy: new Set(),
    workload: new Set(),
    pod: new Set(),
    service: new Set(),
  };
  private readonly told = new Map<string, string>();
  /** Those that were told, by namespace. */
  private readonly workloadsIn = new Map<string, Set<string>>();
  private readonly held = new Set<string>();
  private waitForOwners = false;
  /** Kinds of controllers that nobody may show us. */
  private unseen: ReadonlySet<string> = new Set();

  /** Nobody waits for owners of these kinds: whoever has one stands as if its kind were none that is watched. */
  setUnseen(kinds: ReadonlySet<string>): void {
    if (kinds.size === this.unseen.size && [...kinds].every((kind) => this.unseen.has(kind))) return;
    this.unseen = kinds;
    for (const uid of this.input.pod.keys()) this.dirty.pod.add(uid);
    for (const uid of this.input.controller.keys()) this.dirty.workload.add(uid);
  }

  apply<K extends FactKind>(kind: K, uid: string, facts: FactKinds[K] | undefined): void {
    const before = this.input[kind].get(uid);
    if (facts === undefined) this.input[kind].delete(uid);
    else this.input[kind].set(uid, facts);
    this.touch(kind, uid, before);
    this.touch(kind, uid, facts);
    for (const other of this.remap(kind, uid, before, facts))
      this.dirty.workload.add(this.topOf.get(other) ?? other);
  }

  /**
   * What differs from what was told before, referents first. A new Pod whose owner has not been seen (another watch may
   * be a moment behind) is held back while `waitForOwners`; without, it is told with what its reference says.
   */
  flush({ waitForOwners }: { readonly waitForOwners: boolean }): ObservedChange[] {
    this.waitForOwners = waitForOwners;
    if (!waitForOwners) for (const uid of this.held) this.dirty.pod.add(uid);
    for (const uid of this.dirty.pod) this.settleUnderOwner(uid);
    const changes: ObservedChange[] = [];
    for (const kind of OBSERVED_KINDS) {
      const uids = [...this.dirty[kind]];
      this.dirty[kind].clear();
      for (const uid of uids) {
        const change = this.compare(kind, uid, this.derive(kind, uid));
        if (change !== undefined) changes.push(change);
      }
    }
    return changes;
  }

  /** Pods that wait for their owner. */
  heldBack(): number {
    return this.held.size;
  }

  /** Everything of a kind as told, for a full repeat. */
  everything(kind: ObservedKind): ObservedChange[] {
    const prefix = `${kind} `;
    return [...this.told].flatMap(([key, text]) => {
      if (!key.startsWith(prefix)) return [];
      const facts = JSON.parse(text) as Facts;
      return [{ kind, uid: key.slice(prefix.length), facts, last: facts }];
    });
  }

  private touch<K extends FactKind>(kind: K, uid: string, facts: FactKinds[K] | undefined): void {
    if (facts === undefined) return;
    if (kind === 'namespace') this.dirty.namespace.add(uid);
    if (kind === 'node') this.dirty.node.add(uid);
    if (kind === 'networkPolicy') this.dirty.networkpolicy.add(uid);
    if (kind === 'pod') this.touchPod(uid, facts as PodFacts);
    if (kind === 'controller') this.touchController(uid, facts as ControllerFacts);
    if (kind === 'service') this.touchService(uid, facts as ServiceFacts);
    if (kind === 'slice') this.touchSlice(uid, facts as SliceFacts);
  }

  /** Workloads that the label map may say something else of. */
  private remap<K extends FactKind>(
    kind: K,
    uid: string,
    before: FactKinds[K] | undefined,
    now: FactKinds[K] | undefined,
  ): Iterable<string> {
    const { mapping } = this;
    switch (kind) {
      case 'labelMap':
        mapping.setMap(now as LabelMapFacts | undefined);
        return [...this.workloadsIn.values()].flatMap((uids) => [...uids]);
      case 'namespace': {
        const name = mapping.setNamespace(before as NamespaceFacts, now as NamespaceFacts);
        return this.workloadsIn.get(name ?? '') ?? [];
      }
      case 'service':
        return mapping.setService(uid, before as ServiceFacts, now as ServiceFacts);
      case 'controller':
      case 'pod':
        return mapping.setWorkload(uid, before as ControllerFacts, now as ControllerFacts);
      default:
        return [];
    }
  }

  private touchPod(uid: string, { controller }: PodFacts): void {
    this.link(this.under, controller?.uid, uid, this.input.pod.get(uid)?.controller?.uid === controller?.uid);
    this.dirty.pod.add(uid);
    this.dirty.workload.add(this.topOf.get(uid) ?? uid);
  }

  private touchController(uid: string, { controller }: ControllerFacts): void {
    this.link(
      this.under,
      controller?.uid,
      uid,
      this.input.controller.get(uid)?.controller?.uid === controller?.uid,
    );
    this.touchBelow(uid, new Set());
  }

  /** A controller that comes, goes or changes its owner moves everything under it. */
  private touchBelow(uid: string, visited: Set<string>): void {
    if (visited.has(uid)) return;
    visited.add(uid);
    this.dirty.workload.add(uid);
    for (const child of this.under.get(uid) ?? []) {
      if (this.input.pod.has(child)) this.dirty.pod.add(child);
      else this.touchBelow(child, visited);
    }
  }

  private touchService(uid: string, { namespace, name }: ServiceFacts): void {
    const key = `${namespace}/${name}`;
    if (this.input.service.has(uid)) this.serviceByName.set(key, uid);
    else if (this.serviceByName.get(key) === uid) this.serviceByName.delete(key);
    this.dirty.service.add(uid);
    this.dirty.workload.add(uid);
  }

  private touchSlice(uid: string, { namespace, service }: SliceFacts): void {
    const key = `${namespace}/${service}`;
    const now = this.input.slice.get(uid);
    this.link(this.slicesOf, key, uid, now !== undefined && `${now.namespace}/${now.service}` === key);
    const serviceUid = this.serviceByName.get(key);
    if (serviceUid !== undefined) this.dirty.service.add(serviceUid);
  }

  private link(map: Map<string, Set<string>>, key: string | undefined, uid: string, isLinked: boolean): void {
    if (key === undefined) return;
    const set = map.get(key) ?? new Set();
    if (isLinked) map.set(key, set.add(uid));
    else if (set.delete(uid) && set.size === 0) map.delete(key);
  }

  private derive(kind: ObservedKind, uid: string): Facts | undefined {
    if (kind === 'pod') return this.derivePod(uid);
    if (kind === 'workload') return this.deriveWorkload(uid);
    if (kind === 'service') return this.deriveService(uid);
    return this.input[kind === 'networkpolicy' ? 'networkPolicy' : kind].get(uid) as Facts | undefined;
  }

  private derivePod(uid: string): Facts | undefined {
    const pod = this.input.pod.get(uid);
    const owner = this.ownerOfPod(uid);
    if (pod === undefined || owner === undefined) return undefined;
    const { controller: _, ...facts } = pod;
    return { ...facts, owner };
  }

  private settleUnderOwner(uid: string): void {
    const top = this.ownerOfPod(uid)?.uid;
    const before = this.topOf.get(uid);
    if (before === top) return;
    this.link(this.podsOf, before, uid, false);
    this.link(this.podsOf, top, uid, true);
    if (top === undefined) this.topOf.delete(uid);
    else this.topOf.set(uid, top);
    // A workload that is known only through its Pods comes and goes with them.
    for (const owner of [before, top]) if (owner !== undefined) this.dirty.workload.add(owner);
  }

  private ownerOfPod(uid: string): Owner | undefined {
    const pod = this.input.pod.get(uid);
    this.held.delete(uid);
    if (pod === undefined) return undefined;
    const { owner, isSure } = this.topmost({ uid, kind: 'Pod', name: pod.name }, pod);
    if (isSure) return owner;
    // Owners are deleted before their Pods have ended: such a Pod stays where it was.
    const told = this.told.get(`pod ${uid}`);
    if (told !== undefined) return (JSON.parse(told) as { owner: Owner }).owner;
    if (!this.waitForOwners) return owner;
    this.held.add(uid);
    return undefined;
  }

  /**
   * Up the controllers as far as we can see. Not sure: the next one is of a kind that we watch, and is not there. Whoever
   * may make a Pod writes its references: one counts for a controller of the same namespace only, and what is not seen is
   * somebody of that namespace, whatever uid is claimed for it.
   */
  private topmost(self: Owner, of: Owned): { owner: Owner; isSure: boolean } {
    let owner = self;
    let next = of.controller;
    // A static Pod's node is not its owner; and nobody owns itself.
    for (let steps = 0; next !== null && next.kind !== 'Node' && steps < MOST_OWNERS; steps++) {
      const known = this.controllerIn(of.namespace, next.uid);
      const isWatched = CONTROLLER_KINDS.includes(next.kind) && !this.unseen.has(next.kind);
      // Of a kind that we do not watch: a Pod belongs to it all the same, a controller stands for itself.
      if (known === undefined && !isWatched && owner.kind !== 'Pod') return { owner, isSure: true };
      if (known === undefined)
        return { owner: { ...next, uid: `${of.namespace}/${next.uid}` }, isSure: !isWatched };
      owner = { uid: next.uid, kind: known.kind, name: known.name };
      next = known.controller;
    }
    return { owner, isSure: true };
  }

  private controllerIn(namespace: string, uid: string): ControllerFacts | undefined {
    const controller = this.input.controller.get(uid);
    return controller?.namespace === namespace ? controller : undefined;
  }

  private deriveWorkload(uid: string): Facts | undefined {
    const { mapping } = this;
    const service = this.input.service.get(uid);
    if (service !== undefined)
      return withMapped(workloadOfService(service), () => mapping.ofService(service));
    const workload = this.input.controller.has(uid) ? this.topmostController(uid) : this.workloadOfPods(uid);
    return withMapped(workload, (facts) => mapping.ofWorkload(facts));
  }

  /** One whose owner is on its way in or out is not topmost. */
  private topmostController(uid: string): WorkloadFacts | undefined {
    const { controller, ...facts } = this.input.controller.get(uid)!;
    const { namespace, kind, name } = facts;
    return this.topmost({ uid, kind, name }, { namespace, controller }).owner.uid === uid ? facts : undefined;
  }

  private workloadOfPods(uid: string): WorkloadFacts | undefined {
    const [first] = [...(this.podsOf.get(uid) ?? [])].sort();
    const pod = first === undefined ? undefined : this.input.pod.get(first);
    if (first === undefined || pod === undefined) return undefined;
    const owner = this.ownerOfPod(first);
    if (owner === undefined) return undefined;
    const { resourceVersion, labels, annotations, namespace } = pod;
    return { resourceVersion, name: owner.name, labels, annotations, kind: owner.kind, namespace };
  }

  private deriveService(uid: string): Facts | undefined {
    const service = this.input.service.get(uid);
    if (service === undefined) return undefined;
    const slices = [...(this.slicesOf.get(`${service.namespace}/${service.name}`) ?? [])].flatMap(
      (slice) => this.input.slice.get(slice) ?? [],
    );
    const { selector: _, ...facts } = service;
    return { ...facts, backends: backendsOf(service, slices) };
  }

  private compare(kind: ObservedKind, uid: string, facts: Facts | undefined): ObservedChange | undefined {
    const key = `${kind} ${uid}`;
    const before = this.told.get(key);
    const last = before === undefined ? null : (JSON.parse(before) as Facts);
    const namespace = (facts ?? last)?.['namespace'];
    if (kind === 'workload') this.link(this.workloadsIn, String(namespace), uid, facts !== undefined);
    if (facts === undefined) {
      this.told.delete(key);
      return last === null ? undefined : { kind, uid, facts: null, last };
    }
    const text = JSON.stringify(facts);
    if (last !== null && (text === before || withoutVersion(facts) === withoutVersion(last)))
      return undefined;
    this.told.set(key, text);
    return { kind, uid, facts, last };
  }
}

function withMapped<W extends Facts>(
  workload: W | undefined,
  mappedOf: (workload: W) => readonly MappedLabel[],
): Facts | undefined {
  if (workload === undefined) return undefined;
  const mapped = mappedOf(workload);
  return mapped.length === 0 ? workload : { ...workload, mapped };
}

/** A new version alone is no news: a node's status is written every few seconds. */
function withoutVersion({ resourceVersion: _, ...facts }: Facts): string {
  return JSON.stringify(facts);
}
