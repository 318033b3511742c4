/** What Services themselves are in policy, whoever is behind them: by their own annotations, as any workload of their namespace. */
import type { LabelSetId } from '@ringfence/contracts';
import type { Labelled, Labelling } from './labelling.js';

export class ServiceLabels {
  private readonly labelSets = new Map<string, LabelSetId>();
  private readonly changed = new Set<string>();

  constructor(private readonly labelling: Labelling) {}

  set(uid: string, asks: Labelled): void {
    this.replace(uid, this.labelling.of(asks, 'service')?.labelSet.id);
  }

  remove(uid: string): void {
    this.replace(uid, undefined);
  }

  /** Those that changed; null: it has none, its namespace is not managed. */
  *take(): Generator<[uid: string, labelSet: LabelSetId | null]> {
    for (const uid of this.changed) yield [uid, this.labelSets.get(uid) ?? null];
    this.changed.clear();
  }

  private replace(uid: string, labelSet: LabelSetId | undefined): void {
    if (this.labelSets.get(uid) === labelSet) return;
    if (labelSet === undefined) this.labelSets.delete(uid);
    else this.labelSets.set(uid, labelSet);
    this.changed.add(uid);
  }
}
