/**
 * What one node must know (its span): the units of the label sets that live on it, the groups that those refer to, and
 * the endpoints in those groups together with its own. Everything that makes something needed is counted, so that a change
 * costs what it changes, and not what the node knows:
 *
 *   endpoints here ──count──▶ label set ──▶ unit ──count──▶ group ──count──▶ label set or workload ──▶ endpoints elsewhere
 */
import type { Endpoint, Group, GroupId, LabelSetId, NodeView, Unit } from '@ringfence/contracts';
import { CLUSTER_NODES, CONTROL_PLANE_NODES, JUDGING_NODES, POD_NETWORKS } from '@ringfence/policy-engine';
import { Counter } from './counter.js';
import type { ToldView } from './explain/place-judge.js';
import { groupDifference, Interest } from './interest.js';
import type { GroupDifference } from './interest.js';
import type { EndpointChanges, KnownEndpoint, KnownEndpoints } from './known-endpoints.js';
import { perObject } from './per-object.js';

/** The cluster's present state, shared by all nodes. */
export interface ClusterContent {
  readonly units: ReadonlyMap<LabelSetId, Unit>;
  readonly groups: ReadonlyMap<GroupId, Group>;
  readonly endpoints: Pick<KnownEndpoints, 'get' | 'by'>;
  /** Of Pods that every node judges for: their ingress rules for just those ports. */
  readonly guardUnits: ReadonlyMap<LabelSetId, Unit>;
}

/** What changed in the cluster since the last look. */
export interface ContentChanges extends EndpointChanges {
  readonly units: ReadonlySet<LabelSetId>;
  /** What each changed group gained and lost. */
  readonly groups: ReadonlyMap<GroupId, GroupDifference>;
  /** Of Pods that every node judges for. */
  readonly guards: GroupDifference;
}

/** Each group that the unit names, once. */
const peersOf = perObject((unit: Unit): readonly GroupId[] => [
  ...new Set([...unit.ingress, ...unit.egress].flatMap((rule) => rule.peers)),
]);

/** Every node needs them, whatever lives on it. */
export const FOR_EVERYBODY: readonly GroupId[] = [
  JUDGING_NODES,
  POD_NETWORKS,
  CLUSTER_NODES,
  CONTROL_PLANE_NODES,
];

type Delta = Pick<NodeView, 'groups' | 'endpoints' | 'units'>;

/** One look at what changed: what must be looked at in turn (twice does no harm), and what the node is told of it. */
interface Pass {
  readonly content: ClusterContent;
  readonly revision: number;
  readonly units: LabelSetId[];
  readonly groups: GroupId[];
  readonly endpoints: string[];
  readonly told: {
    readonly units: { upsert: Unit[]; remove: LabelSetId[] };
    readonly groups: { upsert: Group[]; remove: GroupId[] };
    readonly endpoints: { upsert: Endpoint[]; remove: string[] };
  };
}

export class NodeSpan implements ToldView {
  private readonly own = new Map<string, LabelSetId>();
  /** Label sets by the endpoints here that have them. */
  private readonly here = new Counter<LabelSetId>();
  /** With the revision in which the node was told of it last. */
  private readonly units = new Map<LabelSetId, { unit: Unit; revision: number }>();
  /** Groups by the units here that name them; one that nobody has told yet is matched with nobody. */
  private readonly needed = new Counter<GroupId>();
  private readonly groups = new Map<GroupId, Group>();
  /** With the revision in which the node was told of it last. */
  private readonly held = new Map<string, { known: KnownEndpoint; revision: number }>();
  private readonly interest = new Interest();

  constructor(readonly node: string) {
    for (const id of FOR_EVERYBODY) this.needed.add(id, 1);
  }

  /** The revision with which the node was told of the endpoint; undefined: it does not know it. */
  knownSince(endpoint: string): number | undefined {
    return this.held.get(endpoint)?.revision;
  }

  /** The revision with which the node was told the rules of this label set last; undefined: it does not have them. */
  rulesSince(labelSet: LabelSetId): number | undefined {
    return this.units.get(labelSet)?.revision;
  }

  get ownEndpoints(): Iterable<string> {
    return this.own.keys();
  }

  // ---- what the node was told, as its agent has it

  unit(labelSet: LabelSetId): Unit | undefined {
    return this.units.get(labelSet)?.unit;
  }

  group(id: GroupId): Group | undefined {
    return this.groups.get(id);
  }

  endpoint(id: string): Endpoint | undefined {
    return this.held.get(id)?.known.endpoint;
  }

  /** In the order in which it heard of them. */
  *endpoints(): Generator<Endpoint> {
    for (const { known } of this.held.values()) yield known.endpoint;
  }

