/**
 * From what other services say (labels, labelled entities, profiles) and the objects in force to the records of each
 * cluster: units, rule lists and groups by the PolicyCalculator, endpoints here. State goes in, absence is deletion; `flush` tells
 * what differs from the last flush. Endpoints are only those whose addresses the control plane knows: nodes of the
 * cluster itself, unmanaged workloads in every cluster. Pods belong to the cluster's own store.
 */
import { GLOBAL, hostCidrs } from '@ringfence/contracts';
import type {
  Endpoint,
  EnforcementMode,
  Group,
  LabelId,
  LabelSet,
  LabelSetId,
  PolicyObjects,
  RuleList,
  SeenFromOutside,
  UnitOfLists,
} from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { PolicyCalculator } from '@ringfence/policy-engine';
import type { EntityFact, FactChange, LabelFact, ProfileFact } from './facts.js';
import { FactHeads } from './fact-heads.js';
import { EndpointTable } from './endpoint-table.js';
import { NamespaceModes } from './namespace-modes.js';

export interface ClusterChanges {
  readonly groups: { readonly upsert: readonly Group[]; readonly remove: readonly string[] };
  readonly endpoints: { readonly upsert: readonly Endpoint[]; readonly remove: readonly string[] };
  readonly lists: { readonly upsert: readonly RuleList[]; readonly remove: readonly string[] };
  readonly units: { readonly upsert: readonly UnitOfLists[]; readonly remove: readonly string[] };
}

interface SharedLabelSet {
  readonly labelSet: LabelSet;
  readonly members: Set<string>;
}

export class PolicyFeed {
  private readonly calculator = new PolicyCalculator();
  private readonly endpoints = new EndpointTable();
  private readonly labels = new Map<LabelId, LabelFact>();
  private readonly entities = new Map<string, EntityFact>();
  private readonly labelSetOf = new Map<string, LabelSetId>();
  private readonly labelSets = new Map<LabelSetId, SharedLabelSet>();
  private readonly namespaceModes = new NamespaceModes();
  private readonly touchedLabelSets = new Set<LabelSetId>();
  private readonly countByCluster = new Map<string, number>();
  /** What of the facts is taken in, to be told with what follows from them. */
  readonly heads = new FactHeads();
  private catalogueChanged = false;

  setObjects(objects: PolicyObjects): void {
    this.calculator.setObjects(objects);
  }

  apply(change: FactChange): void {
    this.heads.take(change);
    if (change.kind === 'label') this.setLabel(change.id, change.state);
    else if (change.kind === 'profile') this.setProfile(change.id, change.state);
    else this.setEntity(change.id, change.state);
  }

  setLabel(id: LabelId, label: LabelFact | null): void {
    if (label === null) this.labels.delete(id);
    else this.labels.set(id, label);
    this.catalogueChanged = true;
  }

  setProfile(id: string, profile: ProfileFact | null): void {
    const before = this.namespaceModes.set(id, profile);
    this.countCluster(before?.cluster, -1);
    this.countCluster(profile?.cluster, 1);
  }

  setEntity(id: string, entity: EntityFact | null): void {
    const before = this.entities.get(id);
    if (entity === null) this.entities.delete(id);
    else this.entities.set(id, entity);
    this.countCluster(before?.cluster, -1);
    this.countCluster(entity?.cluster, 1);
    this.moveTo(id, entity === null ? null : makeLabelSet(entity));
    this.endpoints.set(id, entity, this.labelSetOf.get(id));
    this.calculator.setSubnets(id, entity && subnetsOf(entity));
    this.calculator.setSeenFromOutside(id, entity && seenFromOutside(entity));
  }

  /** Those that anything is known of; one that nothing is known of any more needs no records. */
  clusters(): string[] {
    return [...this.countByCluster.keys()].sort();
  }

  /** How many entities share it. */
  sizeOf(labelSet: LabelSetId): number {
    return this.labelSets.get(labelSet)?.members.size ?? 0;
  }

  flush(cluster: string): ClusterChanges {
    this.settle();
    return { ...this.calculator.flush(cluster), endpoints: this.endpoints.flush(cluster) };
  }

  /** Its records are given up as a whole; if it comes back, everything is told anew. */
  forget(cluster: string): void {
    this.calculator.removeCluster(cluster);
    this.endpoints.forget(cluster);
  }

  private settle(): void {
    this.calculator.setCrossing(this.countByCluster.size > 1);
    if (this.catalogueChanged) {
      const labels = [...this.labels.values()];
      this.calculator.setCatalogue({ labels, types: [...new Set(labels.map((label) => label.key))].sort() });
      this.catalogueChanged = false;
    }
    const isTouched = this.namespaceModes.takeChanged();
    if (isTouched !== null) {
      for (const [id, { labelSet }] of this.labelSets) if (isTouched(labelSet)) this.touchedLabelSets.add(id);
    }
    for (const id of this.touchedLabelSets) {
      const shared = this.labelSets.get(id);
      if (shared === undefined) this.calculator.removeLabelSet(id);
      else this.calculator.setLabelSet(shared.labelSet, this.modeOf(shared));
    }
    this.touchedLabelSets.clear();
  }

  private moveTo(entity: string, labelSet: LabelSet | null): void {
    const before = this.labelSetOf.get(entity);
    if (before !== undefined) this.touchedLabelSets.add(before);
    if (before !== undefined && before !== labelSet?.id) this.leave(entity, before);
    this.calculator.setWorkload(entity, labelSet?.id ?? null);
    if (labelSet === null) return;
    this.labelSetOf.set(entity, labelSet.id);
    this.touchedLabelSets.add(labelSet.id);
    const shared = this.labelSets.get(labelSet.id);
    if (shared === undefined) this.labelSets.set(labelSet.id, { labelSet, members: new Set([entity]) });
    else shared.members.add(entity);
  }

  private leave(entity: string, labelSet: LabelSetId): void {
    this.labelSetOf.delete(entity);
    const shared = this.labelSets.get(labelSet);
    if (shared?.members.delete(entity) && shared.members.size === 0) this.labelSets.delete(labelSet);
  }

  /** The namespace's, while its members are told one by one; otherwise that of the first member by id. */
  private modeOf({ labelSet, members }: SharedLabelSet): EnforcementMode {
    const ofNamespace = this.namespaceModes.modeOf(labelSet);
    if (ofNamespace !== undefined) return ofNamespace;
    let first: string | undefined;
    for (const member of members) if (first === undefined || member < first) first = member;
    return this.entities.get(first ?? '')?.mode ?? 'idle';
  }

  private countCluster(cluster: string | undefined, by: 1 | -1): void {
    if (cluster === undefined || cluster === GLOBAL) return;
    const count = (this.countByCluster.get(cluster) ?? 0) + by;
    if (count === 0) this.countByCluster.delete(cluster);
    else this.countByCluster.set(cluster, count);
  }
}

/** Interfaces of which nobody said how wide their subnets are have their addresses alone. */
const subnetsOf = ({ class: entityClass, addresses, subnets }: EntityFact): readonly string[] | null =>
  entityClass === 'unmanaged' ? (subnets ?? hostCidrs(addresses)) : null;

/** Nobody sees a host that is lost. */
const seenFromOutside = ({ lost, outside }: EntityFact): SeenFromOutside | null =>
  lost === true ? null : (outside ?? null);
