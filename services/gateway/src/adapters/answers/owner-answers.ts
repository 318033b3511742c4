/**
 * Answers routes that others own: asks the owner over the bus, cuts a collection at `max_results`, names the new object's place. What the
 * owner refuses becomes a refusal here; nothing of its inner text passes.
 */
import { CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { CallContract, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { capsOf } from '../../domain/access/caps.js';
import { judge } from '../../domain/access/who-may.js';
import { actorOf } from '../../domain/rest-request.js';
import type { RestReply, RestRequest } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import type { Owner } from '../../domain/route.js';
import { refusalOf, refuse } from '../../domain/refusal.js';
import type { OwnWrites } from './own-writes.store.js';

/** An owner gives up so long before its caller does: to say so takes a moment. */
const ANSWERED_WITHIN_MS = 2_000;
/** A synchronous GET answers no more unless asked to. */
const DEFAULT_RESULTS = 500;
/** The most that anyone may ask for; also what an asynchronous GET without a limit means. */
const MOST_RESULTS = 200_000;

export type AskOwner = (
  request: RestRequest,
  query?: Readonly<Record<string, string>>,
) => Promise<ResourceResponse>;

const RESOURCE_CALLS = {
  inventory: CALLS.inventoryResource,
  'label-resolver': CALLS.labelResource,
  'policy-compute': CALLS.policyResource,
  'flow-ingest': CALLS.flowResource,
} as const satisfies Record<Exclude<Owner, 'gateway'>, CallContract>;

export function askOwner(bus: Bus, ownWrites: OwnWrites): AskOwner {
  return async (request, query = request.query) => {
    const { route, ids, pversion } = request.match;
    const owner = route.answerer === 'gateway' ? 'flow-ingest' : route.answerer;
    const username = request.caller?.username;
    const after = await ownWrites.of(username);
    const contract = RESOURCE_CALLS[owner];
    const response = await called(request.id, () =>
      bus.call(contract, {
        org: 1,
        actor: actorOf(request.caller),
        collection: route.collection,
        op: route.op,
        ...(pversion === undefined ? {} : { pversion }),
        ids: [...ids],
        query: { ...query },
        body: request.body ?? null,
        ...(after && { after }),
        ...ifMatchOf(request),
        ...reachOf(request),
        request: request.id,
        until: Date.now() + contract.deadlineMs - ANSWERED_WITHIN_MS,
      }),
    );
    if (response.position !== undefined && owner !== 'flow-ingest')
      await ownWrites.note(username, owner, response.position);
    return response;
  };
}

/** How far the caller's roles reach, as the table says; the owner judges what lies there. */
function reachOf({ caller, match: { route } }: RestRequest): Pick<ResourceRequest, 'within' | 'caps'> {
  if (caller === undefined) return {};
  const verdict = judge(caller.grants, route);
  const caps = capsOf(caller, route.collection);
  // Whoever may not was refused when he was let in; here he has nothing.
  const within = verdict.may ? verdict.within : [];
  return { ...(within !== null && { within: [...within] }), ...(caps && { caps }) };
}

/** Node joins what came more than once with commas. */
export const ifMatchOf = ({ headers: { 'if-match': ifMatch } }: RestRequest): { ifMatch?: string } =>
  typeof ifMatch === 'string' ? { ifMatch } : {};

/** Any call to an owner, with its failure told as a refusal. */
export async function called<T>(requestId: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CallError) throw refusalOf(error.code, error.errors, requestId);
    throw error;
  }
}

/** `refuseFirst`: what the gateway alone knows to be in the way. */
export function ownerAnswer(ask: AskOwner, refuseFirst: (request: RestRequest) => Promise<void>): Answer {
  return async (request) => {
    const { route } = request.match;
    await refuseFirst(request);
    if (route.many)
      return collectionReply(
        await ask(request, limitedQuery(request)),
        maxResults(request) ?? DEFAULT_RESULTS,
      );
    const { body, change, changes } = await ask(request);
    const changed = { ...(change && { change }), ...(changes && { changes }) };
    if (route.success === 204) return { status: 204, ...changed };
    const href = (body as { href?: unknown } | undefined)?.href;
    return {
      status: route.success,
      body: body ?? {},
      ...changed,
      ...(route.success === 201 && typeof href === 'string' ? { headers: { location: href } } : {}),
    };
  };
}

/** A whole collection for a job: as many as exist, or as were asked for. */
export async function wholeCollection(ask: AskOwner, request: RestRequest): Promise<unknown[]> {
  const limit = maxResults(request) ?? MOST_RESULTS;
  const { body } = await ask(request, { ...request.query, max_results: String(limit) });
  return listOf(body).slice(0, limit);
}

export function collectionReply(response: ResourceResponse, limit: number): RestReply {
  const list = listOf(response.body);
  const total = response.total ?? list.length;
  const matched = response.matched ?? total;
  return {
    status: 200,
    body: list.slice(0, limit),
    headers: { 'x-total-count': String(total), 'x-matched-count': String(matched) },
  };
}

export function maxResults(request: Pick<RestRequest, 'query'>): number | undefined {
  const text = request.query['max_results'];
  if (text === undefined || text === '') return undefined;
  const count = Number(text);
  if (!/^\d{1,9}$/.test(text))
    throw refuse('input_validation_error', `max_results: "${text.slice(0, 40)}" is no number`);
  return Math.min(count, MOST_RESULTS);
}

function limitedQuery(request: RestRequest): Readonly<Record<string, string>> {
  const limit = maxResults(request);
  return limit === undefined ? request.query : { ...request.query, max_results: String(limit) };
}

function listOf(body: unknown): unknown[] {
  return Array.isArray(body) ? (body as unknown[]) : [];
}
