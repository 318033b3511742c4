/**
 * Policy objects in both forms, every provisioned version, and what each object was at each version. The book in memory
 * starts from these tables; older versions are read from them.
 */
import type { Actor, ProvisionableType } from '@ringfence/contracts';
import { entitiesIn } from '@ringfence/event-store';
import type { Documents, Projection, StoredEvent } from '@ringfence/event-store';
import type pg from 'pg';
import { EntitySchema, IsNull, LessThan, LessThanOrEqual, Not } from 'typeorm';
import type { EntityManager, QueryDeepPartialEntity, SelectQueryBuilder } from 'typeorm';
import { EMPTY_BOOK, objectsByType } from '../domain/policy-book.js';
import type {
  Change,
  Entry,
  ObjectDrafted,
  PolicyBook,
  Provisioned,
  RulesDrafted,
  SecondPerson,
  SecondPersonChanged,
} from '../domain/policy-book.js';
import type { ObjectKey, PolicyObject, Touched, UpdateType } from '../domain/policy-object.js';
import { withRuleChanges } from '../domain/rule-changes.js';
import { secondPerson, securityPrincipals, serviceBindings } from './policy-documents.js';
import { forgetRuleDrafts, rememberRuleDrafts, ruleDrafts } from './rule-drafts.js';

export const policyObjectsProjection: Projection = {
  name: 'policy-objects',
  version: 4,
  tables: `
    create table if not exists policy_objects (
      type text not null, id text not null, draft jsonb, active jsonb, update_type text,
      touched jsonb not null, active_touched jsonb, writers jsonb not null, primary key (type, id));
    create table if not exists policy_rule_drafts (
      rule_set text not null, list text not null, id text not null, rule jsonb, place bigint not null,
      primary key (rule_set, list, id));
    create table if not exists policy_versions (
      version int primary key, note text not null, at timestamptz not null, actor jsonb not null,
      changes jsonb not null, workloads_affected int not null, counts jsonb not null);
    create table if not exists policy_history (
      type text not null, id text not null, version int not null, update_type text not null,
      object jsonb, touched jsonb not null, primary key (type, id, version));
    create index if not exists policy_history_by_version on policy_history (version);
  `,
  apply: async (tx, events) => {
    for (const event of events) {
      if (event.type === 'PolicyObjectDrafted') await drafted(tx, event.data as ObjectDrafted['data']);
      else if (event.type === 'PolicyRulesDrafted') await rulesDrafted(tx, event);
      else if (event.type === 'PolicyObjectReverted') await reverted(tx, event.data as ObjectKey);
      else if (event.type === 'PolicyProvisioned') await provisioned(tx, event);
    }
  },
};

interface ObjectRow {
  readonly type: ProvisionableType;
  readonly id: string;
  readonly draft: PolicyObject | null;
  readonly active: PolicyObject | null;
  readonly updateType: UpdateType | null;
  readonly touched: Touched;
  readonly activeTouched: Touched | null;
  readonly writers: readonly Actor[];
}

export const PolicyObjectEntity = new EntitySchema<ObjectRow>({
  name: 'PolicyObject',
  tableName: 'policy_objects',
  columns: {
    type: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    draft: { type: 'jsonb', nullable: true },
    active: { type: 'jsonb', nullable: true },
    updateType: { name: 'update_type', type: 'text', nullable: true },
    touched: { type: 'jsonb' },
    activeTouched: { name: 'active_touched', type: 'jsonb', nullable: true },
    writers: { type: 'jsonb' },
  },
});

interface VersionRow {
  readonly version: number;
  readonly note: string;
  readonly at: Date;
  readonly actor: Actor;
  readonly changes: Change[];
  readonly workloadsAffected: number;
  /** Objects in force, by type; one that is not there has none. */
  readonly counts: Readonly<Record<string, number>>;
}

export const PolicyVersionEntity = new EntitySchema<VersionRow>({
  name: 'PolicyVersion',
  tableName: 'policy_versions',
  columns: {
    version: { type: 'int', primary: true },
    note: { type: 'text' },
    at: { type: 'timestamptz' },
    actor: { type: 'jsonb' },
    changes: { type: 'jsonb' },
    workloadsAffected: { name: 'workloads_affected', type: 'int' },
    counts: { type: 'jsonb' },
  },
});

