/**
 * What a place enforces, before it is put into rules: the one way from a node's view to it. The agent makes tables from
 * this, names flows by it, and `explain` answers from it, so that the three cannot differ.
 */
import type { Endpoint, EnforcementMode, Group, Unit } from '@ringfence/contracts';
import { CidrSet } from '@ringfence/policy-engine';
import type { GroupMembers, PeerLookup } from '@ringfence/policy-engine';
import { peerSet } from './addresses.js';
import type { PeerSet } from './firewall.model.js';
import type { EndpointDetails } from './policy-model.js';

/** A node's view, as clas-cache told it. */
export interface PolicyView {
  endpoint(id: string): Endpoint | undefined;
  unit(labelSet: string): Unit | undefined;
  /** Mode of a managed namespace; undefined: not managed. */
  namespaceMode(name: string): EnforcementMode | undefined;
}

export interface PlacePolicy {
  /** For `endpointUnit`. */
  readonly unit: Unit;
  readonly details: EndpointDetails;
  readonly mode: EnforcementMode;
  /** False while the place only has a stand-in for a policy that is not known yet. */
  readonly isOwnPolicy: boolean;
}

const NO_LABEL_SET: Unit['labelSet'] = { id: '', cluster: '', namespace: null, class: 'pod', labels: [] };
const NO_DETAILS: EndpointDetails = { workload: null, probePorts: [] };

/** Closed where something was to be enforced that is not (wholly) known; idle where nothing ever was. */
export function podPolicy(
  view: PolicyView,
  pod: { readonly uid: string; readonly namespace: string },
): PlacePolicy {
  const endpoint = view.endpoint(pod.uid);
  const unit = endpoint && view.unit(endpoint.labelSet);
  if (endpoint === undefined || unit === undefined) {
    const isFull = view.namespaceMode(pod.namespace) === 'full' || endpoint?.mode === 'full';
    const mode = isFull ? 'full' : 'idle';
    return { unit: standIn(pod.namespace), details: NO_DETAILS, mode, isOwnPolicy: false };
  }
  const details = { workload: endpoint.workload, probePorts: endpoint.pod?.probePorts ?? [] };
  return { unit, details, mode: endpoint.mode ?? unit.mode, isOwnPolicy: true };
}

/** One object: who compares inputs by identity sees no change. */
const NO_UNIT = standIn(null);

/** A node that nothing was said about is let alone. */
export function nodePolicy(view: PolicyView, node: string): PlacePolicy {
  const endpoint = view.endpoint(node);
  const unit = endpoint && view.unit(endpoint.labelSet);
  const details = { workload: endpoint?.workload ?? null, probePorts: [] };
  const mode = (unit && endpoint?.mode) ?? unit?.mode ?? 'idle';
  return { unit: unit ?? NO_UNIT, details, mode, isOwnPolicy: true };
}

/** A policy without a rule, for whoever's own is not known or cannot be loaded. */
export function standIn(namespace: string | null): Unit {
  return { labelSet: { ...NO_LABEL_SET, namespace }, mode: 'full', ingress: [], egress: [] };
}

/** Everybody in the group, as the kernel of one node is to hold them. */
export function groupPeers(
  group: Group,
  members: Pick<GroupMembers, 'addresses'>,
  hostAddresses: readonly string[],
): PeerSet {
  const hosts = [...members.addresses(group.id), ...(group.ownHost ? hostAddresses : [])];
  return peerSet(hosts, group.cidrs);
}

/** For `evaluate`: the very sets that the kernel looks up. */
export function peerLookup(peersOf: (group: string) => PeerSet | undefined): PeerLookup {
  return {
    contains: (group, address) => {
      const set = peersOf(group);
      return (
        set !== undefined &&
        (set.hosts4.has(address) || set.hosts6.has(address) || cidrsOf(set).contains(address))
      );
    },
  };
}

const cidrSets = new WeakMap<PeerSet, CidrSet>();
function cidrsOf(set: PeerSet): CidrSet {
  const known = cidrSets.get(set) ?? new CidrSet([...set.cidrs4, ...set.cidrs6]);
  cidrSets.set(set, known);
  return known;
}
