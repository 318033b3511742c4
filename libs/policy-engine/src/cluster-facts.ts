/** What the calculators of one cluster look at together: its label sets, and who is named where. */
import type { EnforcementMode, LabelSet, LabelSetId } from '@ringfence/contracts';
import { matches } from '@ringfence/labels';
import type { CatalogueIndex } from '@ringfence/labels';
import { newLabelSet } from './cluster-records.js';
import type { KnownLabelSet } from './cluster-records.js';
import type { Crossing } from './crossing.js';
import type { CompiledIpList } from './policy-source.js';
import type { WorkloadsQuestion } from './question.js';
import type { WorkloadDirectory } from './workload-directory.js';

/** Facts that all clusters share. */
export interface SharedFacts {
  readonly workloads: WorkloadDirectory;
  readonly ipLists: ReadonlyMap<string, CompiledIpList>;
  readonly crossing: Crossing;
  /** Of workloads outside of clusters: the subnets of their interfaces. */
  readonly subnets: ReadonlyMap<string, readonly string[]>;
  catalogue: CatalogueIndex;
}

export class ClusterFacts {
  /** One that is gone stays until its unit is told to be gone, too. */
  private readonly labelSets = new Map<LabelSetId, KnownLabelSet>();

  constructor(readonly shared: SharedFacts) {}

  labelSet(id: LabelSetId): KnownLabelSet | undefined {
    const known = this.lastKnown(id);
    return known?.isGone === false ? known : undefined;
  }

  /** It may be gone. */
  lastKnown(id: LabelSetId): KnownLabelSet | undefined {
    return this.labelSets.get(id);
  }

  /** `gone`: the last that was known of this id. */
  addLabelSet(labelSet: LabelSet, mode: EnforcementMode, gone: KnownLabelSet | undefined): KnownLabelSet {
    const known = newLabelSet(labelSet, mode);
    this.labelSets.set(labelSet.id, known);
    if (gone !== undefined) {
      [known.listed, known.toldMode] = [gone.listed, gone.toldMode];
      gone.listed = undefined;
    }
    return known;
  }

  /** Of one that is gone nothing is to be told any more. */
  forgetLabelSet(gone: KnownLabelSet): void {
    const { id } = gone.labelSet;
    if (this.labelSets.get(id) === gone) this.labelSets.delete(id);
  }

  /** Whether a workload that the question names is in this cluster and within what the question leaves. */
  isMeant(question: WorkloadsQuestion, workload: string): boolean {
    const known = this.labelSet(this.shared.workloads.labelSetOf(workload) ?? '');
    return known !== undefined && matches(question.narrow, known.labelSet, this.shared.catalogue);
  }
}
