import { CallError } from '@ringfence/bus';
import { ERRORS } from '@ringfence/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bodySchema } from './domain/request-body.js';
import { ROUTES } from './routes/routes.js';
import { basic, KEY, OWNER, refused, SECRET, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);
const naming = (field: string): unknown => [
  expect.objectContaining({
    token: 'input_validation_error',
    message: expect.stringContaining(field) as unknown,
  }),
];

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());
beforeEach(() => {
  under.asked = [];
  under.answer = () => ({ body: {} });
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
    expect(under.asked).toEqual([]);
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

  it('takes no body that is not UTF-8, and says on which line it is not', async () => {
    const send = (path: string, body: Buffer, type: string) =>
      fetch(`${under.url}/api/v2${path}`, {
        ...{ method: path.endsWith('import') ? 'PUT' : 'POST', body: new Uint8Array(body) },
        headers: { authorization: OWNER, 'content-type': type },
      });
    const csv = Buffer.from('href,hostname,role\n,a,Caf\u00e9\n,b,Caf\u00e9\n', 'latin1');
    const json = Buffer.from('{"key":"role","value":"Z\u00fcrich"}', 'latin1');
    for (const [path, body, type, line] of [
      ['/orgs/1/workloads/bulk_import', csv, 'text/csv', 2],
      ['/orgs/1/labels', json, 'application/json', 1],
      ['/orgs/1/workloads/bulk_import', Buffer.from('\ufeffhref,hostname', 'utf16le'), 'text/csv', 1],
    ] as const) {
      const got = await send(path, body, type);
      expect([got.status, await got.json()]).toEqual([
        406,
        [{ token: 'invalid_encoding', message: `body: line ${String(line)} is not UTF-8` }],
      ]);
    }
    expect(under.asked).toEqual([]);
  });

  it('takes uploaded flows as Go, curl and scripts send them: as CSV, as a form, as nothing that is said', async () => {
    const csv = '10.0.0.1,192.0.2.7,443,6\n10.0.0.1,192.0.2.8,53,17';
    for (const type of [undefined, 'text/csv', 'application/x-www-form-urlencoded']) {
      under.asked = [];
      const { status } = await fetch(`${under.url}/api/v2/orgs/1/agents/bulk_traffic_flows`, {
        ...{ method: 'POST', body: new TextEncoder().encode(csv) },
        headers: { authorization: OWNER, ...(type !== undefined && { 'content-type': type }) },
      });
      expect([type, status]).toEqual([type, 201]);
      const asked = { collection: 'agents/bulk_traffic_flows', op: 'upload', body: csv };
      expect(under.asked).toMatchObject([asked]);
    }
    under.asked = [];
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
    expect(under.asked[0]).toMatchObject({
      collection: 'ip_lists',
      op: 'delete',
      pversion: 'draft',
      ids: ['1'],
    });
  });

  it('refuses more than so many requests a minute and says when to come again', async () => {
    const slow = await under.startAnother({ RINGFENCE_RATE_LIMIT: '3' });
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
    under.answer = () => ({
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
    expect(under.asked[0]).toMatchObject({
      org: 1,
      actor: { kind: 'user', id: '1' },
      query: { key: 'role', unknown: 'x', name: 'a b' },
    });
  });

  it('is cut at max_results, also at none, and refuses what is no number', async () => {
    under.answer = () => ({ body: Array.from({ length: 600 }, (_, i) => ({ i })), total: 600 });
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
    under.answer = ({ op }) =>
      op === 'create'
        ? { body: { href: '/orgs/1/labels/9', key: 'role', value: 'web' } }
        : { body: { x: 1 } };
    const made = await call('POST', '/orgs/1/labels', { body: { key: 'role', value: 'web' } });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/orgs/1/labels/9']);
    const changed = await call('PUT', '/orgs/1/labels/9', { body: { value: 'www' } });
    expect([changed.status, changed.text]).toEqual([204, '']);
    expect(under.asked[1]).toMatchObject({ op: 'update', ids: ['9'], body: { value: 'www' } });
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
    under.answer = () => {
      throw CallError.of(code, 'some_token', 'what to do');
    };
    const got = await call('GET', '/orgs/1/labels/1');
    expect(got.status).toBe(status);
    if (status !== 503) expect(got.json).toEqual([{ token: 'some_token', message: 'what to do' }]);
  });

  it('of an owner that breaks shows no inner text', async () => {
    under.answer = () => {
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
  it('is refused by every route that takes one, with a known token, without a trace of our code, and changes nothing', async () => {
    const withBody = ROUTES.filter((route) => route.body !== 'none' && route.consumes === undefined);
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
    // What a PUT may not say is held against what is there.
    expect(under.asked.filter(({ op }) => op !== 'get')).toEqual([]);
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

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return Symbol('not JSON');
  }
}
