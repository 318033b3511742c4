import { gzipSync } from 'node:zlib';
import { CallError } from '@ringfence/bus';
import { API } from '@ringfence/contracts';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES } from './routes/routes.js';
import { basic, KEY, OWNER, refused, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest } from './testing/gateway-under-test.js';

const UUID = '11111111-1111-4111-8111-111111111111';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());
beforeEach(() => {
  under.asked = [];
  under.answer = () => ({ body: {} });
});

describe('an asynchronous GET', () => {
  it('answers a job, then a data file with everything', async () => {
    under.answer = ({ query }) => ({
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
    under.answer = () => {
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

  it('are changed by who names what he has read, unless another did since', async () => {
    const { key_id: id } = (await call('POST', '/users/1/api_keys', { body: { name: 'read' } })).json as {
      key_id: string;
    };
    const etag = (await call('GET', `/users/1/api_keys/${id}`)).headers.get('etag') ?? '';
    const changing = (description: string) =>
      call('PUT', `/users/1/api_keys/${id}`, { headers: { 'if-match': etag }, body: { description } });
    expect((await changing('one')).status).toBe(204);
    const refused = await changing('two');
    expect(refused.status).toBe(412);
    expect(refused.json).toMatchObject([{ token: 'precondition_failed' }]);
  });

  it('are nowhere stored in the clear', async () => {
    const made = (await call('POST', '/users/1/api_keys', { body: { name: 'other' } })).json as Record<
      string,
      string
    >;
    const database = new pg.Client({ connectionString: `${under.databaseUrl}_gateway` });
    await database.connect();
    try {
      const rows = await database.query(
        `select data::text as text from events union all select hash::text from api_key_secrets`,
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
    const again = await under.startAnother();
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
    const publicKey = `U${'A'.repeat(55)}`;
    const body = { cluster: 'c1', token: 't', pairingKey: 'k', machineId: 'm', version: '1', publicKey };
    expect((await call('POST', '/edge/pair', { body, headers: { authorization: '' } })).status).toBe(503);
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
    under.answer = ({ op, query }) => {
      if (op !== 'download') return { body: {} };
      const chunk = Number(query['chunk']);
      const text = query['format'] === 'csv' ? `line ${String(chunk)}\r\n` : `{"n":${String(chunk)}},{"n":1}`;
      return { body: { text: chunk === 2 ? '' : text, next: chunk === 2 ? null : chunk + 1 } };
    };
    const json = await call('GET', `/orgs/1/traffic_flows/async_queries/${UUID}/download`, {
      headers: { accept: 'application/json' },
    });
    expect(json.json).toEqual([{ n: 0 }, { n: 1 }, { n: 1 }, { n: 1 }]);
    const csv = await call('GET', `/orgs/1/traffic_flows/async_queries/${UUID}/download`, {
      headers: { accept: 'text/csv' },
    });
    expect([csv.headers.get('content-type'), csv.text]).toEqual(['text/csv', 'line 0\r\nline 1\r\n']);
  });

  it('is found by one request, for which a query is made, waited for, and deleted', async () => {
    const href = `/orgs/1/traffic_flows/async_queries/${UUID}`;
    const looks = ['queued', 'working', 'completed'];
    const asked: string[] = [];
    under.answer = ({ collection, op, ids }) => {
      asked.push(`${collection} ${op} ${ids.join()}`);
      if (op === 'download') return { body: { text: '{"n":0}', next: null } };
      return { body: { href, status: op === 'get' ? looks.shift() : 'queued' } };
    };
    const anyone = { include: [[]], exclude: [] };
    const query = {
      sources: anyone,
      destinations: anyone,
      services: { include: [], exclude: [] },
      max_results: 9,
    };
    const path = '/orgs/1/traffic_flows/traffic_analysis_queries';
    expect((await call('POST', path, { body: query })).json).toEqual([{ n: 0 }]);
    await expect
      .poll(() => asked)
      .toEqual(
        ['create ', ...['get', 'get', 'get', 'download', 'delete'].map((op) => `${op} ${UUID}`)].map(
          (words) => `traffic_flows/async_queries ${words}`,
        ),
      );
    const failed = { href, status: 'failed', result: { message: 'took longer than 60 s' } };
    under.answer = ({ op }) => (asked.push(op), { body: failed });
    const refusal = await call('POST', path, { body: query });
    expect([refusal.status, refusal.json]).toEqual([503, refused('request_timeout')]);
    expect(asked.slice(-3)).toEqual(['create', 'get', 'delete']);
    expect((await call('POST', path, { body: {} })).status).toBe(406);
  });

  it('is no other download: a support report is sent as the file that its owner keeps', async () => {
    const file = gzipSync('{"node":"n1"}');
    under.answer = ({ op }) => ({ body: op === 'download' ? { gzip: file.toString('base64') } : {} });
    const path = `/api/v2/orgs/1/support_reports/${UUID}/download`;
    const got = await fetch(under.url + path, { headers: { authorization: OWNER } });
    expect([got.status, got.headers.get('content-type')]).toEqual([200, 'application/gzip']);
    expect(got.headers.get('content-disposition')).toBe(
      `attachment; filename="support-report-${UUID}.json.gz"`,
    );
    expect(Buffer.from(await got.arrayBuffer())).toEqual(file);
  });

  it('is followed as server-sent events, together with new policy versions', async () => {
    let page = 0;
    under.answer = () => ({ body: { cursor: `e.${String((page += 1))}`, missed: 0, flows: [{ page }] } });
    const gone = new AbortController();
    const response = await fetch(`${under.url}/api/v2/orgs/1/stream`, {
      headers: { authorization: OWNER },
      signal: gone.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    const reading = (async () => {
      for await (const bytes of response.body ?? []) text += Buffer.from(bytes as Uint8Array).toString();
    })().catch(() => undefined);
    await expect.poll(() => text).toContain('event: flows\ndata: [{"page":2}]');
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
    await under.owner.publish('evt.global.policy-version.4', envelope, { id });
    await expect.poll(() => text).toContain('event: policy\ndata: {"version":"4"');
    gone.abort();
    await reading;
  });
});
