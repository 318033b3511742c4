/**
 * Traffic queries as jobs: stored with their parameters, answered in chunks, gone after their time. At most `STORED_QUERIES` exist; a query that
 * a restart interrupted is failed, not forgotten.
 */
import type { FlowQuery, FlowQueryObject, FlowQueryStatus } from '@ringfence/contracts';
import type pg from 'pg';

export const STORED_QUERIES = 200;
export const QUERY_LIFETIME_MINUTES = 60;

interface QueryRow {
  readonly id: string;
  readonly status: FlowQueryStatus;
  readonly parameters: FlowQuery;
  readonly created_by: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly flows_count: number | null;
  readonly matches_count: number | null;
  readonly message: string | null;
}
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

export function flowQueries(pool: pg.Pool): FlowQueries {
  return {
    add: async (id, parameters, createdBy) => {
      await expire(pool);
      const added = await pool.query(
        `insert into flow_queries (id, status, parameters, created_by, created_at, updated_at)
         select $1, 'queued', $2, $3, now(), now() where (select count(*) from flow_queries) < ${String(STORED_QUERIES)}`,
        [id, JSON.stringify(parameters), createdBy],
      );
      return added.rowCount === 1;
    },
    get: async (id) => {
      const found = await pool.query<QueryRow>('select * from flow_queries where id = $1', [id]);
      return found.rows[0] === undefined ? undefined : queryObject(found.rows[0]);
    },
    list: async () => {
      const found = await pool.query<QueryRow>('select * from flow_queries order by created_at desc');
      return found.rows.map(queryObject);
    },
    remove: async (id) =>
      ((await pool.query('delete from flow_queries where id = $1', [id])).rowCount ?? 0) > 0,
    move: (id, from, to, message) => move(pool, id, { from, to, message }),
    complete: (id, chunks, flows) => complete(pool, id, chunks, flows),
    chunk: async (id, number) => {
      const found = await pool.query<{ flows: string }>(
        'select flows from flow_query_chunks where query = $1 and number = $2',
        [id, number],
      );
      return found.rows[0]?.flows;
    },
    failInterrupted: async () => {
      await pool.query(
        `update flow_queries set status = 'failed', updated_at = now(), message = 'interrupted by a restart; ask again'
          where status in ('queued', 'working', 'cancel_requested')`,
      );
    },
    expire: () => expire(pool),
  };
}

async function move(
  pool: pg.Pool,
  id: string,
  {
    from,
    to,
    message,
  }: { from: readonly FlowQueryStatus[]; to: FlowQueryStatus; message: string | undefined },
): Promise<boolean> {
  const moved = await pool.query(
    'update flow_queries set status = $3, message = coalesce($4, message), updated_at = now() where id = $1 and status = any($2)',
    [id, [...from], to, message ?? null],
  );
  return (moved.rowCount ?? 0) > 0;
}

/** The result and the word that it is complete appear together; a query that was cancelled or deleted meanwhile keeps nothing. */
async function complete(
  pool: pg.Pool,
  id: string,
  chunks: readonly string[],
  flows: number,
): Promise<boolean> {
  const done = await pool.query(
    `with query as (update flow_queries set status = 'completed', flows_count = $3, matches_count = $3, updated_at = now()
        where id = $1 and status = 'working' returning id)
     , stored as (insert into flow_query_chunks (query, number, flows)
        select query.id, t.number - 1, t.flows from query, unnest($2::text[]) with ordinality as t(flows, number))
     select id from query`,
    [id, [...chunks], flows],
  );
  return (done.rowCount ?? 0) > 0;
}

async function expire(pool: pg.Pool): Promise<void> {
  await pool.query(
    `delete from flow_queries where updated_at < now() - make_interval(mins => ${String(QUERY_LIFETIME_MINUTES)})`,
  );
}

function queryObject(row: QueryRow): FlowQueryObject {
  const href = `/orgs/1/traffic_flows/async_queries/${row.id}`;
  const counts =
    row.flows_count === null
      ? {}
      : { flows_count: row.flows_count, matches_count: row.matches_count ?? row.flows_count };
  const result = row.status === 'completed' ? { result: `${href}/download` } : {};
  // A failed query's `result` is an object with a message; clients ask for `result.message`.
  const failure = row.status === 'failed' ? ({ result: { message: row.message ?? 'failed' } } as object) : {};
  return {
    href,
    status: row.status,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    created_by: { href: row.created_by },
    query_parameters: row.parameters,
    regions: [
      {
        pce_fqdn: 'localhost',
        responded: row.status === 'completed',
        matches_count: row.matches_count ?? 0,
        flows_count: row.flows_count ?? 0,
      },
    ],
    ...counts,
    ...result,
    ...failure,
  };
}
