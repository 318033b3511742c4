/**
 * One HTTP request from arrival to reply: request id, trace, admission before the body, refusals as error arrays, counts and a
 * log line. Also the two things that are no REST: pages for browsers and the stream of events.
 */
import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { HttpException } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isText, TEXT_PROBLEM } from '@ringfence/contracts';
import type { ErrorToken } from '@ringfence/contracts';
import { startTrace, withTraceHeaders } from '@ringfence/service-host';
import type { HostContext, Metrics } from '@ringfence/service-host';
import { internalFault, Refusal, refuse } from '../../domain/refusal.js';
import { clientAddress, forwardedFor } from '../admission/addresses.js';
import type { Addresses } from '../admission/addresses.js';
import type { Admission, Admitted } from '../admission/admission.js';
import type { Followers } from './followers.js';
import { sendRefusal, sendReply } from './http-reply.js';
import { sendPage } from './pages.js';
import type { Pages } from './pages.js';
import type { RawRequest, Rest } from '../answers/rest.js';

const API = '/api/v2';

export interface HttpServing {
  /** Before the body is read. */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  handle(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** What went wrong before or outside `handle`. */
  fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void;
  /** What was no request at all was refused with it. */
  unreadable(token: ErrorToken, status: number): void;
}

/** The other end of the connection, and the client's address, which may be another. */
type From = Pick<RawRequest, 'peer' | 'ip'>;
type Host = Pick<HostContext<unknown>, 'logger' | 'metrics'>;

export interface ServingParts {
  readonly admission: Admission;
  readonly rest: Rest;
  readonly followers: Followers;
  readonly pages: Pages;
  /** Who is believed about whom it speaks for. */
  readonly trusts: Addresses;
  readonly host: Host;
}

export function httpServing(parts: ServingParts): HttpServing {
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  const count = requestCounter(
    parts.host.metrics,
    (request) => admitted.get(request)?.match.route.path ?? 'none',
  );
  const refused = parts.host.metrics.counter('gateway_errors_total', 'Errors answered, by token and status');
  const whereFrom = ({ socket, headers }: FastifyRequest): From => {
    const peer = socket.remoteAddress ?? '';
    return { peer, ip: clientAddress(peer, forwardedFor(headers), parts.trusts) };
  };
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = refusalFrom(error, request.id);
    if (refusal.status >= 500)
      parts.host.logger.error({ err: error, request: request.id }, 'a request failed');
    for (const { token } of refusal.errors) refused.add(1, { token, status: String(refusal.status) });
    sendRefusal(reply, refusal);
    count(request, reply);
  };

  return {
    admit: async (request, reply) => {
      reply.header('x-request-id', request.id);
      const path = pathOf(request);
      if (!path.startsWith(`${API}/`)) return;
      refuseOtherSites(request);
      const { authorization } = request.headers;
      const { ip } = whereFrom(request);
      const arrival = { method: request.method, path: path.slice(API.length), authorization, ip };
      admitted.set(request, await parts.admission(arrival));
    },
    handle: async (request, reply) => {
      const admission = admitted.get(request);
      if (admission === undefined) return outsideTheApi(parts.pages, request, reply);
      try {
        if (admission.match.route.collection === 'stream') return stream(parts.followers, request, reply);
        await traced(request, reply, admission, async () => {
          sendReply(reply, await parts.rest(rawRequest(request, admission, whereFrom(request))));
          sayWhatChanged(parts.host.logger, request, reply);
        });
        count(request, reply);
      } catch (error) {
        fail(error, request, reply);
      }
    },
    fail,
    unreadable: (token, status) => refused.add(1, { token, status: String(status) }),
  };
}

/**
 * A browser sends credentials that it remembers along with what a page of another site asks for, and says where that is from; who
 * is no browser says nothing. What such a page would read, the browser does not show it.
 */