  /** null: nothing of it concerns the node. */
  apply(changes: ContentChanges, content: ClusterContent, revision: number): Delta | null {
    const pass: Pass = {
      ...{ content, revision, units: [], groups: [], endpoints: [] },
      told: {
        units: { upsert: [], remove: [] },
        groups: { upsert: [], remove: [] },
        endpoints: { upsert: [], remove: [] },
      },
    };
    for (const id of changes.endpointsOf.get(this.node) ?? []) this.followOwn(id, pass);
    for (const id of changes.units) this.followUnit(id, pass);
    for (const id of pass.units) this.followUnit(id, pass);
    for (const [id, difference] of changes.groups) this.followGroup(id, difference, pass);
    for (const id of pass.groups) this.followGroup(id, undefined, pass);
    this.ask(changes.guards, pass);
    for (const id of changes.endpoints) this.followEndpoint(id, pass);
    for (const id of pass.endpoints) this.followEndpoint(id, pass);
    const { units, groups, endpoints } = pass.told;
    return [units, groups, endpoints].every(isEmpty) ? null : pass.told;
  }

  snapshot(): Delta {
    return {
      units: { upsert: [...this.units.values()].map(({ unit }) => unit), remove: [] },
      groups: { upsert: [...this.groups.values()], remove: [] },
      endpoints: {
        upsert: [...this.held.values()].map(({ known }) => this.told(known)),
        remove: [],
      },
    };
  }

  private followOwn(id: string, { content, units }: Pass): void {
    const endpoint = content.endpoints.get(id)?.endpoint;
    const [before, now] = [this.own.get(id), endpoint?.node === this.node ? endpoint.labelSet : undefined];
    if (before === now) return;
    if (before !== undefined && this.here.add(before, -1) === 0) units.push(before);
    if (now !== undefined && this.here.add(now, 1) === 1) units.push(now);
    if (now === undefined) this.own.delete(id);
    else this.own.set(id, now);
  }

  /** What lives here is enforced, so all of its unit is needed; of what is judged for others, a part. */
  private followUnit(id: LabelSetId, pass: Pass): void {
    const { content, revision, told } = pass;
    const unit = (this.here.has(id) ? content.units : content.guardUnits).get(id);
    const before = this.units.get(id)?.unit;
    if (before === unit) return;
    if (before !== undefined) this.need(peersOf(before), -1, pass);
    if (unit === undefined) {
      this.units.delete(id);
      told.units.remove.push(id);
      return;
    }
    this.need(peersOf(unit), 1, pass);
    this.units.set(id, { unit, revision });
    told.units.upsert.push(unit);
  }

  private need(groups: readonly GroupId[], by: 1 | -1, pass: Pass): void {
    for (const id of groups) {
      const count = this.needed.add(id, by);
      if (count === 0 || (count === 1 && by === 1)) pass.groups.push(id);
    }
  }

  /** `difference`: from what the node has, where it has the group and still needs it. */
  private followGroup(id: GroupId, difference: GroupDifference | undefined, pass: Pass): void {
    const { content, told } = pass;
    const before = this.groups.get(id);
    const group = this.needed.has(id) ? content.groups.get(id) : undefined;
    if (before === group) return;
    const isChanged = before !== undefined && group !== undefined && difference !== undefined;
    this.ask(isChanged ? difference : groupDifference(before, group), pass);
    if (group === undefined) {
      this.groups.delete(id);
      told.groups.remove.push(id);
    } else {
      this.groups.set(id, group);
      told.groups.upsert.push(group);
    }
  }

  private ask(difference: GroupDifference, { content, endpoints }: Pass): void {
    const { gained, lost } = this.interest.change(difference);
    for (const key of gained) for (const id of content.endpoints.by(key)) endpoints.push(id);
    for (const key of lost) for (const id of content.endpoints.by(key)) endpoints.push(id);
  }

  private followEndpoint(id: string, { content, revision, told }: Pass): void {
    const known = content.endpoints.get(id);
    const isWanted =
      known !== undefined && (known.endpoint.node === this.node || this.interest.hasAny(known.keys));
    if (!isWanted) {
      if (this.held.delete(id)) told.endpoints.remove.push(id);
    } else if (this.held.get(id)?.known !== known) {
      this.held.set(id, { known, revision });
      told.endpoints.upsert.push(this.told(known));
    }
  }

  private told({ endpoint, asPeer }: KnownEndpoint): Endpoint {
    return endpoint.node === this.node ? endpoint : asPeer;
  }
}

const isEmpty = ({ upsert, remove }: { upsert: readonly unknown[]; remove: readonly unknown[] }): boolean =>
  upsert.length + remove.length === 0;
