/**
 * A copy of what other services decided: of each thing its owner's last word, whole. A word is taken only if it is newer than
 * the one that is known, by the position that it had at its owner. Repeats, late ones and any order come to the same rows;
 * so an owner may say everything again, for a copy that was lost. What is gone stays as a row that says so: a late word does not
 * bring it back.
 */
import { MIRRORED, readEvent } from '@ringfence/contracts';
import type { Envelope, MirroredKind, MirroredState } from '@ringfence/contracts';
import type pg from 'pg';
import { Any, EntitySchema, In, IsNull, LessThan, Not } from 'typeorm';
import type { EntityManager, FindOptionsWhere } from 'typeorm';
import { WHOLE_NUMBER } from './columns.js';

export type Mirrored<K extends MirroredKind> = {
  [Kind in K]: {
    readonly kind: Kind;
    readonly id: string;
    /** Of the subject that it was said on; `global`: it concerns all. */
    readonly cluster: string;
    /** At its owner. */
    readonly position: number;
    /** Null: gone. */
    readonly state: MirroredState<Kind> | null;
  };
}[K];

export interface Mirror<K extends MirroredKind> {
  /**
   * In the caller's transaction. Returns what was news: per thing the last word, in their order. Events of other kinds are passed
   * over; one that is not what its contract says throws a ZodError, and nothing is taken.
   */
  take(tx: Queryable, events: readonly Envelope[]): Promise<Mirrored<K>[]>;
  /** Null: it is gone; undefined: nothing was ever heard of it. */
  get<Kind extends K>(
    entities: EntityManager,
    kind: Kind,
    id: string,
  ): Promise<MirroredState<Kind> | null | undefined>;
  /** Of these, what is there, by id. */
  some<Kind extends K>(
    entities: EntityManager,
    kind: Kind,
    ids: readonly string[],
  ): Promise<Map<string, MirroredState<Kind>>>;
  /** What is there, by id; of one cluster where one is named. */
  all<Kind extends K>(
    entities: EntityManager,
    kind: Kind,
    cluster?: string,
  ): Promise<Map<string, MirroredState<Kind>>>;
  /** Everything ever told, the gone ones included, for who keeps it in memory. */
  rows(entities: EntityManager): Promise<Mirrored<K>[]>;
  /** What these events say, as `take` would take it if all of it were news. */
  told(events: readonly Envelope[]): Mirrored<K>[];
  /** Forgets what has been gone for so long that no stream holds a word about it. */
  prune(entities: EntityManager): Promise<void>;
}

type Queryable = Pick<pg.ClientBase, 'query'>;

const GONE_ARE_KEPT_MS = 30 * 86_400_000;

interface Row {
  readonly kind: MirroredKind;
  readonly id: string;
  readonly cluster: string;
  readonly position: number;
  readonly type: string;
  readonly v: number;
  /** Null: gone. */
  readonly data: object | null;
  readonly at: Date;
}

export const MirroredEntity = new EntitySchema<Row>({
  name: 'Mirrored',
  tableName: 'mirrored',
  columns: {
    kind: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    cluster: { type: 'text' },
    position: WHOLE_NUMBER,
    type: { type: 'text' },
    v: { type: 'int' },
    data: { type: 'jsonb', nullable: true },
    at: { type: 'timestamptz', default: () => 'now()' },
  },
  indices: [{ name: 'mirrored_kind_cluster_idx', columns: ['kind', 'cluster'] }],
});

