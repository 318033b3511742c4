/**
 * What flow-ingest must know of others to answer in their words: labels by id, names of clusters, the active form of IP lists and
 * label groups. The owners decide, this only remembers; policy objects are folded from their drafts and provisions, each
 * taken once, however often they are said.
 */
import { PolicyObjectDraft, PolicyVersionState } from '@ringfence/contracts';
import type { Envelope, IpList, LabelGroup } from '@ringfence/contracts';
import { mirror } from '@ringfence/event-store';
import type { Mirrored } from '@ringfence/event-store';
import type pg from 'pg';

export interface Names {
  readonly labels: ReadonlyMap<string, { readonly key: string; readonly value: string }>;
  readonly clusters: ReadonlyMap<string, string>;
  readonly ipLists: ReadonlyMap<string, IpList>;
  readonly labelGroups: ReadonlyMap<string, LabelGroup>;
}

const called = mirror({ kinds: ['label', 'container-cluster'] });
type Called = Mirrored<'label' | 'container-cluster'>;

export async function rememberName(tx: pg.ClientBase, event: Envelope): Promise<void> {
  if (POLICY_EVENTS.has(event.type)) await rememberPolicy(tx, event);
  else for (const news of await called.take(tx, [event])) await rememberCalled(tx, news);
}

/** What is gone keeps its name, because flows of the past carry it. */
async function rememberCalled(tx: pg.ClientBase, { kind, state }: Called): Promise<void> {
  if (state === null) return;
  if (kind === 'label')
    await tx.query(
      'insert into labels values ($1, $2, $3) on conflict (id) do update set key = $2, value = $3',
      [state.id, state.key, state.value],
    );
  else
    await tx.query('insert into clusters values ($1, $2) on conflict (id) do update set name = $2', [
      state.id,
      state.name,
    ]);
}

const POLICY_EVENTS = new Set(['PolicyObjectDrafted', 'PolicyObjectReverted', 'PolicyProvisioned']);

async function rememberPolicy(tx: pg.ClientBase, event: Envelope): Promise<void> {
  const { position } = event;
  if (event.type === 'PolicyObjectDrafted') {
    const draft = PolicyObjectDraft.parse(event.data);
    if (!isNeeded(draft.type)) return;
    const object = draft.object === null || draft.object === undefined ? null : JSON.stringify(draft.object);
    const sql = `insert into policy_objects as o (type, id, draft, position) values ($1, $2, $3, $4)
                 on conflict (type, id) do update set draft = excluded.draft, position = excluded.position
                 where o.position < excluded.position`;
    await tx.query(sql, [draft.type, draft.id, draft.updateType === 'delete' ? null : object, position]);
  } else if (event.type === 'PolicyObjectReverted') {
    const { type, id } = PolicyObjectDraft.pick({ type: true, id: true }).parse(event.data);
    await setForm(tx, 'draft = active', [type, id, position]);
  } else {
    const { changes } = PolicyVersionState.parse(event.data);
    for (const { type, id } of changes.filter((one) => isNeeded(one.type)))
      await setForm(tx, 'active = draft', [type, id, position]);
  }
}

/** Only what is newer than the last word on this object. */
async function setForm(tx: pg.ClientBase, form: string, place: readonly unknown[]): Promise<void> {
  await tx.query(
    `update policy_objects set ${form}, position = $3 where type = $1 and id = $2 and position < $3`,
    [...place],
  );
}

const isNeeded = (type: string): boolean => type === 'ip_lists' || type === 'label_groups';

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
