/**
 * The facts table: every namespace, node, workload and Service as last observed, and the order of their lists. SQL where they
 * come in hundreds (`npm run bench -- rows`).
 */
import type pg from 'pg';
import { EntitySchema, In, LessThan, LessThanOrEqual, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { EpochOrder, ObservedObject } from '../../domain/observed-object.calculator.js';

export interface ObservedKey {
  readonly cluster: string;
  readonly kind: string;
  readonly key: string;
}
export interface ObservedRow extends ObservedKey, ObservedObject {
  /** What a list marker sweeps: the kind, and for workloads also the Kubernetes kind. */
  readonly scope: string;
}
interface Stored extends ObservedRow {
  readonly body: object;
  readonly seenAt: Date;
}

export const ObservedEntity = new EntitySchema<Stored>({
  name: 'Observed',
  tableName: 'observed',
  columns: {
    cluster: { type: 'text', primary: true },
    kind: { type: 'text', primary: true },
    key: { type: 'text', primary: true },
    scope: { type: 'text' },
    uid: { type: 'text' },
    resourceVersion: { name: 'resource_version', type: 'text' },
    epoch: { type: 'text' },
    gone: { type: 'boolean' },
    body: { type: 'jsonb' },
    seenAt: { name: 'seen_at', type: 'timestamptz' },
  },
  indices: [{ name: 'observed_cluster_scope_epoch_idx', columns: ['cluster', 'scope', 'epoch'] }],
});

/** Which list of a cluster: a kind, or a Kubernetes kind of workloads. */
export interface ListOf {
  readonly cluster: string;
  readonly scope: string;
}
interface EpochRow extends ListOf {
  readonly epoch: string;
  readonly ordinal: number;
}

export const ObservationEpochEntity = new EntitySchema<EpochRow>({
  name: 'ObservationEpoch',
  tableName: 'observation_epochs',
  columns: {
    cluster: { type: 'text', primary: true },
    scope: { type: 'text', primary: true },
    epoch: { type: 'text', primary: true },
    ordinal: { type: 'int' },
  },
});

type Queryable = Pick<pg.ClientBase, 'query'>;

/** Epochs of one list that are remembered; a delivery older than that many lists is not expected. */
const EPOCHS_KEPT = 16;
/** How long the end of an object is remembered, against deliveries that come late. */
const GONE_KEPT_MS = 86_400_000;

export const rowId = ({ cluster, kind, key }: ObservedKey): string => `${cluster}/${kind}/${key}`;

export async function loadObserved(
  tx: Queryable,
  keys: readonly ObservedKey[],
): Promise<Map<string, ObservedRow>> {
  const { rows } = await tx.query<ObservedRow>(
    `select o.*, o.resource_version as "resourceVersion" from observed o join unnest($1::text[], $2::text[], $3::text[]) as k(cluster, kind, key)
       on o.cluster = k.cluster and o.kind = k.kind and o.key = k.key`,
    [keys.map((each) => each.cluster), keys.map((each) => each.kind), keys.map((each) => each.key)],
  );
  return new Map(rows.map((row) => [rowId(row), row]));
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

export async function epochsOf(
  entities: EntityManager,
  { cluster, scope }: ListOf,
): Promise<Map<string, number>> {
  const rows = await entities.findBy(ObservationEpochEntity, { cluster, scope });
  return new Map(rows.map((row) => [row.epoch, row.ordinal]));
}

/** The order with this epoch in it; one that was never seen is the newest. */
export async function noteEpoch(
  entities: EntityManager,
  { cluster, scope }: ListOf,
  epoch: string,
  known: EpochOrder,
): Promise<Map<string, number>> {
  if (known.has(epoch)) return new Map(known);
  const ordinal = Math.max(0, ...known.values()) + 1;
  const row = { cluster, scope, epoch, ordinal };
  await entities.createQueryBuilder().insert().into(ObservationEpochEntity).values(row).orIgnore().execute();
  const old = LessThanOrEqual(ordinal - EPOCHS_KEPT);
  await entities.delete(ObservationEpochEntity, { cluster, scope, ordinal: old });
  return new Map(known).set(epoch, ordinal);
}

/** Of a cluster, all. */
export async function scopesIn(entities: EntityManager, cluster: string): Promise<string[]> {
  const rows = await entities
    .createQueryBuilder(ObservedEntity, 'observed')
    .select('distinct observed.scope', 'scope')
    .where({ cluster })
    .getRawMany<{ scope: string }>();
  return rows.map(({ scope }) => scope);
}

/** What a list of this kind sweeps. */
export async function scopesOf(entities: EntityManager, cluster: string, kind: string): Promise<string[]> {
  const scopes = await scopesIn(entities, cluster);
  return scopes.filter(
    (scope) => scope === kind || scope === `workload/${kind}` || scope.startsWith(`${kind}/`),
  );
}

export const countOf = (
  entities: EntityManager,
  cluster: string,
  scopes: readonly string[],
  epoch: string,
): Promise<number> => entities.countBy(ObservedEntity, { cluster, scope: In(scopes), epoch });

/** What is alive in these scopes and was not in the list of this epoch; null: everything. Ends of long ago are forgotten. */
export async function leftovers(
  entities: EntityManager,
  cluster: string,
  scopes: readonly string[],
  epoch: string | null,
): Promise<ObservedRow[]> {
  const longAgo = LessThan(new Date(Date.now() - GONE_KEPT_MS));
  await entities.delete(ObservedEntity, { cluster, gone: true, seenAt: longAgo });
  const unlisted = epoch === null ? {} : { epoch: Not(epoch) };
  return entities.findBy(ObservedEntity, { cluster, scope: In(scopes), gone: false, ...unlisted });
}

export interface ObservedNode {
  readonly name: string;
  readonly machineId: string;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  readonly containerRuntime: string;
}

/** Of a cluster, or of all. */
export async function liveNodes(
  entities: EntityManager,
  cluster?: string,
): Promise<(ObservedNode & { readonly cluster: string })[]> {
  const rows = await entities.find(ObservedEntity, {
    where: { kind: 'node', gone: false, ...(cluster !== undefined && { cluster }) },
    order: { cluster: 'asc', key: 'asc' },
  });
  return rows.map((row) => ({ cluster: row.cluster, ...(row.body as ObservedNode) }));
}
