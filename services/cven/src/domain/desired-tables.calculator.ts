/**
 * View + places → the firewall that each place must have. A place is a network namespace: one per Pod on the pod network,
 * and the host's. A missing referent gives the closed answer, except where nothing was ever to be enforced:
 *
 *   endpoint and unit known           → their model
 *   Pod of a managed namespace in full, not (wholly) known → everything but the essential is blocked
 *   anything else not known           → nothing (idle)
 *
 * An unchanged answer is the same object, so that only what changed is compared with the kernel.
 */
import type { EnforcementMode, Unit } from '@ringfence/contracts';
import {
  buildModel,
  endpointUnit,
  FirewallInputError,
  hostReach,
  nodePolicy,
  OWN_HOST,
  podPolicy,
  standIn,
} from '@ringfence/firewall';
import type { FirewallModel, ForwardGuard, HostReach, PeerSet } from '@ringfence/firewall';
import { CLUSTER_NODES, CONTROL_PLANE_NODES, JUDGING_NODES, POD_NETWORKS } from '@ringfence/policy-engine';
import { forwardGuard } from './forward-guard.js';
import { hostEssentials, hostUnit } from './host-essentials.js';
import type { HostEssentials, NodeFacts } from './host-essentials.js';
import type { ViewState } from './view.state.js';

export interface PodPlace {
  readonly kind: 'pod';
  /** Sandbox id. */
  readonly id: string;
  readonly netns: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly name: string;
}
export interface HostPlace {
  readonly kind: 'host';
  readonly id: 'host';
  readonly netns: string;
  readonly node: string;
}
export type Place = PodPlace | HostPlace;

export interface DesiredTable {
  readonly model: FirewallModel;
  /** Exactly the rules of the model: flows are named from it. */
  readonly unit: Unit;
  /** False while the place only has a stand-in for a policy that is not known yet. */
  readonly isOwnPolicy: boolean;
}
/** The policy cannot be put into rules; what is in the kernel stays. */
export interface ImpossibleTable {
  readonly failed: { readonly token: string; readonly message: string };
  readonly mode: EnforcementMode;
}
export type Desired = DesiredTable | ImpossibleTable;

export function askedMode(wish: Desired): EnforcementMode {
  return 'failed' in wish ? wish.mode : wish.model.mode;
}

interface TableShape {
  readonly mode: EnforcementMode;
  readonly isOwnPolicy: boolean;
  readonly kind?: 'pod' | 'host';
  readonly guard?: ForwardGuard | undefined;
  /** Beside those of the view. */
  readonly groups?: ReadonlyMap<string, PeerSet>;
}

interface Remembered {
  readonly inputs: readonly unknown[];
  readonly desired: Desired;
}

interface Computation {
  readonly mode: EnforcementMode;
  readonly inputs: () => readonly unknown[];
  readonly table: () => DesiredTable;
}

/** What the rules of a node name beside its policy's groups. */
const NODE_GROUPS = [CLUSTER_NODES, CONTROL_PLANE_NODES, POD_NETWORKS] as const;
/** Whom a Pod believes about whom they hide; the own node judges from the first table on. */
const JUDGING = [OWN_HOST, JUDGING_NODES] as const;

export class DesiredTables {
  private remembered = new Map<string, Remembered>();
  private used = new Map<string, Remembered>();
  private told: HostEssentials | undefined;

  constructor(
    private readonly view: ViewState,
    private readonly host: () => NodeFacts,
    /** For namespaces of whose past nothing is known. */
    private readonly firstGeneration: number,
    /** Whether a Pod of this node cannot send under the address of another, or of a node. */
    private readonly areSourcesTied: () => boolean = () => true,
  ) {}

  /** Of the node's own table, as it was made last. */
  get essentials(): HostEssentials | undefined {
    return this.told;
  }

  /** `addressesOf`: what the runtime says of a Pod by its sandbox. */
  compute(
    places: readonly Place[],
    addressesOf: (sandbox: string) => readonly string[] = () => [],
  ): Map<string, Desired> {
    this.used = new Map();
    const pods = places.filter((place): place is PodPlace => place.kind === 'pod');
    const desired = new Map(pods.map((pod) => [pod.id, this.pod(pod)]));
    const others = pods
      .filter(({ podUid }) => this.view.endpoint(podUid) === undefined)
      .flatMap(({ id }) => addressesOf(id));
    for (const place of places)
      if (place.kind === 'host') desired.set(place.id, this.hostTable(place, pods, others));
    this.remembered = this.used;
    return desired;
  }

  /** Blocks everything but the essential: where the policy is not known, or cannot be loaded. */
  locked(place: PodPlace): DesiredTable {
    return this.table(standIn(place.namespace), { mode: 'full', isOwnPolicy: false });
  }

