/**
 * What one node must know (its span): the units of the label sets that live on it, the groups that those refer to, and
 * the endpoints in those groups together with its own. It keeps what it told, so a change costs what it changes.
 */
import type { Endpoint, Group, GroupId, LabelSetId, NodeView, Unit } from '@ringfence/contracts';
import { CLUSTER_NODES, CONTROL_PLANE_NODES, JUDGING_NODES, POD_NETWORKS } from '@ringfence/policy-engine';
import type { ToldView } from './explain/place-judge.js';
import { groupDifference, Interest } from './interest.js';
import type { GroupDifference } from './interest.js';

/** The cluster's present state, shared by all nodes. */
export interface ClusterContent {
  readonly units: ReadonlyMap<LabelSetId, Unit>;
  readonly groups: ReadonlyMap<GroupId, Group>;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** Of Pods that every node judges for: their ingress rules for just those ports. */
  readonly guardUnits: ReadonlyMap<LabelSetId, Unit>;
  /** Endpoints by the keys of `interestKeys`. */
  endpointsBy(key: string): Iterable<string>;
}

/** What changed in the cluster since the last look. */
export interface ContentChanges {
  readonly units: ReadonlySet<LabelSetId>;
  /** What each changed group gained and lost. */
  readonly groups: ReadonlyMap<GroupId, GroupDifference>;
  readonly endpoints: ReadonlySet<string>;
  /** Of Pods that every node judges for. */
  readonly guards: GroupDifference;
}

/** Every node needs them, whatever lives on it. */
const FOR_EVERYBODY: readonly GroupId[] = [JUDGING_NODES, POD_NETWORKS, CLUSTER_NODES, CONTROL_PLANE_NODES];

type Delta = Pick<NodeView, 'groups' | 'endpoints' | 'units'>;

export class NodeSpan implements ToldView {
  readonly #own = new Map<string, LabelSetId>();
  /** With the revision in which the node was told of it last. */
  readonly #units = new Map<LabelSetId, { unit: Unit; revision: number }>();
  readonly #groups = new Map<GroupId, Group>();
  /** With the revision in which the node was told of it last. */
  readonly #endpoints = new Map<string, { endpoint: Endpoint; revision: number }>();
  readonly #interest = new Interest();
  /** Groups that its units name and that nobody has told yet: they are matched with nobody, and looked at when they come. */
  #missing: ReadonlySet<GroupId> = new Set(FOR_EVERYBODY);

  constructor(readonly node: string) {}

  /** The revision with which the node was told of the endpoint; undefined: it does not know it. */
  knownSince(endpoint: string): number | undefined {
    return this.#endpoints.get(endpoint)?.revision;
  }

  /** The revision with which the node was told the rules of this label set last; undefined: it does not have them. */
  rulesSince(labelSet: LabelSetId): number | undefined {
    return this.#units.get(labelSet)?.revision;
  }

  get ownEndpoints(): Iterable<string> {
    return this.#own.keys();
  }

  // ---- what the node was told, as its agent has it

  unit(labelSet: LabelSetId): Unit | undefined {
    return this.#units.get(labelSet)?.unit;
  }

  group(id: GroupId): Group | undefined {
    return this.#groups.get(id);
  }

  endpoint(id: string): Endpoint | undefined {
    return this.#endpoints.get(id)?.endpoint;
  }

