/**
 * One packet at one network namespace of ours: what its node's agent puts into the kernel for it, judged with the very
 * functions that make the tables. Only the groups' membership of the one address in question is worked out.
 */
import type {
  Address,
  Endpoint,
  EnforcementMode,
  Group,
  NodeEssential,
  Unit,
  WireRule,
} from '@ringfence/contracts';
import {
  endpointUnit,
  groupPeers,
  hostReach,
  inOrder,
  nodePolicy,
  OWN_HOST,
  peerLookup,
  peerSet,
  podPolicy,
} from '@ringfence/firewall';
import type { PeerSet, PlacePolicy, PolicyView } from '@ringfence/firewall';
import { evaluate, GroupMembers } from '@ringfence/policy-engine';
import type { Direction, Evaluation } from '@ringfence/policy-engine';
import type { Place } from './connections.js';

export interface JudgedPlace {
  readonly mode: EnforcementMode;
  readonly unit: Unit;
  readonly evaluation: Evaluation;
  readonly isOwnPolicy: boolean;
}

/** What a node was told, as its agent has it. */
export interface ToldView {
  endpoint(id: string): Endpoint | undefined;
  unit(labelSet: string): Unit | undefined;
  group(id: string): Group | undefined;
  /** In the order in which it heard of them. */
  endpoints(): Iterable<Endpoint>;
}

/** What one node was told, and what only it knows of itself. */
export interface NodeKnowledge {
  readonly view: ToldView;
  namespaceMode(name: string): EnforcementMode | undefined;
  readonly hostAddresses: readonly Address[];
  /** What the node's own table always allows, as its agent says. */
  readonly essential: readonly NodeEssential[];
}

const NOBODY: ReadonlySet<string> = new Set();

export function judge(
  place: Place,
  knowledge: NodeKnowledge,
  question: {
    readonly direction: Direction;
    readonly proto: number;
    readonly port: number;
    readonly peer: Address;
    /** Judged by another node for the place: rules for its own host mean nobody there. */
    readonly isElsewhere: boolean;
  },
): JudgedPlace {
  const { direction, isElsewhere, ...packet } = question;
  const { mode, isOwnPolicy, ...policy } = policyOf(place, knowledge);
  const own = endpointUnit(policy.unit, policy.details);
  const { unit, groups } =
    place.kind === 'node' ? hostRules(own, place.node, knowledge) : { unit: own, groups: NONE };
  const told = peersOf(knowledge, packet.peer, isElsewhere);
  const members = peerLookup((id) => groups.get(id) ?? told(id));
  const evaluation = evaluate({ unit, mode, direction, packet, members, hostAddresses: NOBODY });
  return { mode, unit, evaluation, isOwnPolicy };
}

const NONE: ReadonlyMap<string, PeerSet> = new Map();

/** A node's table has more than its unit: its essentials, and the way to what its own Pods let it in for. */
function hostRules(
  unit: Unit,
  node: string,
  { view, essential }: NodeKnowledge,
): { unit: Unit; groups: ReadonlyMap<string, PeerSet> } {
  const hosted = [...view.endpoints()]
    .filter((endpoint) => endpoint.class === 'pod' && endpoint.node === node)
    .map((endpoint) => ({ endpoint, unit: view.unit(endpoint.labelSet) }));
  const reach = hostReach(hosted, (group) => view.group(group)?.ownHost === true);
  const rules = essential.map(({ ref, direction, ports, cidrs, groups }, i) => ({
    direction,
    peers: peerSet([], cidrs),
    rule: { ref, class: 'essential' as const, ports, peers: [`essential ${i}`, ...groups] },
  }));
  const of = (direction: Direction): WireRule[] =>
    rules.flatMap((each) => (each.direction === direction ? [each.rule] : []));
  return {
    unit: {
      ...unit,
      ingress: inOrder([...of('ingress'), ...unit.ingress]),
      egress: inOrder([...of('egress'), ...unit.egress, ...reach.rules]),
    },
    groups: new Map([...reach.groups, ...rules.map(({ rule, peers }) => [rule.peers[0]!, peers] as const)]),
  };
}

function policyOf(place: Place, { view, namespaceMode }: NodeKnowledge): PlacePolicy {
  const told: PolicyView = {
    endpoint: (id) => view.endpoint(id),
    unit: (labelSet) => view.unit(labelSet),
    namespaceMode,
  };
  return place.kind === 'node'
    ? nodePolicy(told, place.node)
    : podPolicy(told, { uid: place.id, namespace: place.namespace });
}

/** Endpoints in the order in which the node heard of them: an address belongs to the newest. */
function peersOf(
  { view, hostAddresses }: NodeKnowledge,
  address: Address,
  isElsewhere: boolean,
): (group: string) => PeerSet | undefined {
  const claimants = new GroupMembers();
  for (const endpoint of view.endpoints()) if (has(endpoint, address)) claimants.upsertEndpoint(endpoint);
  return (id) => {
    if (id === OWN_HOST) return isElsewhere ? undefined : peerSet(hostAddresses, []);
    const group = view.group(id);
    if (group === undefined || (isElsewhere && group.ownHost)) return undefined;
    claimants.upsertGroup(group);
    return groupPeers(group, claimants, hostAddresses);
  };
}

const has = ({ addresses }: Endpoint, address: Address): boolean => addresses.includes(address);