async function drafted(
  tx: pg.PoolClient,
  { type, id, object, updateType, touched }: ObjectDrafted['data'],
): Promise<void> {
  await forgetRuleDrafts(entitiesIn(tx), { type, id });
  await tx.query(
    `insert into policy_objects (type, id, draft, update_type, touched, writers)
     values ($1, $2, $3::jsonb, $4, $5::jsonb, jsonb_build_array($5::jsonb #> '{updated,by}'))
     on conflict (type, id) do update
     set draft = excluded.draft, update_type = excluded.update_type, touched = excluded.touched,
       writers = ${withWriter('excluded.touched')}`,
    [type, id, object && JSON.stringify(object), updateType, JSON.stringify(touched)],
  );
}

/** Each once. SQL, as it adds to what is there. */
const withWriter = (touched: string): string => `policy_objects.writers ||
  case when policy_objects.writers @> jsonb_build_array(${touched} #> '{updated,by}') then '[]'::jsonb
  else jsonb_build_array(${touched} #> '{updated,by}') end`;

/** Beside the draft, which is not written anew for one of its rules. */
async function rulesDrafted(tx: pg.PoolClient, event: StoredEvent): Promise<void> {
  const { type, id, lists, updateType, touched } = event.data as RulesDrafted['data'];
  const entities = entitiesIn(tx);
  await rememberRuleDrafts(entities, id, lists, event.position);
  await tx.query(
    `update policy_objects set update_type = $3, touched = $4::jsonb, writers = ${withWriter('$4::jsonb')}
     where type = $1 and id = $2`,
    [type, id, updateType, JSON.stringify(touched)],
  );
}

async function completeDraft(entities: EntityManager, key: ObjectKey): Promise<void> {
  const changes = (await ruleDrafts(entities, key)).get(key.id);
  if (changes === undefined) return;
  const { type, id } = key;
  const { draft } = await entities.findOneByOrFail(PolicyObjectEntity, { type, id });
  const row = { draft: withRuleChanges(draft as PolicyObject<'rule_sets'>, changes) };
  await entities.update(PolicyObjectEntity, { type, id }, row as QueryDeepPartialEntity<ObjectRow>);
  await forgetRuleDrafts(entities, key);
}

async function reverted(tx: pg.PoolClient, { type, id }: ObjectKey): Promise<void> {
  const objects = entitiesIn(tx).getRepository(PolicyObjectEntity);
  await forgetRuleDrafts(entitiesIn(tx), { type, id });
  await objects.delete({ type, id, active: IsNull() });
  const asActive = { draft: () => 'active', touched: () => 'coalesce(active_touched, touched)' };
  await objects.update({ type, id }, { ...asActive, updateType: null, writers: [] });
}

/** SQL where one statement moves everything that was chosen (`npm run bench -- rows`). */
async function provisioned(tx: pg.PoolClient, event: StoredEvent): Promise<void> {
  const { note, changes, workloadsAffected } = event.data as Provisioned['data'];
  const version = Number((event.data as Provisioned['data']).version);
  const chosen = [JSON.stringify(changes)];
  for (const change of changes) if (change.type === 'rule_sets') await completeDraft(entitiesIn(tx), change);
  const isChosen = `(type, id) in (select c->>'type', c->>'id' from jsonb_array_elements($1::jsonb) as c)`;
  await tx.query(
    `insert into policy_history (type, id, version, update_type, object, touched)
     select type, id, $2, update_type, draft, touched from policy_objects where ${isChosen}`,
    [...chosen, version],
  );
  await tx.query(`delete from policy_objects where draft is null and ${isChosen}`, chosen);
  await tx.query(
    `update policy_objects set active = draft, update_type = null, active_touched = touched, writers = '[]' where ${isChosen}`,
    chosen,
  );
  const about = {
    note,
    at: new Date(event.at),
    actor: event.actor,
    changes: [...changes],
    workloadsAffected,
  };
  const row = { version, ...about, counts: await countsInForce(tx) };
  await entitiesIn(tx).insert(PolicyVersionEntity, row as QueryDeepPartialEntity<VersionRow>);
}

async function countsInForce(tx: pg.PoolClient): Promise<VersionRow['counts']> {
  const { rows } = await tx.query<{ type: string; count: number }>(
    'select type, count(*)::int as count from policy_objects where active is not null group by type',
  );
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
}

async function liveById<T extends object>(
  documents: Documents<T>,
  entities: EntityManager,
): Promise<ReadonlyMap<string, T>> {
  return new Map((await documents.live(entities)).map(({ id, body }) => [id, body]));
}

