import { randomBytes } from 'node:crypto';
import { CallError, connectBus } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { API, CALLS, ERRORS } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { startNats, startPostgres } from '@ringfence/testing';
import type { NatsServer, PostgresServer } from '@ringfence/testing';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configSchema } from './config.js';
import { bodySchema } from './domain/request-body.js';
import { ROUTES } from './domain/route-table.js';
import { startGateway } from './gateway.module.js';
import { manifest } from './manifest.js';

const KEY = `api_${randomBytes(8).toString('hex')}`;
const SECRET = randomBytes(16).toString('hex');
const basic = (user: string, secret: string): string =>
  `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
const OWNER = basic(KEY, SECRET);

let nats: NatsServer;
let postgres: PostgresServer;
let owner: Bus;
let gateway: HostedProcess | undefined;
let url = '';

/** The owner of everything: answers what the test says and keeps what it was asked. */
let asked: ResourceRequest[] = [];
let answer: (request: ResourceRequest) => ResourceResponse | Promise<ResourceResponse>;

interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}
async function call(
  method: string,
  path: string,
  options: { body?: unknown; raw?: string; headers?: Record<string, string> } = {},
): Promise<Got> {
  const text = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const response = await fetch(`${url}${path.startsWith('/docs') ? '' : '/api/v2'}${path}`, {
    method,
    headers: {
      authorization: OWNER,
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(text === undefined ? {} : { body: text }),
    signal: AbortSignal.timeout(20_000),
  });
  const got = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return {
    status: response.status,
    headers: response.headers,
    text: got,
    json: isJson && got !== '' ? (JSON.parse(got) as unknown) : undefined,
  };
}
const refused = (token: string, message?: unknown): unknown => [
  { token, message: message ?? (expect.any(String) as unknown) },
];
const naming = (field: string): unknown => [
  expect.objectContaining({
    token: 'input_validation_error',
    message: expect.stringContaining(field) as unknown,
  }),
];

async function startIt(env: Record<string, string> = {}): Promise<{ process: HostedProcess; url: string }> {
  let listening = '';
  const process = await startHosted(
    {
      manifest,
      config: configSchema,
      start: async (context) => {
        const running = await startGateway(context);
        listening = running.url;
        return running;
      },
    },
    {
      NATS_URL: nats.url,
      DATABASE_URL: postgres.url,
      RINGFENCE_PORT: '0',
      RINGFENCE_MANAGEMENT_PORT: '0',
      RINGFENCE_BOOTSTRAP_API_KEY: `${KEY}:${SECRET}`,
      RINGFENCE_RATE_LIMIT: '100000',
      RINGFENCE_BODY_LIMIT: '100000',
      LOG_LEVEL: 'fatal',
      ...env,
    },
  );
  await process.started;
  return { process, url: listening };
}

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  owner = await connectBus({ servers: nats.url, name: 'owner', server: 'control' });
  for (const contract of [
    CALLS.labelResource,
    CALLS.inventoryResource,
    CALLS.policyResource,
    CALLS.flowResource,
  ]) {
    owner.serve(contract, async (request) => {
      asked.push(request);
      return answer(request);
    });
  }
  owner.serve(CALLS.exchangeToken, async ({ cluster, token }) => {
    if (token !== 'right')
      throw CallError.of('UNAUTHENTICATED', 'wrong-token', 'the token of the cluster is another one');
    return {
      natsUrl: 'nats://x',
      jwt: 'j',
      seed: 's',
      expiresAt: '2026-11-20T10:00:00Z',
      clusterName: cluster,
    };
  });
  const started = await startIt();
  gateway = started.process;
  url = started.url;
});
afterAll(async () => {
  await gateway?.stop();
  await owner.close();
  await Promise.all([nats.close(), postgres.close()]);
});
beforeEach(() => {
  asked = [];
  answer = () => ({ body: {} });
});

describe('the way in', () => {
  it('is closed without a key, with a wrong secret, with an unknown key, and says so in one way', async () => {
    for (const authorization of [
      '',
      'Bearer x',
      basic(KEY, 'wrong'),
      basic('api_00', SECRET),
      'Basic !!!',
      basic('', ''),
    ]) {
      const got = await call('GET', '/orgs/1/labels', { headers: { authorization } });
      expect(got.status).toBe(401);
      expect(got.json).toEqual(refused('authentication_failed'));
      expect(got.headers.get('www-authenticate')).toContain('Basic');
    }
    expect(asked).toEqual([]);
  });

  it('does not tell a stranger which paths exist', async () => {
    expect((await call('GET', '/nothing', { headers: { authorization: '' } })).status).toBe(401);
  });

  it('is closed for another organisation', async () => {
    for (const org of ['0', '2', '01']) {
      const got = await call('GET', `/orgs/${org}/labels`);
      expect([got.status, got.json]).toEqual([403, refused('organization_not_permitted')]);
    }
  });

  it('is open without a key for health and the description', async () => {
    for (const path of ['/health', '/node_available', '/openapi.json', '/docs']) {
      expect((await call('GET', path, { headers: { authorization: '' } })).status).toBe(200);
    }
  });

  it('knows a path with another method, and no other path', async () => {
    const wrong = await call('DELETE', '/orgs/1/labels');
    expect([wrong.status, wrong.json, wrong.headers.get('allow')]).toEqual([
      405,
      refused('method_not_allowed_error'),
      'GET, POST',
    ]);
    for (const path of [
      '/orgs/1/nothing',
      '/orgs/1/labels/1/2/3',
      '/orgs/1/sec_policy/later/ip_lists',
      '/orgs/1/labels/..%2f..',
      '/orgs/1/labels/%zz',
    ]) {
      const got = await call('GET', path);
      expect([path, got.status, got.json]).toEqual([path, 404, refused('invalid_uri')]);
    }
    const patch = await call('PATCH', '/orgs/1/labels/1', { body: {} });
    expect(patch.status).toBe(405);
  });

  it('changes only drafts', async () => {
    for (const version of ['active', '7']) {
      expect((await call('DELETE', `/orgs/1/sec_policy/${version}/ip_lists/1`)).status).toBe(405);
    }
    expect((await call('DELETE', '/orgs/1/sec_policy/draft/ip_lists/1')).status).toBe(204);
    expect(asked[0]).toMatchObject({ collection: 'ip_lists', op: 'delete', pversion: 'draft', ids: ['1'] });
  });

  it('refuses more than so many requests a minute and says when to come again', async () => {
    const slow = await startIt({ RINGFENCE_RATE_LIMIT: '3' });
    try {
      const statuses = [];
      for (let i = 0; i < 4; i += 1) {
        const got = await fetch(`${slow.url}/api/v2/noop`, { headers: { authorization: OWNER } });
        statuses.push(got.status);
        if (got.status === 429) expect(Number(got.headers.get('retry-after'))).toBeGreaterThan(0);
        await got.text();
      }
      expect(statuses).toEqual([200, 200, 200, 429]);
      expect((await fetch(`${slow.url}/api/v2/health`)).status).toBe(200);
    } finally {
      await slow.process.stop();
    }
  });
});

describe('an answer', () => {
  it('is plain application/json with the headers that clients look for', async () => {
    answer = () => ({
      body: [{ href: '/orgs/1/labels/1' }, { href: '/orgs/1/labels/2' }],
      total: 7,
      matched: 2,
    });
    const got = await call('GET', '/orgs/1/labels?key=role&unknown=x&name=a+b');
    expect(got.status).toBe(200);
    expect(got.headers.get('content-type')).toBe('application/json');
    expect(got.headers.get('x-total-count')).toBe('7');
    expect(got.headers.get('x-matched-count')).toBe('2');
    expect(got.headers.get('cache-control')).toBe('no-store');
    expect(got.headers.get('etag')).toMatch(/^W\/".+"$/);
    expect(got.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(asked[0]).toMatchObject({
      org: 1,
      actor: { kind: 'user', id: '1' },
      query: { key: 'role', unknown: 'x', name: 'a b' },
    });
  });

  it('is cut at max_results, also at none, and refuses what is no number', async () => {
    answer = () => ({ body: Array.from({ length: 600 }, (_, i) => ({ i })), total: 600 });
    const length = async (query: string): Promise<number> =>
      ((await call('GET', `/orgs/1/labels${query}`)).json as unknown[]).length;
    expect([
      await length(''),
      await length('?max_results=0'),
      await length('?max_results=3'),
      await length('?max_results=550'),
    ]).toEqual([500, 0, 3, 550]);
    for (const wrong of ['-1', 'ten', '1e3']) {
      const got = await call('GET', `/orgs/1/labels?max_results=${wrong}`);
      expect([got.status, got.json]).toEqual([406, naming('max_results')]);
    }
  });

  it('is 201 with its place for what was made, 204 without a body for a change', async () => {
    answer = ({ op }) =>
      op === 'create'
        ? { body: { href: '/orgs/1/labels/9', key: 'role', value: 'web' } }
        : { body: { x: 1 } };
    const made = await call('POST', '/orgs/1/labels', { body: { key: 'role', value: 'web' } });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/orgs/1/labels/9']);
    const changed = await call('PUT', '/orgs/1/labels/9', { body: { value: 'www' } });
    expect([changed.status, changed.text]).toEqual([204, '']);
    expect(asked[1]).toMatchObject({ op: 'update', ids: ['9'], body: { value: 'www' } });
  });

  it.each([
    ['INVALID_ARGUMENT', 406],
    ['FAILED_PRECONDITION', 406],
    ['ALREADY_EXISTS', 406],
    ['NOT_FOUND', 404],
    ['PERMISSION_DENIED', 403],
    ['RESOURCE_EXHAUSTED', 429],
    ['UNAVAILABLE', 503],
    ['DEADLINE_EXCEEDED', 503],
  ] as const)('of an owner that says %s is %i', async (code, status) => {
    answer = () => {
      throw CallError.of(code, 'some_token', 'what to do');
    };
    const got = await call('GET', '/orgs/1/labels/1');
    expect(got.status).toBe(status);
    if (status !== 503) expect(got.json).toEqual([{ token: 'some_token', message: 'what to do' }]);
  });

  it('of an owner that breaks shows no inner text', async () => {
    answer = () => {
      throw new Error('secret detail at /some/file.ts:12');
    };
    const got = await call('GET', '/orgs/1/labels/1');
    expect([got.status, got.json]).toEqual([500, refused('internal_error')]);
    expect(got.text).not.toContain('secret');
  });

  it('of an owner that is away is 503 with a time to come again', async () => {
    const got = await call('POST', '/orgs/1/explain', { body: { from: 'a/b', to: 'c/d', port: 80 } });
    expect([got.status, got.json, got.headers.get('retry-after')]).toEqual([
      503,
      refused('service_unavailable'),
      '1',
    ]);
  });

  it('carries the caller’s trace on to the owner', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const got = await call('GET', '/orgs/1/labels/1', {
      headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    });
    expect(got.headers.get('x-trace-id')).toBe(trace);
  });
});

describe('a bad body', () => {
  it('is refused by every route that takes one, with a known token, without a trace of our code, and reaches nobody', async () => {
    const withBody = ROUTES.filter((route) => route.body !== 'none');
    const bad = [
      '',
      '{',
      '[[]',
      '"text"',
      '17',
      'null',
      '{"nobody_knows_this":1}',
      '\u0000',
      '{"__proto__":{"x":1}}',
    ];
    for (const route of withBody) {
      const path = route.path
        .replace('{org}', '1')
        .replace('{pversion}', 'draft')
        .replace('{user}', '1')
        .replaceAll(/\{\w+\}/g, '1');
      const lenient = bodySchema(route)?.safeParse({}).success === true;
      for (const raw of bad) {
        if (lenient && raw === '') continue;
        if (bodySchema(route)?.safeParse(parsed(raw)).success === true) continue;
        const got = await call(route.method, path, { raw });
        const what = `${route.method} ${path} ${raw}`;
        expect([what, got.status >= 400 && got.status < 500]).toEqual([what, true]);
        for (const { token, message } of got.json as { token: string; message: string }[]) {
          expect(Object.keys(ERRORS)).toContain(token);
          expect(message).not.toMatch(/\.ts|\.js|node_modules|Zod/);
        }
      }
    }
    expect(asked).toEqual([]);
  });

  it('is told by the name of every wrong field', async () => {
    const got = await call('POST', '/orgs/1/labels', { body: { key: 'role', value: 7, extra: 1 } });
    expect(got.status).toBe(406);
    expect(got.text).toContain('value');
    expect(got.text).toContain('extra: unknown field');
  });

  it('that is no JSON is 400, of another type 400, too large 413', async () => {
    const broken = await call('POST', '/orgs/1/labels', { raw: '{"key":' });
    expect([broken.status, broken.json]).toEqual([400, refused('invalid_json')]);
    const form = await call('POST', '/orgs/1/labels', {
      raw: 'key=role',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([form.status, form.json]).toEqual([400, refused('unsupported_content_type')]);
    const large = await call('POST', '/orgs/1/labels', { body: { key: 'role', value: 'x'.repeat(200_000) } });
    expect([large.status, large.json]).toEqual([413, refused('request_too_large')]);
  });

  it('may come with a charset', async () => {
    const got = await call('POST', '/orgs/1/labels', {
      body: { key: 'role', value: 'web' },
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    expect(got.status).toBe(201);
  });

  it('has a schema on every route that takes one', () => {
    const missing = ROUTES.filter((route) => route.body !== 'none' && bodySchema(route) === undefined);
    expect(missing.map((route) => `${route.method} ${route.path}`)).toEqual([]);
  });
});

describe('an asynchronous GET', () => {
  it('answers a job, then a data file with everything', async () => {
    answer = ({ query }) => ({
      body: Array.from({ length: Math.min(700, Number(query['max_results'])) }, (_, i) => ({ i })),
      total: 700,
    });
    const begun = await call('GET', '/orgs/1/workloads', { headers: { prefer: 'respond-async' } });
    expect([begun.status, begun.text, begun.headers.get('retry-after')]).toEqual([202, '', '1']);
    const job = begun.headers.get('location') ?? '';
    expect(job).toMatch(/^\/orgs\/1\/jobs\/[0-9a-f-]{36}$/);
    await expect.poll(async () => ((await call('GET', job)).json as { status: string }).status).toBe('done');
    const done = (await call('GET', job)).json as { job_type: string; result: { href: string } };
    expect(done.job_type).toBe(':illumio/async_requests');
    const file = await call('GET', done.result.href);
    expect([file.status, file.headers.get('content-type'), (file.json as unknown[]).length]).toEqual([
      200,
      'application/json',
      700,
    ]);
    expect((await call('GET', '/orgs/1/jobs')).headers.get('x-total-count')).toBe('1');
    expect((await call('DELETE', job)).status).toBe(204);
    expect((await call('GET', job)).status).toBe(404);
    expect((await call('GET', done.result.href)).status).toBe(404);
  });

  it('of an owner that refuses ends as failed with the reason', async () => {
    answer = () => {
      throw CallError.of('INVALID_ARGUMENT', 'input_validation_error', 'labels: no such label');
    };
    const job =
      (await call('GET', '/orgs/1/workloads', { headers: { prefer: 'respond-async' } })).headers.get(
        'location',
      ) ?? '';
    await expect
      .poll(async () => (await call('GET', job)).json)
      .toMatchObject({
        status: 'failed',
        result: { message: expect.stringContaining('no such label') as unknown },
      });
  });
});

describe('API keys', () => {
  it('are made, shown without secret, used, renamed and revoked at once', async () => {
    const made = await call('POST', '/users/1/api_keys', { body: { name: 'ci' } });
    expect(made.status).toBe(201);
    const { key_id: id, auth_username: user, secret } = made.json as Record<string, string>;
    const authorization = basic(user ?? '', secret ?? '');
    expect((await call('GET', '/noop', { headers: { authorization } })).status).toBe(200);
    expect(
      (await call('PUT', `/users/1/api_keys/${id ?? ''}`, { body: { description: 'for builds' } })).status,
    ).toBe(204);
    const shown = await call('GET', `/orgs/1/users/1/api_keys/${id ?? ''}`);
    expect(shown.json).toMatchObject({ name: 'ci', description: 'for builds', auth_username: user });
    expect(shown.text).not.toContain(secret);
    expect((await call('DELETE', `/users/1/api_keys/${id ?? ''}`)).status).toBe(204);
    expect((await call('GET', '/noop', { headers: { authorization } })).status).toBe(401);
    expect((await call('GET', `/users/1/api_keys/${id ?? ''}`)).status).toBe(404);
  });

  it('are nowhere stored in the clear', async () => {
    const made = (await call('POST', '/users/1/api_keys', { body: { name: 'other' } })).json as Record<
      string,
      string
    >;
    const database = new pg.Client({ connectionString: `${postgres.url}_gateway` });
    await database.connect();
    try {
      const rows = await database.query(
        `select data::text as text from events union all select hash::text || salt::text from api_key_secrets`,
      );
      expect(JSON.stringify(rows.rows)).not.toContain(made['secret']);
    } finally {
      await database.end();
    }
  });

  it('that may only read change nothing', async () => {
    const made = (await call('POST', '/users/1/api_keys', { body: { name: 'ro', role: 'read_only' } }))
      .json as Record<string, string>;
    const authorization = basic(made['auth_username'] ?? '', made['secret'] ?? '');
    expect((await call('GET', '/orgs/1/labels', { headers: { authorization } })).status).toBe(200);
    const got = await call('POST', '/orgs/1/labels', {
      body: { key: 'role', value: 'x' },
      headers: { authorization },
    });
    expect([got.status, got.json]).toEqual([403, refused('forbidden_error')]);
  });

  it('do not delete themselves, and belong to their user', async () => {
    const got = await call('DELETE', `/users/1/api_keys/${KEY.slice(4)}`);
    expect([got.status, got.json]).toEqual([406, refused('cannot_delete_own_key')]);
    expect((await call('GET', '/users/2/api_keys')).status).toBe(404);
  });

  it('survive a restart, and the bootstrap key is made once', async () => {
    const again = await startIt();
    try {
      expect((await fetch(`${again.url}/api/v2/noop`, { headers: { authorization: OWNER } })).status).toBe(
        200,
      );
    } finally {
      await again.process.stop();
    }
  });
});

describe('the edge', () => {
  it('exchanges a right token and records a wrong one', async () => {
    const right = await call('POST', '/edge/exchange', {
      body: { cluster: 'c1', token: 'right' },
      headers: { authorization: '' },
    });
    expect([right.status, right.json]).toMatchObject([200, { natsUrl: 'nats://x', clusterName: 'c1' }]);
    const wrong = await call('POST', '/edge/exchange', {
      body: { cluster: 'c1', token: 'wrong' },
      headers: { authorization: '' },
    });
    expect([wrong.status, wrong.json]).toEqual([401, refused('cluster_authentication_failed')]);
    await expect
      .poll(
        async () =>
          (await call('GET', '/orgs/1/events?event_type=container_cluster.authentication_failed')).json,
      )
      .toMatchObject([
        { status: 'failure', action: { http_status_code: 401, errors: [{ token: 'wrong-token' }] } },
      ]);
  });

  it('answers 503, not 401, while nobody can tell', async () => {
    const body = { cluster: 'c1', token: 't', pairingKey: 'k', machineId: 'm', version: '1' };
    expect((await call('POST', '/edge/pair', { body, headers: { authorization: '' } })).status).toBe(503);
  });
});

describe('the audit trail', () => {
  it('holds changes of people and refused requests, filtered and counted', async () => {
    const event = (id: string, type: string, data: unknown): Promise<void> => {
      const actor = { kind: 'user', id: '1' };
      const envelope = {
        id,
        type,
        v: 1,
        stream: 'label-7',
        version: 1,
        position: 1,
        at: '2026-11-20T10:00:00.000Z',
        cluster: 'global',
        actor,
        data,
      };
      return owner.publish(`evt.global.label.${id}`, envelope, { id });
    };
    await event('11111111-1111-4111-8111-111111111111', 'LabelCreated', {
      id: '7',
      key: 'role',
      value: 'web',
      externalDataSet: null,
      externalDataReference: null,
    });
    await event('11111111-1111-4111-8111-111111111112', 'EntityUnlabelled', { id: 'x' });
    await expect
      .poll(async () => (await call('GET', '/orgs/1/events?event_type=label.create')).json)
      .toHaveLength(1);
    const [created] = (await call('GET', '/orgs/1/events?event_type=label.create')).json as {
      href: string;
    }[];
    expect(created).toMatchObject({
      status: 'success',
      created_by: { user: { href: '/users/1' } },
      resource_changes: [{ change_type: 'create', resource: { label: { value: 'web' } } }],
    });
    expect((await call('GET', created?.href ?? '')).status).toBe(200);
    expect((await call('GET', '/orgs/1/events?status=failure&max_results=1')).json).toHaveLength(1);
    expect((await call('GET', '/orgs/1/events?timestamp[gte]=2026-01-01')).status).toBe(406);
  });
});

describe('the description', () => {
  it('names every route and every collection', async () => {
    const document = (await call('GET', '/openapi.json')).json as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
      components: { schemas: object };
    };
    expect(document.openapi).toBe('3.1.0');
    for (const route of ROUTES)
      expect(document.paths[route.path]?.[route.method.toLowerCase()]).toBeDefined();
    const described = Object.keys(API).filter((name) => ROUTES.some((route) => route.collection === name));
    expect(Object.keys(document.components.schemas).length).toBeGreaterThanOrEqual(described.length);
  });
});

describe('traffic', () => {
  it('is downloaded chunk by chunk as one array, or as CSV', async () => {
    answer = ({ op, query }) => {
      if (op !== 'download') return { body: {} };
      const chunk = Number(query['chunk']);
      const text = query['format'] === 'csv' ? `line ${String(chunk)}\r\n` : `{"n":${String(chunk)}},{"n":1}`;
      return { body: { text: chunk === 2 ? '' : text, next: chunk === 2 ? null : chunk + 1 } };
    };
    const json = await call('GET', '/orgs/1/traffic_flows/async_queries/q/download', {
      headers: { accept: 'application/json' },
    });
    expect(json.json).toEqual([{ n: 0 }, { n: 1 }, { n: 1 }, { n: 1 }]);
    const csv = await call('GET', '/orgs/1/traffic_flows/async_queries/q/download', {
      headers: { accept: 'text/csv' },
    });
    expect([csv.headers.get('content-type'), csv.text]).toEqual(['text/csv', 'line 0\r\nline 1\r\n']);
  });

  it('is followed as server-sent events, together with new policy versions', async () => {
    let page = 0;
    answer = () => ({ body: { cursor: `e.${String((page += 1))}`, missed: 0, flows: [{ page }] } });
    const gone = new AbortController();
    const response = await fetch(`${url}/api/v2/orgs/1/stream`, {
      headers: { authorization: OWNER },
      signal: gone.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    const reading = (async () => {
      for await (const bytes of response.body ?? []) text += Buffer.from(bytes as Uint8Array).toString();
    })().catch(() => undefined);
    await expect.poll(() => text, { timeout: 5_000 }).toContain('event: flows\ndata: [{"page":2}]');
    const actor = { kind: 'user', id: '1' };
    const data = { version: '4', note: 'n', changes: [] };
    const id = '11111111-1111-4111-8111-111111111113';
    const envelope = {
      id,
      type: 'PolicyProvisioned',
      v: 1,
      stream: 'p-4',
      version: 1,
      position: 2,
      at: '2026-11-20T10:00:00.000Z',
      cluster: 'global',
      actor,
      data,
    };
    await owner.publish('evt.global.policy-version.4', envelope, { id });
    await expect.poll(() => text, { timeout: 5_000 }).toContain('event: policy\ndata: {"version":"4"');
    gone.abort();
    await reading;
  });
});

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return Symbol('not JSON');
  }
}
