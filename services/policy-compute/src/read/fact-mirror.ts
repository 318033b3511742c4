/**
 * Labels, labelled entities and profiles as their owners last told them: mirrored rows for the next start, maps for this one,
 * and how far everything of a kind is taken in. What is news is so to this process: another one may have written the rows.
 */
import { GLOBAL } from '@ringfence/contracts';
import type { EntityLabelsState, Envelope } from '@ringfence/contracts';
import { entitiesIn, keepNewest, mirror, WHOLE_NUMBER } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import { FactHeads } from '../domain/fact-heads.js';
import type { FactHead } from '../domain/fact-heads.js';
import { goneWorkloads, rememberGone } from './gone-workloads.js';
import type { GoneWorkload } from './gone-workloads.js';
import type { EntityFact, FactChange, LabelFact, ProfileFact } from '../domain/facts.js';

export const facts = mirror({ kinds: ['label', 'entity', 'profile'] });

export const FactHeadEntity = new EntitySchema<FactHead>({
  name: 'FactHead',
  tableName: 'fact_heads',
  columns: {
    cluster: { type: 'text', primary: true },
    kind: { type: 'text', primary: true },
    position: WHOLE_NUMBER,
  },
});

/** Where labels came from, and what did not become one. */
export type Labelling = Pick<EntityLabelsState, 'origins' | 'refused'>;

export class FactMirror {
  readonly labels = new Map<string, LabelFact>();
  readonly entities = new Map<string, EntityFact>();
  readonly profiles = new Map<string, ProfileFact>();

  /** What they were called, for who still names them. */
  readonly gone = new Map<string, GoneWorkload>();

  readonly heads = new FactHeads();

  /** Of every thing ever told, the gone ones included. */
  private readonly positions = new Map<string, number>();

  private constructor(private readonly store: EventStore) {}

  /** `named`: workloads that policy speaks of. */
  static async open(store: EventStore, named: ReadonlySet<string>): Promise<FactMirror> {
    await facts.prune(store.entities);
    const mirror = new FactMirror(store);
    for (const change of await facts.rows(store.entities)) mirror.remember(withoutReasons(change));
    for (const head of await store.entities.find(FactHeadEntity)) mirror.heads.take(head);
    for (const each of await goneWorkloads(store.entities, named)) mirror.gone.set(each.id, each);
    return mirror;
  }

  /** Rows first, then the maps. Returns what was news to this process. */
  async take(events: readonly Envelope[]): Promise<FactChange[]> {
    const news = facts
      .told(events)
      .map(withoutReasons)
      .filter((change) => this.isNews(change));
    if (news.length === 0) return [];
    const gone = news.flatMap(({ kind, id, state }) =>
      kind === 'entity' && state === null ? (this.entities.get(id) ?? []) : [],
    );
    await this.store.transaction(async (tx) => {
      await facts.take(tx, events);
      await rememberGone(tx, gone);
      await keepNewest(entitiesIn(tx), FactHeadEntity, newest(news), 'position');
    });
    for (const { id, name, class: each } of gone) this.gone.set(id, { id, name, class: each });
    for (const change of news) {
      this.remember(change);
      this.heads.take(change);
    }
    return news;
  }

  /** How these came to their labels; of who is not there, nothing. */
  async labelling(ids: readonly string[]): Promise<Map<string, Labelling>> {
    return facts.some(this.store.entities, 'entity', ids);
  }

  *all(): Iterable<FactChange> {
    for (const [id, state] of this.labels) yield { kind: 'label', id, position: 0, cluster: GLOBAL, state };
    for (const [id, state] of this.profiles)
      yield { kind: 'profile', id, position: 0, cluster: GLOBAL, state };
    for (const [id, state] of this.entities)
      yield { kind: 'entity', id, position: 0, cluster: GLOBAL, state };
  }

  private isNews(change: FactChange): boolean {
    const known = this.positions.get(keyOf(change)) ?? 0;
    return change.position > known || (change.position === known && this.heads.isNews(change));
  }

  private remember(change: FactChange): void {
    const facts = { label: this.labels, entity: this.entities, profile: this.profiles }[change.kind];
    this.positions.set(keyOf(change), change.position);
    if (change.state === null) facts.delete(change.id);
    else (facts as Map<string, unknown>).set(change.id, change.state);
  }
}

/** Of a hundred thousand entities one is asked about now and then: the rows have it. */
function withoutReasons(change: FactChange): FactChange {
  if (change.kind !== 'entity' || change.state === null) return change;
  const { origins: _, refused: __, ...state } = change.state as EntityFact & Partial<Labelling>;
  return { ...change, state };
}

const keyOf = ({ kind, id }: FactChange): string => `${kind}/${id}`;

/** One per cluster and kind. */
function newest(changes: readonly FactChange[]): FactHead[] {
  const heads = new FactHeads();
  for (const change of changes) heads.take(change);
  return [...heads.all()];
}
