/** Hosts whose labels, mode and addresses label-resolver has not answered for yet. */
import type pg from 'pg';

const areSame = (list: string): string =>
  `((e.data->'${list}') @> (w.body->'${list}') and (w.body->'${list}') @> (e.data->'${list}'))`;

/**
 * SQL: two copies are compared where they are (`npm run bench -- rows`). Clusters that have such; null: hosts of no cluster, which are peers in all of them. Whatever is answered for has a place
 * in the events of label-resolver that was written before it was read here.
 */
export async function untakenWorkloads(db: Pick<pg.ClientBase, 'query'>): Promise<Set<string | null>> {
  const { rows } = await db.query<{ cluster: string | null }>(
    `select distinct w.body->>'cluster' as cluster from workloads w left join mirrored e on e.kind = 'entity' and e.id = w.id and e.data is not null
     where w.deleted_at is null and (e.id is null or e.data->>'mode' <> w.body->>'mode'
       or not ${areSame('labels')} or not ${areSame('addresses')})`,
  );
  return new Set(rows.map(({ cluster }) => cluster));
}
