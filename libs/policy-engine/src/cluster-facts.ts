/** What the calculators of one cluster look at together: its label sets, their memberships, and who is named where. */
import type { EnforcementMode, LabelSet, LabelSetId } from '@ringfence/contracts';
import { matches, MembershipIndex } from '@ringfence/labels';
import type { CatalogueIndex } from '@ringfence/labels';
import type { CompiledIpList } from './policy-source.js';
import type { WorkloadsQuestion } from './question.js';
import type { WorkloadDirectory } from './workload-directory.js';

export interface KnownLabelSet {
  readonly labelSet: LabelSet;
  readonly mode: EnforcementMode;
}

/** Facts that all clusters share. */
export interface SharedFacts {
  readonly workloads: WorkloadDirectory;
  readonly ipLists: ReadonlyMap<string, CompiledIpList>;
  catalogue: CatalogueIndex;
}

export class ClusterFacts {
  readonly labelSets = new Map<LabelSetId, KnownLabelSet>();
  readonly index: MembershipIndex;

  constructor(readonly shared: SharedFacts) {
    this.index = new MembershipIndex(shared.catalogue);
  }

  /** Whether a workload that the question names is in this cluster and within what the question leaves. */
  isMeant(question: WorkloadsQuestion, workload: string): boolean {
    const known = this.labelSets.get(this.shared.workloads.labelSetOf(workload) ?? '');
    return known !== undefined && matches(question.narrow, known.labelSet, this.shared.catalogue);
  }
}
