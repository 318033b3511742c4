/**
 * Policy objects in both forms, every provisioned version, and what each object was at each version. The book in memory
 * starts from these tables; older versions are read from them.
 */
import type { Actor, ProvisionableType } from '@ringfence/contracts';
import type { Projection, StoredEvent } from '@ringfence/event-store';
import type pg from 'pg';
import { objectsByType } from '../domain/policy-book.js';
import type { Change, Entry, ObjectDrafted, PolicyBook, Provisioned } from '../domain/policy-book.js';
import type { ObjectKey, PolicyObject, Touched, UpdateType } from '../domain/policy-object.js';

export const policyObjectsProjection: Projection = {
  name: 'policy-objects',
  version: 1,
  tables: `
    create table if not exists policy_objects (
      type text not null, id text not null, draft jsonb, active jsonb, update_type text,
      touched jsonb not null, active_touched jsonb, primary key (type, id));
    create table if not exists policy_versions (
      version int primary key, note text not null, at timestamptz not null, actor jsonb not null,
      changes jsonb not null, workloads_affected int not null);
    create table if not exists policy_history (
      type text not null, id text not null, version int not null, update_type text not null,
      object jsonb, touched jsonb not null, primary key (type, id, version));
    create index if not exists policy_history_by_version on policy_history (version);
  `,
  apply: async (tx, event) => {
    if (event.type === 'PolicyObjectDrafted') await drafted(tx, event.data as ObjectDrafted['data']);
    else if (event.type === 'PolicyObjectReverted') await reverted(tx, event.data as ObjectKey);
    else if (event.type === 'PolicyProvisioned') await provisioned(tx, event);
  },
};

async function drafted(
  tx: pg.PoolClient,
  { type, id, object, updateType, touched }: ObjectDrafted['data'],
): Promise<void> {
  await tx.query(
    `insert into policy_objects (type, id, draft, update_type, touched) values ($1, $2, $3, $4, $5)
     on conflict (type, id) do update set draft = excluded.draft, update_type = excluded.update_type, touched = excluded.touched`,
    [type, id, object === null ? null : JSON.stringify(object), updateType, JSON.stringify(touched)],
  );
}

async function reverted(tx: pg.PoolClient, { type, id }: ObjectKey): Promise<void> {
  await tx.query('delete from policy_objects where type = $1 and id = $2 and active is null', [type, id]);
  await tx.query(
    `update policy_objects set draft = active, update_type = null, touched = coalesce(active_touched, touched)
     where type = $1 and id = $2`,
    [type, id],
  );
}

async function provisioned(tx: pg.PoolClient, event: StoredEvent): Promise<void> {
  const { version, note, changes, workloadsAffected } = event.data as Provisioned['data'];
  const chosen = [JSON.stringify(changes)];
  const isChosen = `(type, id) in (select c->>'type', c->>'id' from jsonb_array_elements($1::jsonb) as c)`;
  await tx.query(
    `insert into policy_versions (version, note, at, actor, changes, workloads_affected) values ($1, $2, $3, $4, $5, $6)`,
    [Number(version), note, event.at, JSON.stringify(event.actor), chosen[0], workloadsAffected],
  );
  await tx.query(
    `insert into policy_history (type, id, version, update_type, object, touched)
     select type, id, $2, update_type, draft, touched from policy_objects where ${isChosen}`,
    [...chosen, Number(version)],
  );
  await tx.query(`delete from policy_objects where draft is null and ${isChosen}`, chosen);
  await tx.query(
    `update policy_objects set active = draft, update_type = null, active_touched = touched where ${isChosen}`,
    chosen,
  );
}

type Queryable = Pick<pg.ClientBase, 'query'>;

interface ObjectRow {
  type: ProvisionableType;
  id: string;
  draft: PolicyObject | null;
  active: PolicyObject | null;
  update_type: UpdateType | null;
  touched: Touched;
  active_touched: Touched | null;
}

/** The book as of the transaction, in the order of creation as far as ids rise. */
export async function loadBook(db: Queryable): Promise<PolicyBook> {
  const { rows } = await db.query<ObjectRow>('select * from policy_objects order by type, length(id), id');
  const latest = await db.query<{ version: number }>(
    'select coalesce(max(version), 0) as version from policy_versions',
  );
  const objects = objectsByType(() => new Map<string, Entry>());
  for (const row of rows) {
    const { type, id, draft, active, touched } = row;
    objects[type].set(id, {
      type,
      id,
      draft,
      active,
      updateType: row.update_type,
      touched,
      activeTouched: row.active_touched,
    });
  }
  return { version: latest.rows[0]?.version ?? 0, objects };
}

export interface VersionView {
  readonly version: number;
  readonly note: string;
  readonly at: string;
  readonly actor: Actor;
  readonly changes: readonly Change[];
  readonly workloadsAffected: number;
}
interface VersionRow {
  version: number;
  note: string;
  at: Date;
  actor: Actor;
  changes: Change[];
  workloads_affected: number;
}
const versionView = ({ at, workloads_affected, ...row }: VersionRow): VersionView => ({
  ...row,
  at: at.toISOString(),
  workloadsAffected: workloads_affected,
});

/** Newest first. */
export async function listVersions(
  db: Queryable,
  limit: number,
): Promise<{ versions: VersionView[]; total: number }> {
  const { rows } = await db.query<VersionRow>(
    'select * from policy_versions order by version desc limit $1',
    [limit],
  );
  const count = await db.query<{ total: number }>('select count(*)::int as total from policy_versions');
  return { versions: rows.map(versionView), total: count.rows[0]?.total ?? 0 };
}

export async function readVersion(db: Queryable, version: number): Promise<VersionView | null> {
  const { rows } = await db.query<VersionRow>('select * from policy_versions where version = $1', [version]);
  return rows[0] === undefined ? null : versionView(rows[0]);
}

export interface HistoricObject {
  readonly type: ProvisionableType;
  readonly id: string;
  readonly updateType: UpdateType;
  /** Null: that version deleted it. */
  readonly object: PolicyObject | null;
  readonly touched: Touched;
}
interface HistoryRow {
  type: ProvisionableType;
  id: string;
  update_type: UpdateType;
  object: PolicyObject | null;
  touched: Touched;
}
const historicObject = ({ update_type, ...row }: HistoryRow): HistoricObject => ({
  ...row,
  updateType: update_type,
});

/** Everything that was in force at that version. */
export async function objectsAtVersion(db: Queryable, version: number): Promise<HistoricObject[]> {
  const { rows } = await db.query<HistoryRow>(
    `select * from (select distinct on (type, id) * from policy_history where version <= $1 order by type, id, version desc) as last
     where object is not null order by type, length(id), id`,
    [version],
  );
  return rows.map(historicObject);
}

/** What that version changed; of a deleted object, as it was before. */
export async function objectsModifiedBy(db: Queryable, version: number): Promise<HistoricObject[]> {
  const { rows } = await db.query<HistoryRow>(
    `select h.type, h.id, h.update_type, h.touched, coalesce(h.object, (
       select b.object from policy_history b where b.type = h.type and b.id = h.id and b.version < h.version
       order by b.version desc limit 1)) as object
     from policy_history h where h.version = $1 order by h.type, length(h.id), h.id`,
    [version],
  );
  return rows.map(historicObject);
}
