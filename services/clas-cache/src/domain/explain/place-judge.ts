/**
 * One packet at one network namespace of ours: what its node's agent puts into the kernel for it, judged with the very
 * functions that make the tables. Only the groups' membership of the one address in question is worked out.
 */
import type { Address, Endpoint, EnforcementMode, Group, Unit } from '@ringfence/contracts';
import {
  endpointUnit,
  groupPeers,
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
  },
): JudgedPlace {
  const { direction, ...packet } = question;
  const { mode, isOwnPolicy, ...policy } = policyOf(place, knowledge);
  const unit = endpointUnit(policy.unit, policy.details);
  const members = peerLookup(peersOf(knowledge, packet.peer));
  const evaluation = evaluate({ unit, mode, direction, packet, members, hostAddresses: NOBODY });
  return { mode, unit, evaluation, isOwnPolicy };
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
): (group: string) => PeerSet | undefined {
  const claimants = new GroupMembers();
  for (const endpoint of view.endpoints()) if (has(endpoint, address)) claimants.upsertEndpoint(endpoint);
  return (id) => {
    if (id === OWN_HOST) return peerSet(hostAddresses, []);
    const group = view.group(id);
    if (group === undefined) return undefined;
    claimants.upsertGroup(group);
    return groupPeers(group, claimants, hostAddresses);
  };
}

const has = ({ addresses }: Endpoint, address: Address): boolean => addresses.includes(address);
