/**
 * Labels, labelled entities and profiles as their owners last told them: rows for the next start, maps for this one. Told by
 * state, so that a repeat changes nothing; an older state never replaces a newer one, because each row knows the
 * position that its state had at its owner. What is gone stays as an empty row for a while, for the same reason.
 */
import { EntityLabelsState, GLOBAL, LabelState, ProfileState } from '@ringfence/contracts';
import type { EventStore, Migration } from '@ringfence/event-store';
import type pg from 'pg';
import type { z } from 'zod';
import { FactHeads } from '../domain/fact-heads.js';
import type { FactHead } from '../domain/fact-heads.js';
import type { EntityFact, FactChange, FactKind, LabelFact, ProfileFact } from '../domain/facts.js';

export const factMirrorMigration: Migration = {
  id: '0002-fact-mirror',
  sql: `create table fact_mirror (
    kind text not null, id text not null, position bigint not null, state jsonb,
    at timestamptz not null default now(), primary key (kind, id))`,
};

/** How far everything of a kind is taken in: what a row knows of one thing says nothing of the others. */
export const factHeadsMigration: Migration = {
  id: '0003-fact-heads',
  sql: `create table fact_heads (
    cluster text not null, kind text not null, position bigint not null, primary key (cluster, kind));
    insert into fact_heads select coalesce(state->>'cluster', 'global'), kind, max(position) from fact_mirror group by 1, 2`,
};

const SCHEMAS: { readonly [K in FactKind]: z.ZodType } = {
  label: LabelState,
  entity: EntityLabelsState,
  profile: ProfileState,
};
const KIND_OF_EVENT: Readonly<Record<string, { readonly kind: FactKind; readonly isGone: boolean }>> = {
  LabelCreated: { kind: 'label', isGone: false },
  LabelChanged: { kind: 'label', isGone: false },
  LabelDeleted: { kind: 'label', isGone: true },
  EntityLabelled: { kind: 'entity', isGone: false },
  EntityUnlabelled: { kind: 'entity', isGone: true },
  ProfileCreated: { kind: 'profile', isGone: false },
  ProfileChanged: { kind: 'profile', isGone: false },
  ProfileDeleted: { kind: 'profile', isGone: true },
};

/** What an event says about a thing of one of the kinds; null: nothing that is mirrored. Throws ZodError on other shapes. */
export function factOf(event: {
  readonly type: string;
  readonly position: number;
  readonly cluster: string;
  readonly data: unknown;
}): FactChange | null {
  const found = KIND_OF_EVENT[event.type];
  if (found === undefined) return null;
  const { id } = event.data as { id: string };
  const state = found.isGone ? null : SCHEMAS[found.kind].parse(event.data);
  const { position, cluster } = event;
  return { kind: found.kind, id, position, cluster, state } as FactChange;
}

export class FactMirror {
  readonly labels = new Map<string, LabelFact>();
  readonly entities = new Map<string, EntityFact>();
  readonly profiles = new Map<string, ProfileFact>();

  readonly heads = new FactHeads();

  /** Of every thing ever told, the gone ones included. */
  readonly #positions = new Map<string, number>();

  private constructor(private readonly store: EventStore) {}

  static async open(store: EventStore): Promise<FactMirror> {
    await store.pool.query(`delete from fact_mirror where state is null and at < now() - interval '30 days'`);
    const mirror = new FactMirror(store);
    const { rows } = await store.pool.query<{ kind: FactKind; id: string; position: string; state: unknown }>(
      'select kind, id, position, state from fact_mirror',
    );
    for (const row of rows) mirror.#remember({ ...row, position: Number(row.position) } as FactChange);
    const heads = await store.pool.query<{ cluster: string; kind: FactKind; position: string }>(
      'select cluster, kind, position from fact_heads',
    );
    for (const row of heads.rows) mirror.heads.take({ ...row, position: Number(row.position) });
    return mirror;
  }

  /** Rows first, then the maps. Returns those that were news to this process: another one may have written the rows. */
  async take(changes: readonly FactChange[]): Promise<FactChange[]> {
    const last = new Map<string, FactChange>();
    for (const change of changes) {
      const known = last.get(keyOf(change))?.position ?? this.#positions.get(keyOf(change)) ?? 0;
      const isNewer = change.position > known || (change.position === known && this.heads.isNews(change));
      if (isNewer) last.set(keyOf(change), change);
    }
    const news = [...last.values()];
    if (news.length > 0) await this.store.transaction((tx) => upsert(tx, news));
    for (const change of news) {
      this.#remember(change);
      this.heads.take(change);
    }
    return news;
  }

  *all(): Iterable<FactChange> {
    for (const [id, state] of this.labels) yield { kind: 'label', id, position: 0, cluster: GLOBAL, state };
    for (const [id, state] of this.profiles)
      yield { kind: 'profile', id, position: 0, cluster: GLOBAL, state };
    for (const [id, state] of this.entities)
      yield { kind: 'entity', id, position: 0, cluster: GLOBAL, state };
  }

  #remember(change: FactChange): void {
    const facts = { label: this.labels, entity: this.entities, profile: this.profiles }[change.kind];
    this.#positions.set(keyOf(change), change.position);
    if (change.state === null) facts.delete(change.id);
    else (facts as Map<string, unknown>).set(change.id, change.state);
  }
}

const keyOf = ({ kind, id }: FactChange): string => `${kind}/${id}`;

async function upsert(tx: pg.PoolClient, changes: readonly FactChange[]): Promise<void> {
  await tx.query(
    `insert into fact_mirror as m (kind, id, position, state)
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::jsonb[])
     on conflict (kind, id) do update set position = excluded.position, state = excluded.state, at = now()
     where m.position < excluded.position`,
    [
      changes.map((change) => change.kind),
      changes.map((change) => change.id),
      changes.map((change) => change.position),
      changes.map((change) => (change.state === null ? null : JSON.stringify(change.state))),
    ],
  );
  await tx.query(
    `insert into fact_heads as h (cluster, kind, position)
     select * from unnest($1::text[], $2::text[], $3::bigint[])
     on conflict (cluster, kind) do update set position = excluded.position where h.position < excluded.position`,
    columnsOf(newest(changes)),
  );
}

/** One per cluster and kind. */
function newest(changes: readonly FactChange[]): FactHead[] {
  const heads = new FactHeads();
  for (const change of changes) heads.take(change);
  return [...heads.all()];
}

const columnsOf = (heads: readonly FactHead[]): unknown[][] => [
  heads.map(({ cluster }) => cluster),
  heads.map(({ kind }) => kind),
  heads.map(({ position }) => position),
];
