/**
 * One connection judged by labels alone, under a policy that stands: no cluster is asked, so addresses of Pods, ClusterIPs and
 * essential rules play no part. What explains a draft and what judges flows seen under another policy ask this.
 */
import type { EnforcementMode, Group, LabelSetId, Unit } from '@ringfence/contracts';
import { labelSetId } from '@ringfence/labels';
import { canonicalAddress, CidrSet, explain } from '@ringfence/policy-engine';
import type { EnforcedEnd, Explanation, Packet, PeerLookup } from '@ringfence/policy-engine';
import type { EntityFact } from './facts.js';
import { coversHostName } from './host-names.js';
import type { StandingPolicy } from './standing-policy.js';

/** One end of a connection: an entity, or an address that belongs to none. */
export interface End {
  readonly entity: EntityFact | null;
  /** An address, or the entity's id where it has none that is known here. */
  readonly token: string;
  readonly name: string;
  /** A host name that nobody here knows: lists may have entries of it. */
  readonly host?: string;
}

export function entityEnd(entity: EntityFact): End {
  const name = entity.namespace === null ? entity.name : `${entity.namespace}/${entity.name}`;
  return { entity, token: entity.addresses[0] ?? entity.id, name };
}
export const hostEnd = (name: string): End => ({ entity: null, token: name, name, host: name });
export const addressEnd = (address: string): End => ({ entity: null, token: address, name: address });

export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly packet: Omit<Packet, 'peer'>;
}
/** The policy of a cluster; undefined: nothing is known of it. */
export type StandingOf = (cluster: string) => StandingPolicy | undefined;

export interface Judgement {
  readonly explanation: Explanation;
  /** Null for an end that nobody enforces: addresses, unmanaged workloads, Services. */
  readonly source: EnforcedEnd | null;
  readonly destination: EnforcedEnd | null;
}

/** As if an entity were enforced so; undefined: as it is. */
export type ModeOf = (entity: EntityFact) => EnforcementMode | undefined;
const AS_IT_IS: ModeOf = () => undefined;
export const IN_FULL: ModeOf = () => 'full';

export function judgedByLabels(
  { from, to, packet }: Connection,
  standing: StandingOf,
  modeOf = AS_IT_IS,
): Judgement {
  const source = enforced(from, standing, modeOf);
  const destination = enforced(to, standing, modeOf);
  const explanation = explain({
    packet,
    sourceAddress: `from:${from.token}`,
    destinationAddress: `to:${to.token}`,
    source,
    destination,
    members: membersFor(from, to, standing),
  });
  return { explanation, source, destination };
}

export function enforced(
  { entity }: End,
  standing: StandingOf,
  modeOf = AS_IT_IS,
): (EnforcedEnd & { readonly unit: Unit }) | null {
  // Of a Service the unit says what those behind it enforce.
  if (entity === null || entity.class === 'service') return null;
  const unit = standing(entity.cluster)?.unit(labelSetOf(entity));
  if (unit === undefined) return null;
  const mode = modeOf(entity) ?? (entity.class === 'node' ? entity.mode : unit.mode);
  return { unit, mode, workload: entity.id, hostAddresses: new Set() };
}

/** The source asks about the destination in its cluster's groups, and the reverse; which of them asks, the prefix says. */
export function membersFor(from: End, to: End, standing: StandingOf): PeerLookup {
  return {
    contains: (id, address) => {
      const isAskedBySource = address.startsWith('to:');
      const [asking, peer] = isAskedBySource ? [from, to] : [to, from];
      const group = asking.entity === null ? undefined : standing(asking.entity.cluster)?.groups.get(id);
      if (group === undefined) return false;
      if (holds(group, peer)) return true;
      const isAbroad = asking.entity?.cluster !== peer.entity?.cluster;
      return isAbroad && isSeenIn(group, peer.entity, isAskedBySource ? 'to' : 'from');
    },
  };
}

/** By how other clusters see it: where it comes from, or where it is reached. */
export function isSeenIn(group: Group, entity: EntityFact | null, way: Way): boolean {
  if (entity === null || group.cidrs.length === 0) return false;
  const { cidrs } = partsOf(group);
  return addressesAbroad(entity, way).some((address) => cidrs.contains(address));
}

export type Way = 'from' | 'to';
/** Where other clusters see it come from, or reach it. */
export function addressesAbroad({ outside, lost }: EntityFact, way: Way): readonly string[] {
  if (lost === true) return [];
  return outside === undefined || (outside.isHidden && way === 'to') ? [] : outside.addresses;
}

export function holds(group: Group, { entity, token, host }: End): boolean {
  const { labelSets, workloads } = partsOf(group);
  if (entity !== null && (labelSets.has(labelSetOf(entity)) || workloads.has(entity.id))) return true;
  if (host !== undefined && group.fqdns.some((entry) => coversHostName(entry, host))) return true;
  return holdsToken(group, token);
}

/** By its CIDRs alone. An entity whose address is not known here has one all the same: lists of everything hold it. */
export function holdsToken(group: Group, token: string): boolean {
  if (group.cidrs.length === 0) return false;
  const { cidrs, isEverything } = partsOf(group);
  return cidrs.contains(token) || (isEverything && canonicalAddress(token) === null);
}

const idsOf = new WeakMap<EntityFact, LabelSetId>();
/** A hash; of each entity as it is told, once. */
export function labelSetOf(entity: EntityFact): LabelSetId {
  const id = idsOf.get(entity) ?? labelSetId(entity);
  idsOf.set(entity, id);
  return id;
}

interface GroupParts {
  readonly labelSets: ReadonlySet<LabelSetId>;
  readonly workloads: ReadonlySet<string>;
  readonly cidrs: CidrSet;
  readonly isEverything: boolean;
}
const partsOfGroups = new WeakMap<Group, GroupParts>();
/** To be looked into: a group may hold a hundred thousand ranges, and is asked about every connection. */
function partsOf(group: Group): GroupParts {
  let parts = partsOfGroups.get(group);
  if (parts === undefined) {
    const [labelSets, workloads] = [new Set(group.labelSets), new Set(group.workloads)];
    const isEverything = group.cidrs.includes('0.0.0.0/0');
    parts = { labelSets, workloads, cidrs: new CidrSet(group.cidrs), isEverything };
    partsOfGroups.set(group, parts);
  }
  return parts;
}
