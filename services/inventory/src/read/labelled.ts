/**
 * What label-resolver said: labels, profiles and the labels of entities, kept to be shown, and to tell whether a label that
 * a caller names exists. No event of inventory follows from these rows by itself, so the facts lane does not turn back. Messages come once and in order.
 */
import { EntityLabelsState, LabelState, ProfileState } from '@ringfence/contracts';
import type { Envelope } from '@ringfence/contracts';
import type pg from 'pg';

export interface KnownLabel {
  readonly id: string;
  readonly key: string;
  readonly value: string;
}
export interface KnownProfile {
  readonly id: string;
  readonly name: string;
}
type Queryable = Pick<pg.ClientBase, 'query'>;

export async function applyLabelled(tx: Queryable, event: Envelope): Promise<void> {
  switch (event.type) {
    case 'LabelCreated':
    case 'LabelChanged': {
      const { id, key, value } = LabelState.parse(event.data);
      await tx.query(
        'insert into known_labels values ($1, $2, $3) on conflict (id) do update set value = excluded.value',
        [id, key, value],
      );
      return;
    }
    case 'ProfileCreated':
    case 'ProfileChanged': {
      const { id, cluster, namespace, name } = ProfileState.parse(event.data);
      await tx.query(
        'insert into known_profiles values ($1, $2, $3, $4) on conflict (id) do update set namespace = excluded.namespace, name = excluded.name',
        [id, cluster, namespace, name],
      );
      return;
    }
    case 'EntityLabelled': {
      const entity = EntityLabelsState.parse(event.data);
      await tx.query(
        'insert into entities values ($1, $2, $3) on conflict (id) do update set body = excluded.body',
        [entity.id, entity.cluster, JSON.stringify(entity)],
      );
      return;
    }
    default:
      return forget(tx, event);
  }
}

const TABLES: Readonly<Record<string, string>> = {
  LabelDeleted: 'known_labels',
  ProfileDeleted: 'known_profiles',
  EntityUnlabelled: 'entities',
};

async function forget(tx: Queryable, event: Envelope): Promise<void> {
  const table = TABLES[event.type];
  if (table !== undefined)
    await tx.query(`delete from ${table} where id = $1`, [(event.data as { id: string }).id]);
}

export async function knownLabels(db: Queryable, ids?: readonly string[]): Promise<Map<string, KnownLabel>> {
  const { rows } = await db.query<KnownLabel>(
    'select id, key, value from known_labels where $1::text[] is null or id = any($1)',
    [ids ?? null],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export async function entities(db: Queryable): Promise<Map<string, EntityLabelsState>> {
  const { rows } = await db.query<{ body: EntityLabelsState }>('select body from entities');
  return new Map(rows.map(({ body }) => [body.id, body]));
}

/** By `cluster/namespace`. */
export async function profilesByNamespace(db: Queryable): Promise<Map<string, KnownProfile>> {
  const { rows } = await db.query<KnownProfile & { cluster: string; namespace: string }>(
    'select id, name, cluster, namespace from known_profiles where namespace is not null',
  );
  return new Map(rows.map(({ cluster, namespace, id, name }) => [`${cluster}/${namespace}`, { id, name }]));
}
