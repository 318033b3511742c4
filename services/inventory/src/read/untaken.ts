/** Hosts whose labels, mode and addresses label-resolver has not answered for yet. */
import type pg from 'pg';

const areSame = (list: string): string =>
  `((e.body->'${list}') @> (w.body->'${list}') and (w.body->'${list}') @> (e.body->'${list}'))`;

/**
 * Clusters that have such; null: hosts of no cluster, which are peers in all of them. Whatever is answered for has a place
 * in the events of label-resolver that was written before it was read here.
 */
export async function untakenWorkloads(db: Pick<pg.ClientBase, 'query'>): Promise<Set<string | null>> {
  const { rows } = await db.query<{ cluster: string | null }>(
    `select distinct w.body->>'cluster' as cluster from workloads w left join entities e on e.id = w.id
     where w.deleted_at is null and (e.id is null or e.body->>'mode' <> w.body->>'mode'
       or not ${areSame('labels')} or not ${areSame('addresses')})`,
  );
  return new Set(rows.map(({ cluster }) => cluster));
}