function refuseOtherSites({ method, headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (method === 'GET' || (site !== 'cross-site' && site !== 'same-site')) return;
  throw refuse('cross_site_request', 'a page of another site may change nothing here');
}

/** Reading is not worth a line. */
function sayWhatChanged(logger: Host['logger'], request: FastifyRequest, reply: FastifyReply): void {
  const { method, id } = request;
  const level = method === 'GET' ? 'debug' : 'info';
  logger[level]({ method, path: pathOf(request), status: reply.statusCode, request: id }, 'answered');
}

type Count = (request: FastifyRequest, reply: FastifyReply) => void;

function requestCounter(metrics: Metrics, routeOf: (request: FastifyRequest) => string): Count {
  const answered = metrics.counter('gateway_http_requests_total', 'Answers, by status and route');
  const seconds = metrics.histogram('gateway_http_seconds', 'From arrival to the reply', {
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  return (request, reply) => {
    const route = routeOf(request);
    answered.add(1, { status: String(reply.statusCode), route });
    seconds.record(reply.elapsedTime / 1000, { route });
  };
}

/** What is no UTF-8 would be stored as something else than what was sent. */
function textOf(body: Buffer): string {
  if (isUtf8(body)) return body.toString('utf8');
  let line = 1;
  for (let from = 0, end = 0; end >= 0; from = end + 1, line += 1) {
    end = body.indexOf('\n', from);
    if (!isUtf8(body.subarray(from, end < 0 ? undefined : end))) break;
  }
  throw refuse('invalid_encoding', `body: line ${String(line)} is not UTF-8`);
}

function rawRequest(request: FastifyRequest, admission: Admitted, from: From): RawRequest {
  const text = Buffer.isBuffer(request.body) ? textOf(request.body) : '';
  const { id, headers } = request;
  return {
    ...admission,
    id,
    path: pathOf(request).slice(API.length),
    query: queryOf(request),
    headers,
    text,
    ...from,
  };
}

/** Continues the caller's trace, and tells its id, so that a request can be found in the traces. */
function traced(
  request: FastifyRequest,
  reply: FastifyReply,
  { match }: Admitted,
  answer: () => Promise<void>,
): Promise<void> {
  return withTraceHeaders(traceHeaders(request), () =>
    startTrace(`${request.method} ${match.route.path}`, () => {
      const traceId = trace.getActiveSpan()?.spanContext().traceId;
      if (traceId !== undefined) reply.header('x-trace-id', traceId);
      return answer();
    }),
  );
}

export const newRequestId = (): string => randomUUID();

function refusalFrom(error: unknown, requestId: string): Refusal {
  if (error instanceof Refusal) return error;
  const { code, statusCode } = statusOf(error);
  if (statusCode === 413) return refuse('request_too_large', 'the body is larger than this server takes');
  if (code === 'FST_ERR_BAD_URL') return refuse('invalid_uri', 'the path cannot be decoded');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return refuse('invalid_json', 'the request cannot be read');
  return internalFault(requestId);
}

/** Fastify's own errors, as they are or turned into Nest's. */
function statusOf(error: unknown): { code?: string; statusCode?: number } {
  return error instanceof HttpException
    ? { statusCode: error.getStatus() }
    : (error as { code?: string; statusCode?: number });
}

/** Programs put paths together of parts that begin and end with a slash: several are one, and the last one is none. */
function pathOf(request: FastifyRequest): string {
  const mark = request.url.indexOf('?');
  const path = (mark < 0 ? request.url : request.url.slice(0, mark)).replaceAll(/\/{2,}/g, '/');
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** The last of a repeated parameter counts; `+` is a space. */
function queryOf(request: FastifyRequest): Record<string, string> {
  const mark = request.url.indexOf('?');
  const entries = mark < 0 ? [] : [...new URLSearchParams(request.url.slice(mark + 1))];
  const unusable = entries.find((entry) => !entry.every(isText));
  if (unusable !== undefined)
    throw refuse('input_validation_error', `${named(unusable[0])}: ${TEXT_PROBLEM}`);
  return Object.fromEntries(entries);
}

const named = (parameter: string): string => (isText(parameter) ? parameter.slice(0, 100) : 'the query');

function traceHeaders(request: FastifyRequest): Record<string, string> {
  const { traceparent, tracestate } = request.headers;
  return {
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    ...(typeof tracestate === 'string' ? { tracestate } : {}),
  };
}

function outsideTheApi(pages: Pages, request: FastifyRequest, reply: FastifyReply): void {
  if (sendPage(pages, pathOf(request), request, reply)) return;
  sendRefusal(
    reply,
    refuse('invalid_uri', 'there is nothing here; the API is below /api/v2, its description at /docs'),
  );
}

function stream(followers: Followers, request: FastifyRequest, reply: FastifyReply): void {
  const gone = new AbortController();
  request.raw.on('close', () => gone.abort());
  sendReply(reply, { status: 200, stream: followers.follow(gone.signal), contentType: 'text/event-stream' });
}