  /** In the order in which it heard of them. */
  *endpoints(): Generator<Endpoint> {
    for (const { endpoint } of this.#endpoints.values()) yield endpoint;
  }

  /** null: nothing of it concerns the node. */
  apply(changes: ContentChanges, content: ClusterContent, revision: number): Delta | null {
    const touched = new Set<string>();
    const hasMoved = this.#followOwn(changes.endpoints, content, touched);
    const groups = this.#followGroups(changes.groups, content, touched);
    this.#ask(changes.guards, content, touched);
    const units = { upsert: [] as Unit[], remove: [] as string[] };
    const hasCome = [...changes.groups.keys()].some((id) => this.#missing.has(id));
    const isConcerned = (id: LabelSetId): boolean =>
      this.#units.has(id) || content.guardUnits.has(id) || this.#livesHere(id);
    if (hasMoved || hasCome || [...changes.units].some(isConcerned)) {
      this.#followUnits(content, { units, groups, touched, revision });
    }
    for (const id of changes.endpoints) touched.add(id);
    const endpoints = this.#followEndpoints(touched, content, revision);
    const isSame = [units, groups, endpoints].every(
      ({ upsert, remove }) => upsert.length + remove.length === 0,
    );
    return isSame ? null : { units, groups, endpoints };
  }

  snapshot(): Delta {
    return {
      units: { upsert: [...this.#units.values()].map(({ unit }) => unit), remove: [] },
      groups: { upsert: [...this.#groups.values()], remove: [] },
      endpoints: {
        upsert: [...this.#endpoints.values()].map(({ endpoint }) => this.#told(endpoint)),
        remove: [],
      },
    };
  }

  /** Endpoints that live here; true if the node's label sets may be others now. */
  #followOwn(changed: ReadonlySet<string>, content: ClusterContent, touched: Set<string>): boolean {
    let hasMoved = false;
    for (const id of changed) {
      const endpoint = content.endpoints.get(id);
      const labelSet = endpoint?.node === this.node ? endpoint.labelSet : undefined;
      if (this.#own.get(id) === labelSet) continue;
      hasMoved = true;
      touched.add(id);
      if (labelSet === undefined) this.#own.delete(id);
      else this.#own.set(id, labelSet);
    }
    return hasMoved;
  }

  #livesHere(id: LabelSetId): boolean {
    for (const labelSet of this.#own.values()) if (labelSet === id) return true;
    return false;
  }

  /** Groups that the node has already. Those that went are no longer referred to, or will be asked for in vain. */
  #followGroups(
    changed: ContentChanges['groups'],
    content: ClusterContent,
    touched: Set<string>,
  ): { upsert: Group[]; remove: GroupId[] } {
    const told = { upsert: [] as Group[], remove: [] as GroupId[] };
    for (const [id, difference] of changed) {
      if (!this.#groups.has(id)) continue;
      const group = content.groups.get(id);
      this.#ask(difference, content, touched);
      if (group === undefined) {
        this.#groups.delete(id);
        told.remove.push(id);
      } else {
        this.#groups.set(id, group);
        told.upsert.push(group);
      }
    }
    return told;
  }

  #followUnits(
    content: ClusterContent,
    told: {
      units: { upsert: Unit[]; remove: string[] };
      groups: { upsert: Group[]; remove: string[] };
      touched: Set<string>;
      revision: number;
    },
  ): void {
    const wanted = this.#wantedUnits(content);
    for (const id of this.#units.keys()) {
      if (wanted.has(id)) continue;
      this.#units.delete(id);
      told.units.remove.push(id);
    }
    const needed = new Set<GroupId>(FOR_EVERYBODY);
    for (const [id, unit] of wanted) {
      if (this.#units.get(id)?.unit !== unit) {
        told.units.upsert.push(unit);
        this.#units.set(id, { unit, revision: told.revision });
      }
      for (const rule of [...unit.ingress, ...unit.egress]) for (const peer of rule.peers) needed.add(peer);
    }
    this.#holdGroups(needed, content, told);
  }

  /** What lives here is enforced, so all of it is needed. */
  #wantedUnits(content: ClusterContent): Map<LabelSetId, Unit> {
    const wanted = new Map(content.guardUnits);
    for (const id of new Set(this.#own.values())) {
      const unit = content.units.get(id);
      if (unit === undefined) wanted.delete(id);
      else wanted.set(id, unit);
    }
    return wanted;
  }

  #holdGroups(
    needed: ReadonlySet<GroupId>,
    content: ClusterContent,
    told: { groups: { upsert: Group[]; remove: string[] }; touched: Set<string> },
  ): void {
    this.#missing = new Set([...needed].filter((id) => !content.groups.has(id)));
    for (const id of needed) {
      const group = content.groups.get(id);
      if (group === undefined || this.#groups.has(id)) continue;
      this.#ask(groupDifference(undefined, group), content, told.touched);
      this.#groups.set(id, group);
      told.groups.upsert.push(group);
    }
    for (const [id, group] of this.#groups) {
      if (needed.has(id)) continue;
      this.#ask(groupDifference(group, undefined), content, told.touched);
      this.#groups.delete(id);
      // What was told a moment ago and is not needed after all is not told.
      const at = told.groups.upsert.findIndex((one) => one.id === id);
      if (at >= 0) told.groups.upsert.splice(at, 1);
      told.groups.remove.push(id);
    }
  }

  #ask(difference: GroupDifference, content: ClusterContent, touched: Set<string>): void {
    const { gained, lost } = this.#interest.change(difference);
    for (const key of [...gained, ...lost]) for (const id of content.endpointsBy(key)) touched.add(id);
  }

  #followEndpoints(
    touched: ReadonlySet<string>,
    content: ClusterContent,
    revision: number,
  ): { upsert: Endpoint[]; remove: string[] } {
    const told = { upsert: [] as Endpoint[], remove: [] as string[] };
    for (const id of touched) {
      const endpoint = content.endpoints.get(id);
      const isWanted =
        endpoint !== undefined && (endpoint.node === this.node || this.#interest.has(endpoint));
      if (!isWanted) {
        if (this.#endpoints.delete(id)) told.remove.push(id);
        continue;
      }
      const known = this.#endpoints.get(id);
      if (known?.endpoint === endpoint) continue;
      this.#endpoints.set(id, { endpoint, revision });
      told.upsert.push(this.#told(endpoint));
    }
    return told;
  }

  /** Of another node's Pod only the address matters; in a large cluster the rest would be most of the message. */
  #told(endpoint: Endpoint): Endpoint {
    if (endpoint.pod === undefined || endpoint.node === this.node) return endpoint;
    const { pod: _, ...peer } = endpoint;
    return peer;
  }
}
