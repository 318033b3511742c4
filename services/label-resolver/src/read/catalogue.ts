/** The label catalogue: every live type and label, as CLAS and the calculator read it. */
import type { LabelCatalogue } from '@ringfence/contracts';
import { compareIntegerIds } from '@ringfence/labels';
import type pg from 'pg';
import { labels, labelTypes } from './resolver-documents.js';

export async function readCatalogue(db: pg.Pool): Promise<Pick<LabelCatalogue, 'types' | 'labels'>> {
  const types = await labelTypes.live(db);
  const live = await labels.live(db);
  return {
    types: types.map((each) => each.body.key),
    labels: live
      .map(({ body: { id, key, value } }) => ({ id, key, value }))
      .sort((a, b) => compareIntegerIds(a.id, b.id)),
  };
}
