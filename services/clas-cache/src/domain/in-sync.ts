/** What must be at hand before anybody is told anything. */
import type { LabelCatalogue } from '@ringfence/contracts';
import type { CommittedPolicy } from './policy-buffer.calculator.js';

export const LISTED_KINDS = ['namespace', 'node', 'workload', 'pod', 'service'] as const;

export class InSync {
  /** Kinds of which a whole list was read. */
  readonly listed = new Set<string>();
  catalogue: LabelCatalogue | null = null;
  commit: CommittedPolicy | null = null;
  isCaughtUp = false;

  /** Words for what is missing; none: in sync. */
  missing(): string[] {
    const missing = LISTED_KINDS.filter((kind) => !this.listed.has(kind)).map(
      (kind) => `no list of ${kind}s yet`,
    );
    if (!this.isCaughtUp) missing.unshift('observations not read yet');
    if (this.catalogue === null) missing.push('no label catalogue from the control plane yet');
    if (this.commit === null) missing.push('no policy from the control plane yet');
    return missing;
  }
}
