/**
 * Labels that the label map of a cluster asks for. Who can label a Pod there can ask for any number, so that each cluster has its
 * share: what is beyond it is counted, and stays missing. Made ones are people's from then on; none is ever changed or taken away here.
 */
import type { LabelState } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { accepted } from '@ringfence/resources';
import type { MissingLabel } from '../../domain/entity-labels.calculator.js';
import { labels } from '../../read/resolver-documents.js';
import { createLabels } from '../label-creation.js';

const DATA_SET = 'label map';

export class MappedLabels {
  /** Of the last time that some were asked for. */
  refused = 0;

  /** `most`: that exist, of one cluster. */
  constructor(
    private readonly store: EventStore,
    private readonly most: number,
  ) {}

  /** True: some were made. Runs inside the queue of one. */
  async make(missing: readonly MissingLabel[]): Promise<boolean> {
    if (missing.length === 0) return false;
    let count = 0;
    for (const cluster of new Set(missing.map((label) => label.cluster)))
      count += await this.makeFor(
        cluster,
        missing.filter((label) => label.cluster === cluster),
      );
    this.refused = missing.length - count;
    return count > 0;
  }

  private async makeFor(cluster: string, asked: readonly MissingLabel[]): Promise<number> {
    const { store } = this;
    const room = Math.max(0, this.most - (await this.madeFor(cluster)));
    const share = asked.slice(0, room);
    if (share.length === 0) return 0;
    const ids = await store.nextIds('label', share.length);
    const wanted = share.map(({ key, value }, index): LabelState => {
      const id = ids[index]!;
      return { id, key, value, externalDataSet: DATA_SET, externalDataReference: `${cluster}/${id}` };
    });
    return accepted(await createLabels(store, wanted, { kind: 'container_cluster', id: cluster })).length;
  }

  private async madeFor(cluster: string): Promise<number> {
    const isOfMap = ({ externalDataSet: set, externalDataReference: reference }: LabelState): boolean =>
      set === DATA_SET && (reference ?? '').startsWith(`${cluster}/`);
    return (await labels.live(this.store.entities)).filter(({ body }) => isOfMap(body)).length;
  }
}