const pick = ({ required, said }: SecondPersonChanged['data']): SecondPerson => ({ required, said });

/** The book as of the transaction, in the order of creation as far as ids rise. */
export async function loadBook(entities: EntityManager): Promise<PolicyBook> {
  const rows = await entities
    .createQueryBuilder(PolicyObjectEntity, 'object')
    .orderBy({ 'object.type': 'ASC', 'length(object.id)': 'ASC', 'object.id': 'ASC' })
    .getMany();
  const objects = objectsByType(() => new Map<string, Entry>());
  for (const row of rows) objects[row.type].set(row.id, row);
  for (const [id, changes] of await ruleDrafts(entities)) {
    const entry = objects.rule_sets.get(id) as Entry<'rule_sets'>;
    objects.rule_sets.set(id, { ...entry, draft: withRuleChanges(entry.draft!, changes) });
  }
  const version = (await entities.maximum(PolicyVersionEntity, 'version')) ?? 0;
  const bindings = await liveById(serviceBindings, entities);
  const [said] = await secondPerson.live(entities);
  return {
    ...{ version, objects, bindings, principals: await liveById(securityPrincipals, entities) },
    secondPerson: said === undefined ? EMPTY_BOOK.secondPerson : pick(said.body),
  };
}

export interface VersionView extends Omit<VersionRow, 'at'> {
  readonly at: string;
}
const versionView = (row: VersionRow): VersionView => ({ ...row, at: row.at.toISOString() });

/** Newest first. */
export async function listVersions(
  entities: EntityManager,
  limit: number,
): Promise<{ versions: VersionView[]; total: number }> {
  const order = { version: 'desc' } as const;
  const [rows, total] = await entities.findAndCount(PolicyVersionEntity, { order, take: limit });
  return { versions: rows.map(versionView), total };
}

/** That was in force at a moment; 0: before the first. */
export async function versionAt(entities: EntityManager, at: string): Promise<number> {
  return (await entities.maximum(PolicyVersionEntity, 'version', { at: LessThanOrEqual(new Date(at)) })) ?? 0;
}

export async function readVersion(entities: EntityManager, version: number): Promise<VersionView | null> {
  const row = await entities.findOneBy(PolicyVersionEntity, { version });
  return row === null ? null : versionView(row);
}

/** What an object was at a version that changed it. */
export interface HistoricObject {
  readonly type: ProvisionableType;
  readonly id: string;
  readonly version: number;
  readonly updateType: UpdateType;
  /** Null: that version deleted it. */
  readonly object: PolicyObject | null;
  readonly touched: Touched;
}

export const PolicyHistoryEntity = new EntitySchema<HistoricObject>({
  name: 'PolicyHistory',
  tableName: 'policy_history',
  columns: {
    type: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    version: { type: 'int', primary: true },
    updateType: { name: 'update_type', type: 'text' },
    object: { type: 'jsonb', nullable: true },
    touched: { type: 'jsonb' },
  },
  indices: [{ name: 'policy_history_by_version', columns: ['version'] }],
});

const IS_LAST = `not exists (select 1 from policy_history later
  where later.type = history.type and later.id = history.id and later.version > history.version and later.version <= :version)`;

const history = (entities: EntityManager): SelectQueryBuilder<HistoricObject> =>
  entities
    .createQueryBuilder(PolicyHistoryEntity, 'history')
    .orderBy({ 'history.type': 'ASC', 'length(history.id)': 'ASC', 'history.id': 'ASC' });

/** Everything that was in force at that version. */
export const objectsAtVersion = (entities: EntityManager, version: number): Promise<HistoricObject[]> =>
  history(entities)
    .where({ version: LessThanOrEqual(version), object: Not(IsNull()) })
    .andWhere(IS_LAST, { version })
    .getMany();

/** What that version changed; of a deleted object, as it was before. */
export async function objectsModifiedBy(entities: EntityManager, version: number): Promise<HistoricObject[]> {
  const modified: HistoricObject[] = [];
  for (const row of await history(entities).where({ version }).getMany())
    modified.push({ ...row, object: row.object ?? (await objectBefore(entities, row)) });
  return modified;
}

async function objectBefore(
  entities: EntityManager,
  { type, id, version }: HistoricObject,
): Promise<PolicyObject | null> {
  const [before] = await entities.find(PolicyHistoryEntity, {
    where: { type, id, version: LessThan(version) },
    order: { version: 'desc' },
    take: 1,
  });
  return before?.object ?? null;
}
