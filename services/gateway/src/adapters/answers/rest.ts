/**
 * From an admitted request to its reply: body, answerer, or a job when the caller prefers not to wait. Knows neither Nest nor Fastify.
 */
import { actorHref } from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import type { Jobs } from '../../read/jobs.store.js';
import { actorOf } from '../../domain/rest-request.js';
import type { RestReply, RestRequest } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import { Refusal, refuse } from '../../domain/refusal.js';
import type { Admitted } from '../admission/admission.js';
import { downloads } from './downloads.js';
import { refuseNamedByPermission } from './named-by-permissions.js';
import { bodyReader } from './request-bodies.js';
import { ownerAnswer, wholeCollection } from './owner-answers.js';
import type { AskOwner } from './owner-answers.js';

export interface RawRequest extends Admitted {
  readonly id: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The other end of the connection: the client, or a proxy. */
  readonly peer: string;
  /** The client's. */
  readonly ip: string;
}
export type Rest = (request: RawRequest) => Promise<RestReply>;

export interface RestParts {
  readonly ask: AskOwner;
  readonly own: Readonly<Record<string, Answer>>;
  readonly jobs: Jobs;
  readonly entities: EntityManager;
}

export function rest({ ask, own, jobs, entities }: RestParts): Rest {
  const answerOfOwner = ownerAnswer(ask, refuseNamedByPermission(entities));
  const downloadOf = downloads(ask);
  const answererOf = ({ match: { route } }: RestRequest): Answer => {
    const answer = route.answerer === 'gateway' ? own[`${route.collection} ${route.op}`] : answerOfOwner;
    if (answer === undefined) throw new Error(`nobody answers ${route.method} ${route.path}`);
    return answer;
  };
  const readBody = bodyReader((request) => answererOf(request)(request));
  return async ({ text, ...raw }) => {
    const { route } = raw.match;
    const request: RestRequest = { ...raw, body: await readBody(raw, text) };
    const download = downloadOf(request);
    if (download !== undefined) return download(request);
    const answer = answererOf(request);
    if (!route.many || !prefersJob(request)) return answer(request);
    const work =
      route.answerer === 'gateway'
        ? () => ownCollection(answer, request)
        : () => wholeCollection(ask, request);
    return startJob(jobs, request, async () => JSON.stringify(await work()));
  };
}

function prefersJob({ headers }: RestRequest): boolean {
  return String(headers['prefer'] ?? '')
    .split(/[,;]/)
    .some((preference) => preference.trim().toLowerCase() === 'respond-async');
}

async function ownCollection(answer: Answer, request: RestRequest): Promise<unknown> {
  const query = { max_results: '200000', ...request.query };
  return (await answer({ ...request, query })).body;
}

async function startJob(jobs: Jobs, request: RestRequest, work: () => Promise<string>): Promise<RestReply> {
  const id = await jobs.start(actorHref(actorOf(request.caller)), work, explain);
  if (id === undefined) {
    throw refuse('too_many_requests_error', 'too many asynchronous requests; delete finished jobs or wait', {
      'retry-after': '5',
    });
  }
  return { status: 202, headers: { location: `/orgs/1/jobs/${id}`, 'retry-after': '1' } };
}

function explain(error: unknown): string {
  return error instanceof Refusal ? error.message : 'a fault of ours; see the logs of the gateway';
}
