/**
 * Answers the REST collections of flows: queries as jobs, their downloads chunk by chunk, the newest flows, and how much is stored. Bodies were
 * checked by the gateway; they are parsed again where a type is needed.
 */
import { randomUUID } from 'node:crypto';
import { CallError } from '@ringfence/bus';
import { actorHref, FlowQuery, MOST_EDGES } from '@ringfence/contracts';
import type { Flow, FlowQueryObject, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { parsed } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import { flowEdges } from '../read/flow-edges.js';
import { CSV_HEADER, csvLines } from '../read/flow-csv.js';
import { flowMetrics } from '../read/flow-metrics.js';
import { QUERY_LIFETIME_MINUTES, STORED_QUERIES } from '../read/flow-queries.store.js';
import type { FlowQueries } from '../read/flow-queries.store.js';
import type { Names } from '../read/names.projection.js';
import type { FlowStore } from '../store/port/flow-store.js';
import { WAITING_QUERIES } from './query-runner.js';
import type { QueryRunner } from './query-runner.js';
import type { RecentFlows } from './recent-flows.js';
import { inTime } from './stored-flows.js';
import { refuseWrongAddresses } from './wrong-addresses.js';

export interface FlowParts {
  readonly store: FlowStore;
  readonly queries: FlowQueries;
  readonly runner: QueryRunner;
  readonly recent: RecentFlows;
  readonly readNames: () => Promise<Names>;
  readonly retentionDays: number;
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

export function flowOperations(parts: FlowParts): Readonly<Record<string, Operations>> {
  const { store, queries, recent, retentionDays } = parts;
  return {
    'traffic_flows/async_queries': {
      list: () => listQueries(queries),
      create: (request) => createQuery(parts, request),
      get: async (request) => ({ body: await existing(queries, request) }),
      update: (request) => cancelQuery(parts, request),
      delete: (request) => deleteQuery(parts, request),
      download: (request) => downloadChunk(queries, request),
    },
    'traffic_flows/edges': { find: (request) => findEdges(parts, request) },
    'traffic_flows/recent': {
      list: async (request) => ({ body: await recent.after(request.query['after'] ?? '') }),
    },
    'traffic_flows/database_metrics': {
      get: async () => ({ body: flowMetrics(await store.size(), retentionDays) }),
    },
  };
}

async function listQueries(queries: FlowQueries): Promise<ResourceResponse> {
  const all = await queries.list();
  return { body: all, total: all.length, matched: all.length };
}

async function createQuery(
  { queries, runner }: FlowParts,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const query = parsed(FlowQuery, request.body);
  refuseWrongAddresses(query);
  const id = randomUUID();
  const createdBy = actorHref(request.actor);
  if (!(await queries.add(id, query, createdBy))) {
    throw limit(
      `${String(STORED_QUERIES)} traffic queries are stored; delete some, or wait: each goes after ${String(QUERY_LIFETIME_MINUTES)} minutes`,
    );
  }
  const body = await queries.get(id);
  if (!runner.submit(id)) {
    await queries.remove(id);
    throw limit(
      `${String(WAITING_QUERIES)} traffic queries are waiting for their turn; try again in some seconds`,
    );
  }
  return { body };
}

async function cancelQuery(
  { queries, runner }: FlowParts,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  await existing(queries, request);
  const id = idOf(request);
  // One that has ended stays as it is: cancelling it changes nothing and is no error.
  if (await queries.move(id, ['queued', 'working'], 'cancel_requested')) await runner.cancel(id);
  return {};
}

async function deleteQuery(parts: FlowParts, request: ResourceRequest): Promise<ResourceResponse> {
  await cancelQuery(parts, request);
  await parts.queries.remove(idOf(request));
  return {};
}

/** `query.chunk` counts from 0; `next` is null at the end. JSON chunks are the inside of an array. */
async function downloadChunk(queries: FlowQueries, request: ResourceRequest): Promise<ResourceResponse> {
  const query = await existing(queries, request);
  if (query.status !== 'completed') {
    throw CallError.of(
      'FAILED_PRECONDITION',
      'flow_query_not_ready',
      `the query is ${query.status}; ask for it until it is completed`,
    );
  }
  const number = Math.max(0, Math.trunc(Number(request.query['chunk'] ?? 0)) || 0);
  const text = await queries.chunk(idOf(request), number);
  const next = text === undefined ? null : number + 1;
  if (request.query['format'] !== 'csv') return { body: { text: text ?? '', next } };
  const flows = JSON.parse(`[${text ?? ''}]`) as Flow[];
  return { body: { text: `${number === 0 ? CSV_HEADER : ''}${csvLines(flows)}`, next } };
}

async function findEdges(
  { store, readNames }: FlowParts,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  const given = parsed(FlowQuery, request.body);
  refuseWrongAddresses(given);
  const query = { ...given, max_results: Math.min(given.max_results, MOST_EDGES) };
  const names = await readNames();
  const body = await inTime((bounds) => flowEdges({ store, names }, query, bounds));
  return { body };
}

async function existing(queries: FlowQueries, request: ResourceRequest): Promise<FlowQueryObject> {
  const id = idOf(request);
  const found = UUID.test(id) ? await queries.get(id) : undefined;
  if (found === undefined)
    throw CallError.of(
      'NOT_FOUND',
      'not_found_error',
      `there is no traffic query ${id}; queries go after ${String(QUERY_LIFETIME_MINUTES)} minutes`,
    );
  return found;
}

const idOf = (request: ResourceRequest): string => request.ids[0] ?? '';
const limit = (message: string): CallError => CallError.of('RESOURCE_EXHAUSTED', 'flow_query_limit', message);
