/**
 * What flow-ingest must know of others to answer in their words: labels by id, names of clusters, the active form of IP lists and
 * label groups. Folded from EVENTS; the owners decide, this only remembers.
 */
import {
  ContainerClusterState,
  LabelState,
  PolicyObjectDraft,
  PolicyVersionState,
} from '@ringfence/contracts';
import type { Envelope, IpList, LabelGroup } from '@ringfence/contracts';
import type pg from 'pg';

export interface Names {
  readonly labels: ReadonlyMap<string, { readonly key: string; readonly value: string }>;
  readonly clusters: ReadonlyMap<string, string>;
  readonly ipLists: ReadonlyMap<string, IpList>;
  readonly labelGroups: ReadonlyMap<string, LabelGroup>;
}

/** Later events replace earlier ones; a deleted label stays, because flows of the past carry it. */
export async function rememberName(tx: pg.ClientBase, event: Envelope): Promise<void> {
  switch (event.type) {
    case 'LabelCreated':
    case 'LabelChanged': {
      const label = LabelState.parse(event.data);
      await upsert(tx, 'labels (id, key, value)', [label.id, label.key, label.value], 'key = $2, value = $3');
      return;
    }
    case 'ContainerClusterCreated':
    case 'ContainerClusterChanged': {
      const cluster = ContainerClusterState.parse(event.data);
      await upsert(tx, 'clusters (id, name)', [cluster.id, cluster.name], 'name = $2');
      return;
    }
    case 'PolicyObjectDrafted':
    case 'PolicyObjectReverted':
    case 'PolicyProvisioned':
      await rememberPolicy(tx, event);
      return;
  }
}

async function rememberPolicy(tx: pg.ClientBase, event: Envelope): Promise<void> {
  if (event.type === 'PolicyObjectDrafted') {
    const draft = PolicyObjectDraft.parse(event.data);
    if (!isNeeded(draft.type)) return;
    const object = draft.object === null || draft.object === undefined ? null : JSON.stringify(draft.object);
    const sql = `insert into policy_objects (type, id, draft) values ($1, $2, $3)
                 on conflict (type, id) do update set draft = excluded.draft`;
    await tx.query(sql, [draft.type, draft.id, draft.updateType === 'delete' ? null : object]);
  } else if (event.type === 'PolicyObjectReverted') {
    const { type, id } = PolicyObjectDraft.pick({ type: true, id: true }).parse(event.data);
    await tx.query('update policy_objects set draft = active where type = $1 and id = $2', [type, id]);
  } else {
    const { changes } = PolicyVersionState.parse(event.data);
    for (const change of changes.filter((one) => isNeeded(one.type))) {
      await tx.query('update policy_objects set active = draft where type = $1 and id = $2', [
        change.type,
        change.id,
      ]);
    }
  }
}

const isNeeded = (type: string): boolean => type === 'ip_lists' || type === 'label_groups';

async function upsert(
  tx: pg.ClientBase,
  into: string,
  values: readonly string[],
  set: string,
): Promise<void> {
  const places = values.map((_, index) => `$${String(index + 1)}`).join(', ');
  await tx.query(`insert into ${into} values (${places}) on conflict (id) do update set ${set}`, [...values]);
}

export async function readNames(pool: pg.Pool): Promise<Names> {
  const labels = await pool.query<{ id: string; key: string; value: string }>(
    'select id, key, value from labels',
  );
  const clusters = await pool.query<{ id: string; name: string }>('select id, name from clusters');
  const objects = await pool.query<{ type: string; id: string; active: unknown }>(
    'select type, id, active from policy_objects where active is not null',
  );
  const ofType = <T>(type: string): Map<string, T> =>
    new Map(objects.rows.filter((row) => row.type === type).map((row) => [row.id, row.active as T]));
  return {
    labels: new Map(labels.rows.map((row) => [row.id, { key: row.key, value: row.value }])),
    clusters: new Map(clusters.rows.map((row) => [row.id, row.name])),
    ipLists: ofType<IpList>('ip_lists'),
    labelGroups: ofType<LabelGroup>('label_groups'),
  };
}

/** The labels of a group and of the groups below it; a group that names itself is walked once. */
export function labelsOfGroup(
  groups: Names['labelGroups'],
  id: string,
  seen = new Set<string>(),
): readonly string[] {
  const group = groups.get(id);
  if (group === undefined || seen.has(id)) return [];
  seen.add(id);
  return [...group.labels, ...group.subGroups.flatMap((sub) => labelsOfGroup(groups, sub, seen))];
}
