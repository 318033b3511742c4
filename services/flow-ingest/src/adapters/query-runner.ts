/**
 * Runs traffic queries one after the other beside the ingest, each bounded in time, and keeps the answer in chunks small enough for
 * one message. A query that is cancelled while it runs is stopped at the database.
 */
import type { Flow } from '@ringfence/contracts';
import type pg from 'pg';
import type { Decision } from '../domain/flow-decisions.calculator.js';
import { flowFilter } from '../domain/flow-filter.js';
import type { FilterNames, FlowFilter } from '../domain/flow-filter.js';
import type { FlowQueries } from '../read/flow-queries.store.js';
import { searchSql } from '../read/flow-search.sql.js';
import { decidingClass, flowView } from '../read/flow-view.js';
import type { FoundFlow } from '../read/flow-view.js';
import { joinedOverModes } from '../read/mode-borders.js';
import { labelsOfGroup, readNames } from '../read/names.projection.js';
import type { Names } from '../read/names.projection.js';

const QUERY_TIMEOUT_MS = 60_000;
const CHUNK_BYTES = 400_000;
const BOUNDARY_CLASS: Readonly<Record<string, string>> = {
  blocked: 'deny',
  blocked_by_override_deny: 'override_deny',
};
/** Queries that wait for their turn. */
export const WAITING_QUERIES = 20;

export interface QueryRunner {
  /** False: too many wait already. */
  submit(id: string): boolean;
  cancel(id: string): Promise<void>;
  close(): Promise<void>;
}

export function queryRunner(
  pool: pg.Pool,
  queries: FlowQueries,
  onError: (error: unknown) => void,
): QueryRunner {
  const waiting: string[] = [];
  let running: { id: string; backend: number } | undefined;
  let turn: Promise<void> | undefined;

  const runAll = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const current = { id, backend: 0 };
      running = current;
      try {
        await runOne(pool, queries, id, (backend) => (current.backend = backend));
      } catch (error) {
        await failed(queries, id, error).catch(onError);
      }
      running = undefined;
    }
    turn = undefined;
  };
  const cancelRunning = async (): Promise<void> => {
    if (running !== undefined && running.backend !== 0)
      await pool.query('select pg_cancel_backend($1)', [running.backend]);
  };

  return {
    submit: (id) => {
      if (waiting.length >= WAITING_QUERIES) return false;
      waiting.push(id);
      turn ??= runAll();
      return true;
    },
    cancel: async (id) => {
      const at = waiting.indexOf(id);
      if (at >= 0) waiting.splice(at, 1);
      if (running?.id === id) await cancelRunning();
      await queries.move(id, ['cancel_requested'], 'cancelled');
    },
    close: async () => {
      waiting.length = 0;
      await cancelRunning();
      await turn;
    },
  };
}

async function runOne(
  pool: pg.Pool,
  queries: FlowQueries,
  id: string,
  onBackend: (pid: number) => void,
): Promise<void> {
  const query = await queries.get(id);
  if (query === undefined || !(await queries.move(id, ['queued'], 'working'))) return;
  const names = await readNames(pool);
  const filter = flowFilter(query.query_parameters, filterNames(names));
  const view = flowView(names);
  const flows = joinedOverModes(await search(pool, filter, onBackend))
    .flatMap((row) => view(row, outcomeFilter(filter)))
    .slice(0, filter.limit);
  await queries.complete(id, chunksOf(flows), flows.length);
}

/** The database finds flows that had such an outcome; they may have had others too. */
function outcomeFilter({ verdicts, boundary }: FlowFilter): (decision: Decision) => boolean {
  const classes = boundary.map((name) => BOUNDARY_CLASS[name]);
  return (decision) =>
    (verdicts.length === 0 || verdicts.includes(decision.verdict)) &&
    (classes.length === 0 || classes.includes(decidingClass(decision) ?? 'none'));
}

async function search(
  pool: pg.Pool,
  filter: FlowFilter,
  onBackend: (pid: number) => void,
): Promise<FoundFlow[]> {
  if (filter.limit === 0) return [];
  const client = await pool.connect();
  try {
    const backend = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    onBackend(backend.rows[0]?.pid ?? 0);
    await client.query(`set statement_timeout = ${String(QUERY_TIMEOUT_MS)}`);
    const sql = searchSql(filter);
    return (await client.query<FoundFlow>(sql.text, [...sql.values])).rows;
  } finally {
    onBackend(0);
    await client.query('reset statement_timeout').then(
      () => client.release(),
      (error: Error) => client.release(error),
    );
  }
}

async function failed(queries: FlowQueries, id: string, error: unknown): Promise<void> {
  if (await queries.move(id, ['cancel_requested'], 'cancelled')) return;
  const code = (error as { code?: unknown }).code;
  // 57014: cancelled by the statement timeout.
  const message =
    code === '57014'
      ? `took longer than ${String(QUERY_TIMEOUT_MS / 1000)} s; ask for a shorter time or name an end`
      : 'the query could not be run; see the logs of flow-ingest';
  await queries.move(id, ['queued', 'working'], 'failed', message);
  if (code !== '57014') throw error;
}

function filterNames(names: Names): FilterNames {
  return {
    labelKey: (id) => names.labels.get(id)?.key,
    groupLabels: (id) => labelsOfGroup(names.labelGroups, id),
    ipRanges: (id) => names.ipLists.get(id)?.ranges ?? [],
  };
}

/** Each chunk is the inside of a JSON array: chunks joined by commas between brackets are the whole answer. */
export function chunksOf(flows: readonly Flow[]): string[] {
  const chunks: string[] = [];
  let part: string[] = [];
  let size = 0;
  for (const flow of flows) {
    const text = JSON.stringify(flow);
    if (size > 0 && size + text.length > CHUNK_BYTES) {
      chunks.push(part.join(','));
      part = [];
      size = 0;
    }
    part.push(text);
    size += text.length + 1;
  }
  return part.length === 0 ? chunks : [...chunks, part.join(',')];
}
