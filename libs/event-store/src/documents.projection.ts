/**
 * Read model of one aggregate type: its current value as JSON, with who and when. A deletion keeps the row, because
 * REST shows what was deleted; asking for live ones leaves it out.
 */
import { createHash } from 'node:crypto';
import { eventContract } from '@ringfence/contracts';
import type { Actor, EventType } from '@ringfence/contracts';
import type pg from 'pg';
import { EntitySchema, IsNull, Raw } from 'typeorm';
import type { EntityManager, FindOptionsWhere, SelectQueryBuilder } from 'typeorm';
import type { Projection, StoredEvent } from './event-store.js';

export interface Document<T> {
  readonly id: string;
  readonly cluster: string;
  readonly body: T;
  readonly createdAt: Date;
  readonly createdBy: Actor;
  readonly updatedAt: Date;
  readonly updatedBy: Actor;
  readonly deletedAt: Date | null;
  readonly deletedBy: Actor | null;
}
/** `E`: of a service's own events where they are not published. */
export interface DocumentTypes<T = object, E extends string = EventType> {
  readonly name: string;
  /** Texts of the value that rows are looked up by: `having` finds them by an index. */
  readonly indexed?: readonly (keyof T & string)[];
  /** Event types whose `data` is the whole new value. */
  readonly written: readonly E[];
  /** None: it is never deleted. */
  readonly deleted?: E;
}
export interface Documents<T> {
  readonly projection: Projection;
  readonly entity: EntitySchema<Document<T>>;
  get(entities: EntityManager, id: string): Promise<Document<T> | null>;
  /** In the order of their creation, like `all`. */
  live(entities: EntityManager, where?: DocumentsWhere<T>): Promise<Document<T>[]>;
  all(entities: EntityManager): Promise<Document<T>[]>;
  /** Live ones of which this text is one of these. */
  having(entities: EntityManager, field: keyof T & string, texts: readonly string[]): Promise<Document<T>[]>;
  /** Whether any is live. */
  exists(entities: EntityManager, where: DocumentsWhere<T>): Promise<boolean>;
}
export type DocumentsWhere<T> = FindOptionsWhere<Pick<Document<T>, 'id' | 'cluster' | 'body'>>;

export function documents<T extends object, E extends string = EventType>(
  types: DocumentTypes<T, E>,
): Documents<T> {
  const entity = entityOf<T>(types.name);
  const inOrder = (entities: EntityManager): SelectQueryBuilder<Document<T>> =>
    entities
      .createQueryBuilder(entity, 'document')
      .orderBy({ 'document.createdAt': 'ASC', 'length(document.id)': 'ASC', 'document.id': 'ASC' });
  return {
    projection: projectionOf(types),
    entity,
    get: (entities, id) => entities.findOneBy<Document<T>>(entity, { id }),
    live: (entities, where = {}) =>
      inOrder(entities)
        .where({ ...where, deletedAt: IsNull() })
        .getMany(),
    all: (entities) => inOrder(entities).getMany(),
    having: (entities, field, texts) => {
      const body = Raw((column) => `${column} ->> '${field}' = any(:texts)`, { texts });
      return inOrder(entities).where({ body, deletedAt: IsNull() }).getMany();
    },
    exists: (entities, where) =>
      entities.existsBy<Document<T>>(entity, { ...where, deletedAt: IsNull() } as FindOptionsWhere<
        Document<T>
      >),
  };
}

const entityOf = <T extends object>(table: string): EntitySchema<Document<T>> =>
  new EntitySchema<Document<T>>({
    name: table,
    tableName: table,
    columns: {
      id: { type: 'text', primary: true },
      cluster: { type: 'text' },
      body: { type: 'jsonb' },
      createdAt: { name: 'created_at', type: 'timestamptz' },
      createdBy: { name: 'created_by', type: 'jsonb' },
      updatedAt: { name: 'updated_at', type: 'timestamptz' },
      updatedBy: { name: 'updated_by', type: 'jsonb' },
      deletedAt: { name: 'deleted_at', type: 'timestamptz', nullable: true },
      deletedBy: { name: 'deleted_by', type: 'jsonb', nullable: true },
    },
  });

