/** Which label set each workload has now; needed for rules that name workloads, and for nothing else. */
import type { LabelSetId } from '@ringfence/contracts';

export class WorkloadDirectory {
  private readonly labelSets = new Map<string, LabelSetId>();
  private readonly workloads = new Map<LabelSetId, Set<string>>();

  /** null: the workload is gone. Returns the label set that it had. */
  set(workload: string, labelSet: LabelSetId | null): LabelSetId | undefined {
    const before = this.labelSets.get(workload);
    if (before === (labelSet ?? undefined)) return before;
    if (before !== undefined) {
      const others = this.workloads.get(before)!;
      others.delete(workload);
      if (others.size === 0) this.workloads.delete(before);
    }
    if (labelSet === null) this.labelSets.delete(workload);
    else {
      this.labelSets.set(workload, labelSet);
      const others = this.workloads.get(labelSet);
      if (others === undefined) this.workloads.set(labelSet, new Set([workload]));
      else others.add(workload);
    }
    return before;
  }

  labelSetOf(workload: string): LabelSetId | undefined {
    return this.labelSets.get(workload);
  }

  workloadsOf(labelSet: LabelSetId): Iterable<string> {
    return this.workloads.get(labelSet) ?? [];
  }
}
