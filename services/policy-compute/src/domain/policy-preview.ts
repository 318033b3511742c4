/**
 * Policy as it would be with other objects in force: a second computation on the same facts, kept up beside the live
 * one once it was asked for. It tells what a draft would change; nothing that it computes leaves this process.
 */
import type { PolicyObjects } from '@ringfence/contracts';
import type { FactChange, LabelFact } from './facts.js';
import { PolicyFeed } from './policy-feed.calculator.js';
import { StandingPolicy } from './standing-policy.js';
import type { RecordKey, RecordKind } from './standing-policy.js';

export class PolicyPreview {
  private readonly feed = new PolicyFeed();
  private readonly standing = new Map<string, StandingPolicy>();

  constructor(facts: Iterable<FactChange>) {
    for (const change of facts) this.feed.apply(change);
  }

  apply(change: FactChange): void {
    this.feed.apply(change);
  }

  /** As if these labels were there, too. */
  supposing<T>(labels: readonly LabelFact[], work: () => T): T {
    for (const label of labels) this.feed.setLabel(label.id, label);
    try {
      return work();
    } finally {
      for (const { id } of labels) this.feed.setLabel(id, null);
    }
  }

  /** The policy of every cluster with these objects. */
  with(objects: PolicyObjects): ReadonlyMap<string, StandingPolicy> {
    this.settle(objects);
    return this.standing;
  }

  /** Entities whose rules, or whose rules' peers, differ between the two. */
  workloadsAffected(before: PolicyObjects, after: PolicyObjects): number {
    this.settle(before);
    let affected = 0;
    for (const [cluster, touched] of this.settle(after)) {
      for (const labelSet of labelSetsOf(this.standing.get(cluster)!, touched))
        affected += this.feed.sizeOf(labelSet);
    }
    return affected;
  }

  private settle(objects: PolicyObjects): Map<string, RecordKey[]> {
    this.feed.setObjects(objects);
    const touched = new Map<string, RecordKey[]>();
    const clusters = this.feed.clusters();
    for (const cluster of clusters) {
      const standing = this.standing.get(cluster) ?? new StandingPolicy();
      this.standing.set(cluster, standing);
      touched.set(cluster, standing.apply(this.feed.flush(cluster)));
    }
    for (const cluster of this.standing.keys()) {
      if (clusters.includes(cluster)) continue;
      this.standing.delete(cluster);
      this.feed.forget(cluster);
    }
    return touched;
  }
}

function labelSetsOf(standing: StandingPolicy, touched: readonly RecordKey[]): Set<string> {
  const of = (kind: RecordKind) => new Set(touched.filter((key) => key.kind === kind).map(({ id }) => id));
  const [labelSets, lists, groups] = [of('unit'), of('list'), of('group')];
  for (const { id, ingress, egress } of groups.size === 0 ? [] : standing.lists.values()) {
    if ([...ingress, ...egress].some(({ peers }) => peers.some((peer) => groups.has(peer)))) lists.add(id);
  }
  if (lists.size === 0) return labelSets;
  for (const unit of standing.units.values())
    if (unit.lists.some((id) => lists.has(id))) labelSets.add(unit.labelSet.id);
  return labelSets;
}