/** Raise it when `tables` or `apply` below change: every document table is then built anew. */
const SHAPE = 1;

/** Follows from what is folded (other events, or an event that was raised, make other rows) and from the indexes. */
function versionOf({ written, deleted, indexed = [] }: DocumentTypes<never, string>): number {
  const events = [...written, ...(deleted ? [deleted] : [])].map(
    (type) => `${type}.v${eventContract(type)?.v ?? 1}`,
  );
  const digest = createHash('sha256')
    .update(JSON.stringify([SHAPE, events, ...indexed]))
    .digest();
  return digest.readUInt32BE() >>> 1;
}

function projectionOf(types: DocumentTypes<never, string>): Projection {
  const { name: table, indexed = [] } = types;
  const indexes = indexed.map(
    (field) => `; create index if not exists ${table}_${field} on ${table} ((body ->> '${field}'))`,
  );
  return {
    name: table,
    version: versionOf(types),
    tables: `create table if not exists ${table} (
      id text primary key, cluster text not null, body jsonb not null,
      created_at timestamptz not null, created_by jsonb not null, updated_at timestamptz not null, updated_by jsonb not null,
      deleted_at timestamptz, deleted_by jsonb)${indexes.join('')}`,
    async apply(tx, events) {
      for (const run of runsOf(types, events)) await (run.isDeleted ? remove : write)(tx, table, run.events);
    },
  };
}

/** Events of the same effect, of an aggregate at most one. */
interface Run {
  readonly isDeleted: boolean;
  readonly events: Map<string, StoredEvent>;
}

function runsOf({ written, deleted }: DocumentTypes<never, string>, events: readonly StoredEvent[]): Run[] {
  const types = new Set<string | undefined>([...written, deleted]);
  const runs: Run[] = [];
  for (const event of events) {
    const { id } = event.data as { id?: string };
    if (id === undefined || !types.has(event.type)) continue;
    const isDeleted = event.type === deleted;
    let run = runs.at(-1);
    if (run === undefined || run.isDeleted !== isDeleted || run.events.has(id))
      runs.push((run = { isDeleted, events: new Map() }));
    run.events.set(id, event);
  }
  return runs;
}

// SQL: thousands of entities may be labelled in one transaction (`npm run bench -- rows`).

/** A row that was deleted and is written again starts a new life. */
async function write(tx: pg.PoolClient, table: string, events: Run['events']): Promise<void> {
  const all = [...events.values()];
  await tx.query(
    `insert into ${table}
     select id, cluster, body, at, actor, at, actor, null, null
       from unnest($1::text[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::jsonb[]) as event(id, cluster, body, at, actor)
     on conflict (id) do update set body = excluded.body, updated_at = excluded.updated_at, updated_by = excluded.updated_by,
       created_at = case when ${table}.deleted_at is null then ${table}.created_at else excluded.created_at end,
       deleted_at = null, deleted_by = null`,
    [
      [...events.keys()],
      all.map(({ cluster }) => cluster),
      all.map(({ data }) => JSON.stringify(data)),
      all.map(({ at }) => at),
      all.map(({ actor }) => JSON.stringify(actor)),
    ],
  );
}

async function remove(tx: pg.PoolClient, table: string, events: Run['events']): Promise<void> {
  const all = [...events.values()];
  await tx.query(
    `update ${table} set deleted_at = event.at, deleted_by = event.actor
       from unnest($1::text[], $2::timestamptz[], $3::jsonb[]) as event(id, at, actor) where ${table}.id = event.id`,
    [[...events.keys()], all.map(({ at }) => at), all.map(({ actor }) => JSON.stringify(actor))],
  );
}
