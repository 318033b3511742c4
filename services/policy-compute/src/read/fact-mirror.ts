/**
 * Labels, labelled entities and profiles as their owners last told them: mirrored rows for the next start, maps for this one,
 * and how far everything of a kind is taken in. What is news is so to this process: another one may have written the rows.
 */
import { GLOBAL } from '@ringfence/contracts';
import type { Envelope } from '@ringfence/contracts';
import { mirror } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import type pg from 'pg';
import { FactHeads } from '../domain/fact-heads.js';
import type { FactHead } from '../domain/fact-heads.js';
import type { EntityFact, FactChange, FactKind, LabelFact, ProfileFact } from '../domain/facts.js';

export const facts = mirror({ kinds: ['label', 'entity', 'profile'] });

export class FactMirror {
  readonly labels = new Map<string, LabelFact>();
  readonly entities = new Map<string, EntityFact>();
  readonly profiles = new Map<string, ProfileFact>();

  readonly heads = new FactHeads();

  /** Of every thing ever told, the gone ones included. */
  readonly #positions = new Map<string, number>();

  private constructor(private readonly store: EventStore) {}

  static async open(store: EventStore): Promise<FactMirror> {
    await facts.prune(store.entities);
    const mirror = new FactMirror(store);
    for (const change of await facts.rows(store.entities)) mirror.#remember(change);
    const heads = await store.pool.query<{ cluster: string; kind: FactKind; position: string }>(
      'select cluster, kind, position from fact_heads',
    );
    for (const row of heads.rows) mirror.heads.take({ ...row, position: Number(row.position) });
    return mirror;
  }

  /** Rows first, then the maps. Returns what was news to this process. */
  async take(events: readonly Envelope[]): Promise<FactChange[]> {
    const news = facts.told(events).filter((change) => this.#isNews(change));
    if (news.length === 0) return [];
    await this.store.transaction(async (tx) => {
      await facts.take(tx, events);
      await raiseHeads(tx, news);
    });
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

  #isNews(change: FactChange): boolean {
    const known = this.#positions.get(keyOf(change)) ?? 0;
    return change.position > known || (change.position === known && this.heads.isNews(change));
  }

  #remember(change: FactChange): void {
    const facts = { label: this.labels, entity: this.entities, profile: this.profiles }[change.kind];
    this.#positions.set(keyOf(change), change.position);
    if (change.state === null) facts.delete(change.id);
    else (facts as Map<string, unknown>).set(change.id, change.state);
  }
}

const keyOf = ({ kind, id }: FactChange): string => `${kind}/${id}`;

async function raiseHeads(tx: pg.PoolClient, changes: readonly FactChange[]): Promise<void> {
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
