/**
 * The facts table: every namespace, node, workload and Service as last observed, and the order of their lists. SQL, because they come
 * in hundreds (`npm run bench -- rows`).
 */
import type pg from 'pg';
import type { EpochOrder, ObservedObject } from '../domain/observed-object.calculator.js';

export interface ObservedKey {
  readonly cluster: string;
  readonly kind: string;
  readonly key: string;
}
export interface ObservedRow extends ObservedKey, ObservedObject {
  /** What a list marker sweeps: the kind, and for workloads also the Kubernetes kind. */
  readonly scope: string;
}
interface Stored extends ObservedKey {
  readonly uid: string;
  readonly resource_version: string;
  readonly epoch: string;
  readonly gone: boolean;
  readonly body: unknown;
  readonly scope: string;
}
type Queryable = Pick<pg.ClientBase, 'query'>;

/** Epochs of one list that are remembered; a delivery older than that many lists is not expected. */
const EPOCHS_KEPT = 16;
/** How long the end of an object is remembered, against deliveries that come late. */
const GONE_KEPT = '1 day';

export const rowId = ({ cluster, kind, key }: ObservedKey): string => `${cluster}/${kind}/${key}`;
const observedRow = ({ resource_version, ...rest }: Stored): ObservedRow => ({
  ...rest,
  resourceVersion: resource_version,
});

export async function loadObserved(
  tx: Queryable,
  keys: readonly ObservedKey[],
): Promise<Map<string, ObservedRow>> {
  const { rows } = await tx.query<Stored>(
    `select o.* from observed o join unnest($1::text[], $2::text[], $3::text[]) as k(cluster, kind, key)
       on o.cluster = k.cluster and o.kind = k.kind and o.key = k.key`,
    [keys.map((each) => each.cluster), keys.map((each) => each.kind), keys.map((each) => each.key)],
  );
  return new Map(rows.map((row) => [rowId(row), observedRow(row)]));
}

export async function saveObserved(tx: Queryable, rows: readonly ObservedRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = (value: (row: ObservedRow) => unknown): unknown[] => rows.map(value);
  await tx.query(
    `insert into observed (cluster, kind, key, scope, uid, resource_version, epoch, gone, body, seen_at)
     select *, now() from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::jsonb[])
     on conflict (cluster, kind, key) do update set scope = excluded.scope, uid = excluded.uid,
       resource_version = excluded.resource_version, epoch = excluded.epoch, gone = excluded.gone, body = excluded.body, seen_at = now()`,
    [
      column((row) => row.cluster),
      column((row) => row.kind),
      column((row) => row.key),
      column((row) => row.scope),
      column((row) => row.uid),
      column((row) => row.resourceVersion),
      column((row) => row.epoch),
      column((row) => row.gone),
      column((row) => JSON.stringify(row.body)),
    ],
  );
}

export async function epochsOf(tx: Queryable, { cluster, scope }: ListOf): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ epoch: string; ordinal: number }>(
    'select epoch, ordinal from observation_epochs where cluster = $1 and scope = $2',
    [cluster, scope],
  );
  return new Map(rows.map((row) => [row.epoch, row.ordinal]));
}

/** Which list of a cluster: a kind, or a Kubernetes kind of workloads. */
export interface ListOf {
  readonly cluster: string;
  readonly scope: string;
}

/** The order with this epoch in it; one that was never seen is the newest. */
export async function noteEpoch(
  tx: Queryable,
  { cluster, scope }: ListOf,
  epoch: string,
  known: EpochOrder,
): Promise<Map<string, number>> {
  if (known.has(epoch)) return new Map(known);
  const ordinal = Math.max(0, ...known.values()) + 1;
  await tx.query(
    'insert into observation_epochs (cluster, scope, epoch, ordinal) values ($1, $2, $3, $4) on conflict do nothing',
    [cluster, scope, epoch, ordinal],
  );
  await tx.query('delete from observation_epochs where cluster = $1 and scope = $2 and ordinal <= $3', [
    cluster,
    scope,
    ordinal - EPOCHS_KEPT,
  ]);
  return new Map(known).set(epoch, ordinal);
}

export async function scopesOf(tx: Queryable, cluster: string, kind: string): Promise<string[]> {
  const { rows } = await tx.query<{ scope: string }>(
    `select distinct scope from observed where cluster = $1 and (scope = $2 or scope like $2 || '/%' or scope = 'workload/' || $2)`,
    [cluster, kind],
  );
  return rows.map((row) => row.scope);
}

export async function countOf(
  tx: Queryable,
  cluster: string,
  scopes: readonly string[],
  epoch: string,
): Promise<number> {
  const { rows } = await tx.query<{ count: number }>(
    'select count(*)::int as count from observed where cluster = $1 and scope = any($2) and epoch = $3',
    [cluster, scopes, epoch],
  );
  return rows[0]?.count ?? 0;
}

/** What is alive in these scopes and was not in the list of this epoch; null: everything. Ends of long ago are forgotten. */
export async function leftovers(
  tx: Queryable,
  cluster: string,
  scopes: readonly string[],
  epoch: string | null,
): Promise<ObservedRow[]> {
  await tx.query(
    `delete from observed where cluster = $1 and gone and seen_at < now() - interval '${GONE_KEPT}'`,
    [cluster],
  );
  const { rows } = await tx.query<Stored>(
    'select * from observed where cluster = $1 and scope = any($2) and not gone and ($3::text is null or epoch <> $3)',
    [cluster, scopes, epoch],
  );
  return rows.map(observedRow);
}

export interface ObservedNode {
  readonly name: string;
  readonly machineId: string;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  readonly containerRuntime: string;
}
export async function liveNodes(
  db: Queryable,
  cluster: string | null,
): Promise<(ObservedNode & { readonly cluster: string })[]> {
  const { rows } = await db.query<{ cluster: string; body: ObservedNode }>(
    `select cluster, body from observed where kind = 'node' and not gone and ($1::text is null or cluster = $1) order by cluster, key`,
    [cluster],
  );
  return rows.map((row) => ({ cluster: row.cluster, ...row.body }));
}