export function mirror<K extends MirroredKind>({ kinds }: { readonly kinds: readonly K[] }): Mirror<K> {
  return {
    take: async (tx, events) => {
      const told = lastOfEach(events.flatMap((event) => wordOf(event, kinds) ?? []));
      if (told.length === 0) return [];
      const taken = new Set(await upsert(tx, told));
      return told.filter((word) => taken.has(keyOf(word))).map(shown<K>);
    },
    get: async <Kind extends K>(entities: EntityManager, kind: Kind, id: string) => {
      const row = await entities.findOneBy(MirroredEntity, { kind, id });
      return row === null ? undefined : stateOf<Kind>(row);
    },
    some: (entities, kind, ids) => there(entities, { kind, id: Any(ids) }),
    all: (entities, kind, cluster) => there(entities, { kind, ...(cluster !== undefined && { cluster }) }),
    rows: async (entities) => (await entities.findBy(MirroredEntity, { kind: In(kinds) })).map(shown<K>),
    told: (events) => lastOfEach(events.flatMap((event) => wordOf(event, kinds) ?? [])).map(shown<K>),
    prune: async (entities) => {
      const long = LessThan(new Date(Date.now() - GONE_ARE_KEPT_MS));
      await entities.delete(MirroredEntity, { data: IsNull(), at: long });
    },
  };
}

async function there<Kind extends MirroredKind>(
  entities: EntityManager,
  where: FindOptionsWhere<Row> & { readonly kind: Kind },
): Promise<Map<string, MirroredState<Kind>>> {
  const rows = await entities.findBy(MirroredEntity, { ...where, data: Not(IsNull()) });
  return new Map(rows.map((row) => [row.id, stateOf<Kind>(row)!]));
}

type Word = Omit<Row, 'at'>;
const keyOf = ({ kind, id }: Pick<Word, 'kind' | 'id'>): string => `${kind}/${id}`;

/** Kept as it was said, with its version: a later program reads it as the newest. Null: nothing that is mirrored here. */
function wordOf(event: Envelope, kinds: readonly MirroredKind[]): Word | null {
  const { type, v, cluster, position, data } = event;
  const kind = kinds.find((each) => event.stream.startsWith(`${each}-`) && tells(each, type));
  if (kind === undefined) return null;
  const isGone = type === MIRRORED[kind].deleted;
  if (!isGone) MIRRORED[kind].state.parse(data);
  const id = event.stream.slice(kind.length + 1);
  return { kind, id, cluster, position, type, v, data: isGone ? null : (data as object) };
}

function tells(kind: MirroredKind, type: string): boolean {
  const { written, deleted }: { written: readonly string[]; deleted: string } = MIRRORED[kind];
  return type === deleted || written.includes(type);
}

function lastOfEach(words: readonly Word[]): Word[] {
  const last = new Map<string, Word>();
  for (const word of words)
    if (word.position > (last.get(keyOf(word))?.position ?? -1)) last.set(keyOf(word), word);
  return [...last.values()].sort((a, b) => a.position - b.position);
}

function stateOf<Kind extends MirroredKind>({
  kind,
  type,
  v,
  data,
}: Pick<Row, 'kind' | 'type' | 'v' | 'data'>): MirroredState<Kind> | null {
  if (data === null) return null;
  return MIRRORED[kind].state.parse(readEvent({ type, v, data }).data) as MirroredState<Kind>;
}

const shown = <K extends MirroredKind>(word: Word): Mirrored<K> =>
  ({
    kind: word.kind,
    id: word.id,
    cluster: word.cluster,
    position: word.position,
    state: stateOf(word),
  }) as Mirrored<K>;

/** The keys of those that were newer. SQL, because they come in bulk (`npm run bench -- rows`). In the order of their keys, so that two transactions cannot wait for each other. */
async function upsert(tx: Queryable, words: readonly Word[]): Promise<string[]> {
  const ordered = [...words].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const column = (value: (word: Word) => unknown): unknown[] => ordered.map(value);
  const { rows } = await tx.query<Pick<Row, 'kind' | 'id'>>(
    `insert into mirrored as m (kind, id, cluster, position, type, v, data)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::int[], $7::jsonb[])
     on conflict (kind, id) do update set cluster = excluded.cluster, position = excluded.position, type = excluded.type,
       v = excluded.v, data = excluded.data, at = now()
     where m.position < excluded.position
     returning kind, id`,
    [
      column(({ kind }) => kind),
      column(({ id }) => id),
      column(({ cluster }) => cluster),
      column(({ position }) => position),
      column(({ type }) => type),
      column(({ v }) => v),
      column(({ data }) => (data === null ? null : JSON.stringify(data))),
    ],
  );
  return rows.map(keyOf);
}
