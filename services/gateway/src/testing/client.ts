/** A program that speaks the REST API, as strict about what comes back as the strictest that are in use. */
import { randomUUID } from 'node:crypto';
import { eventually } from '@ringfence/testing';
import { expect } from 'vitest';

export const ORG = '/orgs/1';
export const DRAFT = `${ORG}/sec_policy/draft`;
export const ACTIVE = `${ORG}/sec_policy/active`;
export const name = (): string => `n-${randomUUID()}`;

export type Item = { readonly href: string } & Readonly<Record<string, unknown>>;
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}
export interface Client {
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Each of these takes its own status and no other. */
  made(path: string, body: unknown): Promise<Item>;
  get(path: string): Promise<Item>;
  list(path: string): Promise<readonly Item[]>;
  /** By way of a job and a data file. */
  listLater(path: string): Promise<readonly Item[]>;
  put(href: string, body: unknown): Promise<void>;
  remove(href: string): Promise<void>;
  /** The token of the first of the reasons. */
  refused(method: string, path: string, body?: unknown): Promise<string>;
}
/** What clients may count on, by collection. */
export type Cases = Readonly<Record<string, (client: Client) => Promise<void>>>;

type Call = Client['call'];

export function clientOf(authorization: string, nextUrl: () => string): Client {
  const call: Call = async (method, path, body, headers) => {
    const response = await fetch(`${nextUrl()}${path}`, {
      method,
      headers: {
        ...{ authorization, accept: 'application/json' },
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (text === '') return { status: response.status, headers: response.headers, body: undefined };
    expect(response.headers.get('content-type')).toBe('application/json');
    return { status: response.status, headers: response.headers, body: JSON.parse(text) as unknown };
  };
  const answered = async (status: number, ...request: Parameters<Call>): Promise<Answer> => {
    const answer = await call(...request);
    expect([answer.status, answer.body]).toEqual([status, status === 204 ? undefined : answer.body]);
    return answer;
  };
  const list = async (path: string): Promise<readonly Item[]> => {
    const { body, headers } = await answered(200, 'GET', path);
    expect(headers.get('x-total-count')).toMatch(/^\d+$/);
    return body as readonly Item[];
  };
  return {
    call,
    made: async (path, body) => (await answered(201, 'POST', path, body)).body as Item,
    get: async (path) => (await answered(200, 'GET', path)).body as Item,
    list,
    listLater: (path) => fromJob(call, path),
    put: async (href, body) => void (await answered(204, 'PUT', href, body)),
    remove: async (href) => void (await answered(204, 'DELETE', href)),
    refused: async (method, path, body) => {
      const answer = await answered(406, method, path, body);
      return (answer.body as readonly { readonly token: string }[])[0]!.token;
    },
  };
}

async function fromJob(call: Call, path: string): Promise<readonly Item[]> {
  const { status, headers, body } = await call('GET', path, undefined, { prefer: 'respond-async' });
  expect([status, body]).toEqual([202, undefined]);
  expect(headers.get('retry-after')).toMatch(/^\d+$/);
  const job = headers.get('location')!;
  expect(job).toMatch(/^\/orgs\/1\/jobs\//);
  const state = async (): Promise<{ status: string; result?: { href: string } }> =>
    (await call('GET', job)).body as { status: string; result?: { href: string } };
  const { result } = await eventually(state, (each) => each.status === 'done');
  return (await call('GET', result!.href)).body as readonly Item[];
}
