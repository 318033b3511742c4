/** The label catalogue: every live type and label, as CLAS and the calculator read it. */
import type { LabelCatalogue } from '@ringfence/contracts';
import { compareIntegerIds } from '@ringfence/labels';
import type { EntityManager } from 'typeorm';
import { labels, labelTypes } from './resolver-documents.js';

export async function readCatalogue(
  entities: EntityManager,
): Promise<Pick<LabelCatalogue, 'types' | 'labels'>> {
  const types = await labelTypes.live(entities);
  const live = await labels.live(entities);
  return {
    types: types.map((each) => each.body.key),
    labels: live
      .map(({ body: { id, key, value } }) => ({ id, key, value }))
      .sort((a, b) => compareIntegerIds(a.id, b.id)),
  };
}
