/**
 * Runs traffic queries one after the other beside the ingest, each bounded in time, and keeps the answer in chunks small enough for
 * one message. A query that is cancelled while it runs is stopped in the store.
 */
import type { Flow } from '@ringfence/contracts';
import type { FlowQueries } from '../read/flow-queries.store.js';
import { foundFlows } from '../read/found-flows.js';
import type { Names } from '../read/names.projection.js';
import { SearchEnded } from '../store/port/flow-store.js';
import type { FlowStore } from '../store/port/flow-store.js';
import type { UploadedFlows } from '../store/port/uploaded-flows.js';

const QUERY_TIMEOUT_MS = 60_000;
const CHUNK_BYTES = 400_000;

/** Queries that wait for their turn. */
export const WAITING_QUERIES = 20;

export interface QueryRunner {
  /** False: too many wait already. */
  submit(id: string): boolean;
  cancel(id: string): Promise<void>;
  close(): Promise<void>;
}

export interface QueryRunnerParts {
  readonly store: FlowStore;
  readonly uploads: Pick<UploadedFlows, 'search'>;
  readonly queries: FlowQueries;
  readonly readNames: () => Promise<Names>;
  readonly onError: (error: unknown) => void;
}

export function queryRunner(parts: QueryRunnerParts): QueryRunner {
  const { queries, onError } = parts;
  const waiting: string[] = [];
  let running: { readonly id: string; readonly abort: AbortController } | undefined;
  let turn: Promise<void> | undefined;

  const runAll = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      running = { id, abort: new AbortController() };
      try {
        await runOne(parts, id, running.abort.signal);
      } catch (error) {
        await failed(queries, id, error).catch(onError);
      }
      running = undefined;
    }
    turn = undefined;
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
      if (running?.id === id) running.abort.abort();
      await queries.move(id, ['cancel_requested'], 'cancelled');
    },
    close: async () => {
      waiting.length = 0;
      running?.abort.abort();
      await turn;
    },
  };
}

async function runOne(
  { store, uploads, queries, readNames }: QueryRunnerParts,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const query = await queries.get(id);
  if (query === undefined || !(await queries.move(id, ['queued'], 'working'))) return;
  const names = await readNames();
  const bounds = { signal, withinMs: QUERY_TIMEOUT_MS };
  const flows = await foundFlows({ store, uploads, names }, query.query_parameters, bounds);
  await queries.complete(id, chunksOf(flows), flows.length);
}

async function failed(queries: FlowQueries, id: string, error: unknown): Promise<void> {
  if (await queries.move(id, ['cancel_requested'], 'cancelled')) return;
  const message = reasonOf(error);
  await queries.move(
    id,
    ['queued', 'working'],
    'failed',
    message ?? 'the query could not be run; see the logs of flow-ingest',
  );
  if (message === undefined) throw error;
}

/** In words for who asked; undefined: a failure of ours. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof SearchEnded)) return undefined;
  return error.reason === 'cancelled'
    ? 'interrupted by a restart; ask again'
    : `took longer than ${String(QUERY_TIMEOUT_MS / 1000)} s; ask for a shorter time or name an end`;
}

/** Each chunk is the inside of a JSON array: chunks joined by commas between brackets are the whole answer. */
function chunksOf(flows: readonly Flow[]): string[] {
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
