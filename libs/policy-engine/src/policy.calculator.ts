/**
 * Everything that policy is computed from goes in as state, per cluster changes of units, rule lists and groups come out. The same
 * state gives the same policy whatever way led to it; what did not change is not told again.
 *
 * It does not know Pods, addresses or nodes: only label sets (and, for rules that name workloads, which label set each
 * workload has).
 */
import { GLOBAL } from '@ringfence/contracts';
import type {
  ComputedType,
  EnforcementMode,
  LabelCatalogue,
  LabelId,
  LabelSet,
  LabelSetId,
  PolicyObjects,
  SeenFromOutside,
} from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { EMPTY_CATALOGUE, indexCatalogue } from '@ringfence/labels';
import type { CatalogueIndex } from '@ringfence/labels';
import type { SharedFacts } from './cluster-facts.js';
import { ClusterPolicyCalculator } from './cluster-policy.calculator.js';
import type { PolicyChanges } from './cluster-policy.calculator.js';
import { Crossing } from './crossing.js';
import { PolicySource } from './policy-source.js';
import type { ProvisionableObjects } from './policy-source.js';
import { askIpList } from './question.js';
import { WorkloadDirectory } from './workload-directory.js';

export class PolicyCalculator {
  private readonly source = new PolicySource(EMPTY_CATALOGUE);
  private readonly workloads = new WorkloadDirectory();
  private readonly subnets = new Map<string, readonly string[]>();
  private readonly shared: SharedFacts = {
    workloads: this.workloads,
    crossing: new Crossing(this.workloads),
    subnets: this.subnets,
    ipLists: this.source.ipLists,
    catalogue: EMPTY_CATALOGUE,
  };
  private readonly clusters = new Map<string, ClusterPolicyCalculator>();
  /** Label sets that are peers in every cluster. */
  private readonly everywhere = new Map<LabelSetId, { labelSet: LabelSet; mode: EnforcementMode }>();

  /** Replaces the catalogue. */
  setCatalogue(catalogue: Pick<LabelCatalogue, 'types' | 'labels'>): void {
    const before = this.shared.catalogue;
    const after = indexCatalogue(catalogue);
    const changed = changedLabels(before, after);
    this.shared.catalogue = after;
    this.source.setCatalogue(after, changed);
    for (const cluster of this.clusters.values()) cluster.catalogueChanged(changed);
  }

  /** Replaces all provisioned objects. Unchanged ones cost a comparison (nothing, if they are the same objects). */
  setObjects(objects: PolicyObjects): void {
    this.source.replace(objects);
  }

  setObject<T extends ComputedType>(type: T, object: ProvisionableObjects[T]): void {
    this.source.set(type, object);
  }

  removeObject(type: ComputedType, id: string): void {
    this.source.remove(type, id);
  }

  /** The mode counts for classes `pod` and `node` only. Unmanaged label sets are peers in every cluster. */
  setLabelSet(labelSet: LabelSet, mode: EnforcementMode): void {
    if (labelSet.class === 'unmanaged' || labelSet.cluster === GLOBAL) {
      this.everywhere.set(labelSet.id, { labelSet, mode });
      for (const cluster of this.clusters.values()) cluster.setLabelSet(labelSet, mode);
      return;
    }
    this.cluster(labelSet.cluster).setLabelSet(labelSet, mode);
  }

  removeLabelSet(id: LabelSetId): void {
    this.everywhere.delete(id);
    for (const cluster of this.clusters.values()) cluster.removeLabelSet(id);
  }

  /** null: the workload is gone. May name a label set that is not there yet. */
  setWorkload(workload: string, labelSet: LabelSetId | null): void {
    const before = this.shared.workloads.set(workload, labelSet);
    if (before === (labelSet ?? undefined)) return;
    for (const cluster of this.clusters.values()) cluster.workloadMoved(workload, before, labelSet);
    this.shared.crossing.workloadMoved(workload, [before, labelSet ?? undefined]);
    if (this.subnets.has(workload)) this.subnetsChanged(workload, [before, labelSet ?? undefined]);
  }

  /** Whether rules mean those of other clusters, too. Without it no rule has a word more. */
  setCrossing(isNeeded: boolean): void {
    this.shared.crossing.isNeeded = isNeeded;
    this.source.setCrossing(isNeeded);
  }

  /** Of a workload of a cluster: how the other clusters see it. null: not at all. */
  setSeenFromOutside(workload: string, seen: SeenFromOutside | null): void {
    this.shared.crossing.see(workload, seen);
  }

  /** Of an unmanaged workload: the subnets of its interfaces, as CIDRs. null: it has none. */
  setSubnets(workload: string, subnets: readonly string[] | null): void {
    if (isSameValue(this.subnets.get(workload) ?? null, subnets)) return;
    if (subnets === null) this.subnets.delete(workload);
    else this.subnets.set(workload, subnets);
    this.subnetsChanged(workload, [this.workloads.labelSetOf(workload)]);
  }

  private subnetsChanged(workload: string, labelSets: readonly (LabelSetId | undefined)[]): void {
    for (const cluster of this.clusters.values())
      for (const labelSet of labelSets) cluster.subnetsChanged(labelSet, workload);
  }

  /** Forgets the cluster and its label sets; nothing is told. */
  removeCluster(id: string): void {
    const cluster = this.clusters.get(id);
    if (cluster === undefined) return;
    this.clusters.delete(id);
    this.shared.crossing.leave(cluster);
  }

  /**
   * What changed for the cluster since the last flush. To be applied in this order: groups, lists, units upserted; units, lists,
   * groups removed.
   */
  flush(cluster: string): PolicyChanges {
    this.settle();
    return this.cluster(cluster).flush();
  }

  /** New rules first, so that a question that moves from one rule to another is never given up in between. */
  private settle(): void {
    const { added, removed, ipLists } = this.source.settle();
    for (const cluster of this.clusters.values()) {
      for (const rule of added) cluster.addRule(rule);
      for (const rule of removed) cluster.removeRule(rule);
      for (const id of ipLists) cluster.answerChanged(askIpList(id).id);
    }
  }

  private cluster(id: string): ClusterPolicyCalculator {
    let cluster = this.clusters.get(id);
    if (cluster === undefined) {
      this.clusters.set(id, (cluster = new ClusterPolicyCalculator(this.shared)));
      for (const { labelSet, mode } of this.everywhere.values()) cluster.setLabelSet(labelSet, mode);
      for (const rule of this.source.rules()) cluster.addRule(rule);
      this.shared.crossing.join(cluster);
    }
    return cluster;
  }
}

function changedLabels(before: CatalogueIndex, after: CatalogueIndex): LabelId[] {
  const ids = new Set([...before.labelIds, ...after.labelIds]);
  return [...ids].filter((id) => before.keyOf(id) !== after.keyOf(id));
}
