/**
 * Traffic queries as jobs: stored with their parameters, answered in chunks, gone after their time. At most `STORED_QUERIES` exist; a query that
 * a restart interrupted is failed, not forgotten.
 */
import type { FlowQuery, FlowQueryObject, FlowQueryStatus } from '@ringfence/contracts';
import { oneAtATime } from '@ringfence/event-store';
import { EntitySchema, In, LessThan } from 'typeorm';
import type { EntityManager, FindOptionsWhere, Repository } from 'typeorm';

export const STORED_QUERIES = 200;
export const QUERY_LIFETIME_MINUTES = 60;

interface QueryRow {
  readonly id: string;
  readonly status: FlowQueryStatus;
  readonly parameters: object;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly flowsCount: number | null;
  readonly matchesCount: number | null;
  readonly message: string | null;
}

export const FlowQueryEntity = new EntitySchema<QueryRow>({
  name: 'FlowQuery',
  tableName: 'flow_queries',
  columns: {
    id: { type: 'uuid', primary: true },
    status: { type: 'text' },
    parameters: { type: 'jsonb' },
    createdBy: { name: 'created_by', type: 'text' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    updatedAt: { name: 'updated_at', type: 'timestamptz' },
    flowsCount: { name: 'flows_count', type: 'int', nullable: true },
    matchesCount: { name: 'matches_count', type: 'int', nullable: true },
    message: { type: 'text', nullable: true },
  },
});

interface ChunkRow {
  readonly query: string;
  readonly number: number;
  readonly flows: string;
}

export const FlowQueryChunkEntity = new EntitySchema<ChunkRow>({
  name: 'FlowQueryChunk',
  tableName: 'flow_query_chunks',
  columns: {
    query: { type: 'uuid', primary: true },
    number: { type: 'int', primary: true },
    flows: { type: 'text' },
  },
  foreignKeys: [
    {
      name: 'flow_query_chunks_query_fkey',
      target: 'FlowQuery',
      columnNames: ['query'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});

export interface FlowQueries {
  /** False: too many are stored. */
  add(id: string, parameters: FlowQuery, createdBy: string): Promise<boolean>;
  get(id: string): Promise<FlowQueryObject | undefined>;
  list(): Promise<FlowQueryObject[]>;
  remove(id: string): Promise<boolean>;
  /** Moves on only from one of `from`; false: somebody else was first. */
  move(id: string, from: readonly FlowQueryStatus[], to: FlowQueryStatus, message?: string): Promise<boolean>;
  complete(id: string, chunks: readonly string[], flows: number): Promise<boolean>;
  chunk(id: string, number: number): Promise<string | undefined>;
  failInterrupted(): Promise<void>;
  expire(): Promise<void>;
}

export function flowQueries(entities: EntityManager): FlowQueries {
  const queries = entities.getRepository(FlowQueryEntity);
  // Counting and adding are one step, so that the bound holds.
  const inTurn = oneAtATime();
  return {
    add: (id, parameters, createdBy) =>
      inTurn(async () => {
        await expire(queries);
        if ((await queries.count()) >= STORED_QUERIES) return false;
        const now = new Date();
        await queries.insert({ id, status: 'queued', parameters, createdBy, createdAt: now, updatedAt: now });
        return true;
      }),
    get: async (id) => {
      const row = await queries.findOneBy({ id });
      return row === null ? undefined : queryObject(row);
    },
    list: async () => (await queries.find({ order: { createdAt: 'desc' } })).map(queryObject),
    remove: async (id) => ((await queries.delete({ id })).affected ?? 0) > 0,
    move: (id, from, to, message) =>
      move(queries, { id, status: In([...from]) }, { status: to, ...(message !== undefined && { message }) }),
    complete: (id, chunks, flows) => complete(entities, id, chunks, flows),
    chunk: async (query, number) =>
      (await entities.findOneBy(FlowQueryChunkEntity, { query, number }))?.flows,
    failInterrupted: async () => {
      const interrupted = { status: In(['queued', 'working', 'cancel_requested']) };
      const message = 'interrupted by a restart; ask again';
      await queries.update(interrupted, { status: 'failed', message, updatedAt: new Date() });
    },
    expire: () => expire(queries),
  };
}

async function move(
  queries: Repository<QueryRow>,
  from: FindOptionsWhere<QueryRow>,
  to: Partial<Pick<QueryRow, 'status' | 'message' | 'flowsCount' | 'matchesCount'>>,
): Promise<boolean> {
  const moved = await queries.update(from, { ...to, updatedAt: new Date() });
  return (moved.affected ?? 0) > 0;
}

/** The result and the word that it is complete appear together; a query that was cancelled or deleted meanwhile keeps nothing. */
function complete(
  entities: EntityManager,
  id: string,
  chunks: readonly string[],
  flows: number,
): Promise<boolean> {
  return entities.transaction(async (tx) => {
    const completed = { status: 'completed', flowsCount: flows, matchesCount: flows } as const;
    const working = { id, status: 'working' } as const;
    if (!(await move(tx.getRepository(FlowQueryEntity), working, completed))) return false;
    const rows = chunks.map((text, number) => ({ query: id, number, flows: text }));
    if (rows.length > 0) await tx.insert(FlowQueryChunkEntity, rows);
    return true;
  });
}

async function expire(queries: Repository<QueryRow>): Promise<void> {
  await queries.delete({ updatedAt: LessThan(new Date(Date.now() - QUERY_LIFETIME_MINUTES * 60_000)) });
}

function queryObject(row: QueryRow): FlowQueryObject {
  const href = `/orgs/1/traffic_flows/async_queries/${row.id}`;
  const counts =
    row.flowsCount === null
      ? {}
      : { flows_count: row.flowsCount, matches_count: row.matchesCount ?? row.flowsCount };
  const result = row.status === 'completed' ? { result: `${href}/download` } : {};
  // A failed query's `result` is an object with a message; clients ask for `result.message`.
  const failure = row.status === 'failed' ? ({ result: { message: row.message ?? 'failed' } } as object) : {};
  return {
    href,
    status: row.status,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    created_by: { href: row.createdBy },
    query_parameters: row.parameters as FlowQuery,
    regions: [
      {
        pce_fqdn: 'localhost',
        responded: row.status === 'completed',
        matches_count: row.matchesCount ?? 0,
        flows_count: row.flowsCount ?? 0,
      },
    ],
    ...counts,
    ...result,
    ...failure,
  };
}
