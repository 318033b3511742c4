/** Workloads that are gone, as the rules and bindings that still name them show them. */
import type { EntityManager } from 'typeorm';
import { EntitySchema } from 'typeorm';
import type pg from 'pg';
import type { EntityFact } from '../domain/facts.js';

export type GoneWorkload = Pick<EntityFact, 'id' | 'name' | 'class'>;

export const GoneWorkloadEntity = new EntitySchema<GoneWorkload & { readonly at: Date }>({
  name: 'GoneWorkload',
  tableName: 'gone_workloads',
  columns: {
    id: { type: 'text', primary: true },
    name: { type: 'text' },
    class: { type: 'text' },
    at: { type: 'timestamptz', default: () => 'now()' },
  },
});

export async function rememberGone(
  tx: Pick<pg.ClientBase, 'query'>,
  gone: readonly GoneWorkload[],
): Promise<void> {
  if (gone.length === 0) return;
  await tx.query(
    `insert into gone_workloads (id, name, class) select * from unnest($1::text[], $2::text[], $3::text[])
     on conflict (id) do update set name = excluded.name, class = excluded.class, at = now()`,
    [gone.map(({ id }) => id), gone.map(({ name }) => name), gone.map(({ class: each }) => each)],
  );
}

/** Older ones that nothing names are forgotten: with what was in force then, no rule that names them comes back. */
const KEPT_DAYS = 30;

export async function goneWorkloads(
  entities: EntityManager,
  named: ReadonlySet<string>,
): Promise<GoneWorkload[]> {
  await entities.query(
    `delete from gone_workloads where at < now() - make_interval(days => $1) and id <> all($2)`,
    [KEPT_DAYS, [...named]],
  );
  return entities.find(GoneWorkloadEntity);
}
