/**
 * Rules across clusters. Label sets, workloads and addresses of a cluster mean nothing in another one, where the same Pod networks,
 * names and namespaces may stand for others. What crosses is by which addresses whoever is meant is seen from outside: a node by its
 * own, a Pod by the addresses of the nodes that hide it, or where its network is flat by its own.
 */
import type { Address, GroupId, LabelSetId, SeenFromOutside } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { intervalToCidrs, mergeIntervals, parseCidr } from './address.js';
import type { BeyondQuestion } from './question.js';
import type { WorkloadDirectory } from './workload-directory.js';

/** One cluster, as the others ask it and tell it. */
export interface Neighbour {
  /** Workloads in it that the question means. */
  meant(question: BeyondQuestion['of']): Iterable<string>;
  /** Questions that mean a label set of it, or name a workload in it. */
  meaning(labelSet: LabelSetId | undefined, workload: string): Iterable<GroupId>;
  /** In another cluster the question may mean others. */
  meantElsewhere(question: GroupId): void;
  /** In another cluster any question may. */
  neighboursChanged(): void;
}

export class Crossing {
  /** Otherwise nobody asks about other clusters. */
  isNeeded = false;
  private readonly seen = new Map<string, SeenFromOutside>();
  private readonly neighbours = new Set<Neighbour>();

  constructor(private readonly workloads: WorkloadDirectory) {}

  join(cluster: Neighbour): void {
    this.neighbours.add(cluster);
    this.everybodyLooks();
  }

  leave(cluster: Neighbour): void {
    this.neighbours.delete(cluster);
    this.everybodyLooks();
  }

  /** null: it is seen by nobody. */
  see(workload: string, seen: SeenFromOutside | null): void {
    if (isSameValue(this.seen.get(workload) ?? null, seen)) return;
    if (seen === null) this.seen.delete(workload);
    else this.seen.set(workload, seen);
    this.workloadChanged(workload, this.workloads.labelSetOf(workload));
  }

  /** Of a workload that comes or goes among those of a label set. */
  workloadMoved(workload: string, labelSets: readonly (LabelSetId | undefined)[]): void {
    if (!this.seen.has(workload)) return;
    for (const labelSet of labelSets) this.workloadChanged(workload, labelSet);
  }

  /** In this cluster the question means others than before. */
  meansOthers(cluster: Neighbour, question: GroupId): void {
    if (!this.isNeeded) return;
    for (const other of this.neighbours) if (other !== cluster) other.meantElsewhere(question);
  }

  /** Whom the question means in other clusters than this one. */
  answer({ of, way }: BeyondQuestion, cluster: Neighbour): string[] {
    const addresses = new Set<Address>();
    for (const other of this.neighbours) {
      if (other === cluster) continue;
      for (const workload of other.meant(of)) {
        const seen = this.seen.get(workload);
        if (seen === undefined || (seen.isHidden && way === 'to')) continue;
        for (const address of seen.addresses) addresses.add(address);
      }
    }
    return mergeIntervals([...addresses].flatMap((address) => parseCidr(address) ?? [])).flatMap(
      intervalToCidrs,
    );
  }

  private workloadChanged(workload: string, labelSet: LabelSetId | undefined): void {
    if (!this.isNeeded) return;
    for (const cluster of this.neighbours)
      for (const question of cluster.meaning(labelSet, workload)) this.meansOthers(cluster, question);
  }

  private everybodyLooks(): void {
    for (const neighbour of this.neighbours) neighbour.neighboursChanged();
  }
}
