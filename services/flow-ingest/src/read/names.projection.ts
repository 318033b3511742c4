/**
 * What flow-ingest must know of others to answer in their words: labels by id, names of clusters, the active form of IP lists and
 * label groups. The owners decide, this only remembers; policy objects are folded from their drafts and provisions, each
 * taken once, however often they are said.
 */
import { PolicyObjectDraft, PolicyVersionState } from '@ringfence/contracts';
import type { Envelope, IpList, LabelGroup } from '@ringfence/contracts';
import { entitiesIn, keepNewest, mirror, WHOLE_NUMBER } from '@ringfence/event-store';
import type { Mirrored } from '@ringfence/event-store';
import type pg from 'pg';
import { EntitySchema, IsNull, LessThan, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';

export interface Names {
  readonly labels: ReadonlyMap<string, { readonly key: string; readonly value: string }>;
  readonly clusters: ReadonlyMap<string, string>;
  readonly ipLists: ReadonlyMap<string, IpList>;
  readonly labelGroups: ReadonlyMap<string, LabelGroup>;
}

interface LabelRow {
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

export const KnownLabelEntity = new EntitySchema<LabelRow>({
  name: 'KnownLabel',
  tableName: 'labels',
  columns: { id: { type: 'text', primary: true }, key: { type: 'text' }, value: { type: 'text' } },
});

export const KnownClusterEntity = new EntitySchema<{ readonly id: string; readonly name: string }>({
  name: 'KnownCluster',
  tableName: 'clusters',
  columns: { id: { type: 'text', primary: true }, name: { type: 'text' } },
});

interface PolicyObjectRow {
  readonly type: string;
  readonly id: string;
  readonly draft: object | null;
  readonly active: object | null;
  readonly position: number;
}

export const KnownPolicyObjectEntity = new EntitySchema<PolicyObjectRow>({
  name: 'KnownPolicyObject',
  tableName: 'policy_objects',
  columns: {
    type: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    draft: { type: 'jsonb', nullable: true },
    active: { type: 'jsonb', nullable: true },
    position: { ...WHOLE_NUMBER, default: 0 },
  },
});

const called = mirror({ kinds: ['label', 'container-cluster'] });
type Called = Mirrored<'label' | 'container-cluster'>;

export async function rememberName(tx: pg.PoolClient, event: Envelope): Promise<void> {
  if (POLICY_EVENTS.has(event.type)) await rememberPolicy(entitiesIn(tx), event);
  else for (const news of await called.take(tx, [event])) await rememberCalled(entitiesIn(tx), news);
}

/** What is gone keeps its name, because flows of the past carry it. */
async function rememberCalled(entities: EntityManager, { kind, state }: Called): Promise<void> {
  if (state === null) return;
  if (kind === 'label') {
    const { id, key, value } = state;
    await entities.upsert(KnownLabelEntity, { id, key, value }, ['id']);
  } else await entities.upsert(KnownClusterEntity, { id: state.id, name: state.name }, ['id']);
}

const POLICY_EVENTS = new Set(['PolicyObjectDrafted', 'PolicyObjectReverted', 'PolicyProvisioned']);

async function rememberPolicy(entities: EntityManager, event: Envelope): Promise<void> {
  const { position } = event;
  if (event.type === 'PolicyObjectDrafted') {
    const draft = PolicyObjectDraft.parse(event.data);
    if (!isNeeded(draft.type)) return;
    const { type, id, object, updateType } = draft;
    const row = { type, id, draft: updateType === 'delete' ? null : (object ?? null), position };
    await keepNewest(entities, KnownPolicyObjectEntity, [row], 'position');
  } else if (event.type === 'PolicyObjectReverted') {
    const { type, id } = PolicyObjectDraft.pick({ type: true, id: true }).parse(event.data);
    await setForm(entities, { type, id, position }, { draft: () => 'active' });
  } else {
    const { changes } = PolicyVersionState.parse(event.data);
    for (const { type, id } of changes.filter((one) => isNeeded(one.type)))
      await setForm(entities, { type, id, position }, { active: () => 'draft' });
  }
}

/** Only what is newer than the last word on this object. */
async function setForm(
  entities: EntityManager,
  { type, id, position }: Pick<PolicyObjectRow, 'type' | 'id' | 'position'>,
  form: { readonly draft: () => string } | { readonly active: () => string },
): Promise<void> {
  const older = { type, id, position: LessThan(position) };
  await entities.update(KnownPolicyObjectEntity, older, { ...form, position });
}

const isNeeded = (type: string): boolean => type === 'ip_lists' || type === 'label_groups';

export async function readNames(entities: EntityManager): Promise<Names> {
  const labels = await entities.find(KnownLabelEntity);
  const clusters = await entities.find(KnownClusterEntity);
  const objects = await entities.findBy(KnownPolicyObjectEntity, { active: Not(IsNull()) });
  const ofType = <T>(type: string): Map<string, T> =>
    new Map(objects.filter((row) => row.type === type).map((row) => [row.id, row.active as T]));
  return {
    labels: new Map(labels.map(({ id, key, value }) => [id, { key, value }])),
    clusters: new Map(clusters.map(({ id, name }) => [id, name])),
    ipLists: ofType<IpList>('ip_lists'),
    labelGroups: ofType<LabelGroup>('label_groups'),
  };
}

export const clusterIds = async (entities: EntityManager): Promise<string[]> =>
  (await entities.find(KnownClusterEntity)).map(({ id }) => id);

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
