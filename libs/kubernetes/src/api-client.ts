/** Requests to a Kubernetes API server: read, ask for a review, patch, and the raw stream of a watch. Bounded in time; failures keep the server's words. */
import { VERSION } from '@ringfence/contracts';
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import type { ClusterAccess, Credentials } from './cluster-access.js';
import { Connections } from './connections.js';

const UNAUTHORIZED = 401;
/** A server that wants to be left alone for longer is asked all the same. */
const LONGEST_RETRY_AFTER_MS = 60_000;
/** Of an error's body; it is for people. */
const LONGEST_ERROR = 64 * 1024;

/** The server answered, and it was no. `reason` is Kubernetes' own word: Forbidden, NotFound, Expired, … */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    /** Not before that time shall the server be asked again. */
    readonly retryAfterMs = 0,
  ) {
    super(message);
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiClient {
  readonly server: string;
  /** Throws ApiError, or the socket's error. */
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T>;
  patch(path: string, body: unknown, contentType: PatchType, signal?: AbortSignal): Promise<void>;
  /** The body as it comes; it fails when nothing comes for `silentAfterMs`. */
  stream(
    path: string,
    query: Query,
    silentAfterMs: number,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}
export type PatchType = 'application/strategic-merge-patch+json' | 'application/merge-patch+json';

type Send = (
  path: string,
  options: Partial<Dispatcher.RequestOptions>,
  query?: Query,
) => Promise<Dispatcher.ResponseData>;

function sender(access: ClusterAccess, connections: Connections): Send {
  const send = ({ tls, token }: Credentials, url: string, options: Partial<Dispatcher.RequestOptions>) =>
    request(url, {
      method: 'GET',
      ...options,
      dispatcher: connections.with(tls),
      headers: {
        accept: 'application/json',
        'user-agent': `ringfence/${VERSION}`,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(options.headers as Record<string, string> | undefined),
      },
    });
  return async (path, options, query = {}) => {
    const url = `${access.server}${path}${queryText(query)}`;
    const credentials = await credentialsOf(access);
    let response = await send(credentials, url, options);
    if (response.statusCode === UNAUTHORIZED) {
      // It may have been replaced meanwhile.
      const others = await credentialsOf(access, credentials);
      if (others !== credentials) {
        await response.body.dump();
        response = await send(others, url, options);
      }
    }
    if (response.statusCode >= 300) throw await refusal(path, response);
    return response;
  };
}

async function credentialsOf(access: ClusterAccess, refused?: Credentials): Promise<Credentials> {
  if (access.credentials !== undefined) return access.credentials(refused);
  return refused ?? { tls: access.tls, token: access.token() };
}

export function apiClient(access: ClusterAccess): ApiClient {
  const connections = new Connections();
  const send = sender(access, connections);
  return {
    server: access.server,
    get: async <T>(path: string, query?: Query, signal?: AbortSignal) => {
      const response = await send(path, { ...(signal && { signal }) }, query);
      return (await response.body.json()) as T;
    },
    post: async <T>(path: string, body: unknown, signal?: AbortSignal) => {
      const headers = { 'content-type': 'application/json' };
      const sent = {
        method: 'POST' as const,
        headers,
        body: JSON.stringify(body),
        ...(signal && { signal }),
      };
      return (await (await send(path, sent)).body.json()) as T;
    },
    patch: async (path, body, contentType, signal) => {
      const response = await send(path, {
        method: 'PATCH',
        headers: { 'content-type': contentType },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      });
      await response.body.dump();
    },
    stream: async (path, query, silentAfterMs, signal) =>
      (await send(path, { bodyTimeout: silentAfterMs, signal }, query)).body,
    close: () => connections.close(),
  };
}

function queryText(query: Query): string {
  const parts = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

async function refusal(path: string, response: Dispatcher.ResponseData): Promise<ApiError> {
  const text = (await response.body.text().catch(() => '')).slice(0, LONGEST_ERROR);
  const status = parseStatus(text);
  return new ApiError(
    response.statusCode,
    status.reason ?? '',
    `${path}: ${response.statusCode} ${status.message ?? text.slice(0, 200)}`,
    retryAfterMs(response.headers['retry-after']),
  );
}

/** Seconds, or a date. */
function retryAfterMs(header: string | string[] | undefined): number {
  const text = String(header ?? '');
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}

function parseStatus(text: string): { reason?: string; message?: string } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}
