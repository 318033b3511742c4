/**
 * Labels, labelled entities and profiles as their owners last told them: rows for the next start, maps for now. Told by
 * state, so that a repeat changes nothing; an older state never replaces a newer one, because each row knows the
 * position that its state had at its owner. What is gone stays as an empty row for a while, for the same reason.
 */
import { EntityLabelsState, LabelState, ProfileState } from '@ringfence/contracts';
import type { EventStore, Migration } from '@ringfence/event-store';
import type pg from 'pg';
import type { z } from 'zod';
import type { EntityFact, FactChange, FactKind, LabelFact, ProfileFact } from '../domain/facts.js';

export const factMirrorMigration: Migration = {
  id: '0002-fact-mirror',
  sql: `create table fact_mirror (
    kind text not null, id text not null, position bigint not null, state jsonb,
    at timestamptz not null default now(), primary key (kind, id))`,
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
  readonly data: unknown;
}): FactChange | null {
  const found = KIND_OF_EVENT[event.type];
  if (found === undefined) return null;
  const { id } = event.data as { id: string };
  const state = found.isGone ? null : SCHEMAS[found.kind].parse(event.data);
  return { kind: found.kind, id, position: event.position, state } as FactChange;
}

export class FactMirror {
  readonly labels = new Map<string, LabelFact>();
  readonly entities = new Map<string, EntityFact>();
  readonly profiles = new Map<string, ProfileFact>();

  private constructor(private readonly store: EventStore) {}

  static async open(store: EventStore): Promise<FactMirror> {
    await store.pool.query(`delete from fact_mirror where state is null and at < now() - interval '30 days'`);
    const mirror = new FactMirror(store);
    const { rows } = await store.pool.query<{ kind: FactKind; id: string; state: unknown }>(
      'select kind, id, state from fact_mirror where state is not null',
    );
    for (const row of rows) mirror.#remember({ ...row, position: 0 } as FactChange);
    return mirror;
  }

  /** Rows first, then the maps. Returns those that were news. */
  async take(changes: readonly FactChange[]): Promise<FactChange[]> {
    const last = new Map(changes.map((change) => [`${change.kind}/${change.id}`, change]));
    const news = await this.store.transaction((tx) => upsert(tx, [...last.values()]));
    for (const change of news) this.#remember(change);
    return news;
  }

  *all(): Iterable<FactChange> {
    for (const [id, state] of this.labels) yield { kind: 'label', id, position: 0, state };
    for (const [id, state] of this.profiles) yield { kind: 'profile', id, position: 0, state };
    for (const [id, state] of this.entities) yield { kind: 'entity', id, position: 0, state };
  }

  #remember(change: FactChange): void {
    const facts = { label: this.labels, entity: this.entities, profile: this.profiles }[change.kind] as Map<
      string,
      unknown
    >;
    if (change.state === null) facts.delete(change.id);
    else facts.set(change.id, change.state);
  }
}

async function upsert(tx: pg.PoolClient, changes: readonly FactChange[]): Promise<FactChange[]> {
  const { rows } = await tx.query<{ kind: string; id: string }>(
    `insert into fact_mirror as m (kind, id, position, state)
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::jsonb[])
     on conflict (kind, id) do update set position = excluded.position, state = excluded.state, at = now()
     where m.position < excluded.position
     returning kind, id`,
    [
      changes.map((change) => change.kind),
      changes.map((change) => change.id),
      changes.map((change) => change.position),
      changes.map((change) => (change.state === null ? null : JSON.stringify(change.state))),
    ],
  );
  const written = new Set(rows.map((row) => `${row.kind}/${row.id}`));
  return changes.filter((change) => written.has(`${change.kind}/${change.id}`));
}