  /** Pods that differ in nothing that matters share one answer. */
  private pod(place: PodPlace): Desired {
    const { unit, details, mode, isOwnPolicy } = podPolicy(this.view, {
      uid: place.podUid,
      namespace: place.namespace,
    });
    if (!isOwnPolicy) {
      return this.remember(`unknown ${mode} ${place.namespace}`, {
        mode,
        inputs: () => this.peersOf(undefined),
        table: () => this.table(unit, { mode, isOwnPolicy }),
      });
    }
    return this.remember(JSON.stringify([unit.labelSet.id, mode, details]), {
      mode,
      inputs: () => [unit, ...this.peersOf(unit)],
      table: () => this.table(endpointUnit(unit, details), { mode, isOwnPolicy }),
    });
  }

  private hostTable(place: HostPlace, pods: readonly PodPlace[], otherPods: readonly string[]): Desired {
    const { unit, mode } = nodePolicy(this.view, place.node);
    const guard = forwardGuard(this.view, place.node);
    const reach = this.reachOf(pods);
    const cluster = this.view.clusterPlace(otherPods);
    return this.remember(place.id, {
      mode,
      inputs: () => [
        this.host(),
        JSON.stringify(cluster),
        ...[...NODE_GROUPS, ...JUDGING].map((id) => this.view.peersOf(id)),
        this.view.endpoint(place.node),
        unit,
        mode,
        reach.key,
        ...this.guardInputs(guard),
        ...this.peersOf(unit),
      ],
      table: () => {
        this.told = hostEssentials(this.hostFacts(place.node), cluster);
        return this.hostInMode(place.node, mode, { reach, guard, essentials: this.told });
      },
    });
  }

  /** As the agent is set, but for what people say over REST. */
  hostFacts(node: string): NodeFacts {
    const { adminPorts } = this.view.endpoint(node) ?? {};
    return adminPorts === undefined ? this.host() : { ...this.host(), adminPorts };
  }

  /** What the node's table would be in full, for whoever wants to know before. */
  hostInFull(node: string): DesiredTable {
    const essentials = hostEssentials(this.hostFacts(node), this.view.clusterPlace([]));
    return this.hostInMode(node, 'full', { reach: this.reachOf([]), essentials });
  }

  private hostInMode(
    node: string,
    mode: EnforcementMode,
    { reach, essentials, guard }: { reach: HostReach; essentials: HostEssentials; guard?: ForwardGuard },
  ): DesiredTable {
    const { unit, details } = nodePolicy(this.view, node);
    const own = hostUnit(endpointUnit(unit, details), essentials, reach.rules);
    const groups = new Map([...essentials.groups, ...reach.groups]);
    return this.table(own, { mode, isOwnPolicy: true, kind: 'host', guard, groups });
  }

  private reachOf(pods: readonly PodPlace[]): HostReach {
    const hosted = pods.flatMap(({ podUid }) => {
      const endpoint = this.view.endpoint(podUid);
      return endpoint === undefined ? [] : [{ endpoint, unit: this.view.unit(endpoint.labelSet) }];
    });
    return hostReach(hosted, (group) => this.view.isOwnHost(group));
  }

  private guardInputs(guard: ForwardGuard): unknown[] {
    const peers = guard.targets.flatMap(({ rules }) => rules.flatMap((rule) => rule.peers));
    return [JSON.stringify(guard), ...peers.map((id) => this.view.peersOf(id))];
  }

  private table(unit: Unit, { mode, isOwnPolicy, groups, ...shape }: TableShape): DesiredTable {
    const rules = mode === 'idle' ? { ...unit, ingress: [], egress: [] } : unit;
    const members = (id: string): PeerSet | undefined => groups?.get(id) ?? this.view.peersOf(id);
    const model = buildModel(rules, members, {
      kind: shape.kind ?? 'pod',
      guard: shape.guard,
      judging: shape.kind === 'host' ? JUDGING : this.believed,
      podNetworks: shape.kind === 'host' ? POD_NETWORKS : undefined,
      mode,
      revision: this.view.revision ?? 0,
      generation: this.firstGeneration,
    });
    return { model, unit, isOwnPolicy };
  }

  /** A word that any neighbour on a bridge could say is worth nothing. */
  private get believed(): readonly string[] {
    return this.areSourcesTied() ? JUDGING : [];
  }

  private peersOf(unit: Unit | undefined): (PeerSet | undefined)[] {
    const rules = unit === undefined ? [] : [...unit.ingress, ...unit.egress];
    const groups = new Set(rules.flatMap((rule) => rule.peers));
    return [...groups, ...this.believed].map((id) => this.view.peersOf(id));
  }

  /** The inputs and the answer are looked at once per pass, whoever else has the same key. */
  private remember(key: string, computation: Computation): Desired {
    const used = this.used.get(key);
    if (used !== undefined) return used.desired;
    const remembered = this.lookAgain(this.remembered.get(key), computation);
    this.used.set(key, remembered);
    return remembered.desired;
  }

  private lookAgain(known: Remembered | undefined, { mode, inputs, table }: Computation): Remembered {
    try {
      const now = inputs();
      const isSame =
        known?.inputs.length === now.length && known.inputs.every((input, i) => input === now[i]);
      return isSame ? known : { inputs: now, desired: table() };
    } catch (error) {
      if (!(error instanceof FirewallInputError)) throw error;
      return { inputs: [], desired: { failed: { token: error.code, message: error.message }, mode } };
    }
  }
}
