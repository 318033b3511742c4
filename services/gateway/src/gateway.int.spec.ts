import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { CallError } from '@ringfence/bus';
import { API } from '@ringfence/contracts';
import { releasedEvents } from '@ringfence/testing';
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
      return under.owner.publish(`evt.global.label.${id}`, envelope, { id });
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
      resource_changes: [
        { change_type: 'create', resource: { label: { href: '/orgs/1/labels/7', value: 'web' } } },
      ],
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

describe('a request that changes something', () => {
  const trail = async (query: string): Promise<Record<string, unknown>[]> =>
    (await call('GET', `/orgs/1/events?${query}`)).json as Record<string, unknown>[];

  it('is in the trail by its answer: who, from where, what, before and after; and once, also when its event comes', async () => {
    const href = '/orgs/1/sec_policy/draft/rule_sets/5/sec_rules/8';
    const change = { resource: { href }, changes: { enabled: { before: true, after: false } } };
    under.answer = () => ({ body: { href }, change });
    const put = await call('PUT', href, { body: { enabled: false } });
    const id = put.headers.get('x-request-id') ?? '';
    const told = await trail('event_type=sec_rule.update');
    expect(told).toEqual([
      expect.objectContaining({
        href: `/orgs/1/events/${id}`,
        ...{ severity: 'info', status: 'success', notifications: [] },
        created_by: { user: { href: '/users/1', username: KEY } },
        action: {
          ...{ uuid: id, api_endpoint: `/api/v2${href}`, api_method: 'PUT', http_status_code: 204 },
          ...{ src_ip: '127.0.0.1', info: {}, errors: [] },
        },
        resource_changes: [
          expect.objectContaining({
            resource: { sec_rule: { href } },
            change_type: 'update',
            changes: change.changes,
          }),
        ],
      }),
    ]);
    const event = {
      ...{
        id: '11111111-1111-4111-8111-111111111121',
        type: 'PairingProfileDeleted',
        v: 1,
        stream: 'pairing-profile-9',
        version: 1,
      },
      ...{ position: 9, at: '2026-11-20T10:00:00.000Z', cluster: 'global', correlation: id },
      ...{ actor: { kind: 'user', id: '1' }, data: { id: '9' } },
    };
    await under.owner.publish('evt.global.pairing-profile.9', event, { id: event.id });
    // Lost with the database that knew its request, and said again.
    const again = {
      ...event,
      id: '11111111-1111-4111-8111-111111111122',
      correlation: '11111111-1111-4111-8111-1111111111ff',
    };
    await under.owner.publish('evt.global.pairing-profile.9', again, { id: again.id });
    await expect
      .poll(async () => JSON.stringify(await trail('event_type=pairing_profile.delete')))
      .toContain(again.id);
    expect(JSON.stringify(await trail('event_type=pairing_profile.delete'))).not.toContain(event.id);
  });

  it('is in the trail when it is refused, and no GET is', async () => {
    under.answer = () => {
      throw CallError.of('FAILED_PRECONDITION', 'ip_list_referenced', 'a rule names it');
    };
    const href = '/orgs/1/sec_policy/draft/ip_lists/4';
    expect((await call('DELETE', href)).status).toBe(406);
    await call('GET', href);
    await call('PUT', href, { body: { nonsense: true } });
    expect(await trail('event_type=ip_list.delete')).toMatchObject([
      {
        severity: 'warning',
        status: 'failure',
        action: { http_status_code: 406, errors: [{ token: 'ip_list_referenced' }] },
      },
    ]);
    expect(await trail('event_type=ip_list.update')).toMatchObject([
      { status: 'failure', action: { errors: [{ token: 'input_validation_error' }] } },
    ]);
    expect(JSON.stringify(await trail('status=success'))).not.toContain('"GET"');
  });

  it('is found by who did it', async () => {
    await call('POST', '/orgs/1/labels', { body: { key: 'role', value: 'x' } });
    for (const who of ['user', '/users/1', KEY]) {
      const [found] = await trail(`created_by=${who}&event_type=label.create&max_results=1`);
      expect(found).toMatchObject({ created_by: { user: { username: KEY } } });
    }
    expect(await trail('created_by=agent&event_type=label.create')).toEqual([]);
    for (const wrong of ['severity=loud', 'status=perhaps', 'timestamp[lte]=yesterday'])
      expect((await call('GET', `/orgs/1/events?${wrong}`)).status).toBe(406);
  });

  it('is left out below the least severity, and is told again after', async () => {
    const settings = '/orgs/1/settings/events';
    expect((await call('GET', settings)).json).toMatchObject({
      ...{
        audit_event_retention_seconds: 2_592_000,
        audit_event_min_severity: 'informational',
        format: 'JSON',
      },
    });
    await call('PUT', settings, { body: { audit_event_min_severity: 'warning' } });
    await call('POST', '/orgs/1/label_dimensions', { body: { key: 'tier', display_name: 'Tier' } });
    expect(await trail('event_type=label_dimension.create')).toEqual([]);
    await call('PUT', settings, { body: { audit_event_min_severity: 'informational', format: 'CEF' } });
    expect(await trail('event_type=event_settings.update&max_results=1')).toMatchObject([
      {
        resource_changes: [
          { changes: { audit_event_min_severity: { before: 'warning', after: 'informational' } } },
        ],
      },
    ]);
    expect((await call('PUT', settings, { body: { audit_event_retention_seconds: 1 } })).status).toBe(406);
  });
});

describe('a syslog destination', () => {
  const path = '/orgs/1/settings/syslog/destinations';
  const destination = (port: number): object => ({
    ...{ pce_scope: [], type: 'remote_syslog', description: 'siem' },
    audit_event_logger: {
      ...{ configuration_event_included: true, system_event_included: false, min_severity: 'informational' },
    },
    traffic_event_logger: {
      traffic_flow_allowed_event_included: false,
      traffic_flow_potentially_blocked_event_included: false,
      traffic_flow_blocked_event_included: true,
    },
    node_status_logger: { node_status_included: false },
    remote_syslog: {
      ...{ address: '127.0.0.1', port, protocol: 6, tls_enabled: false, tls_verify_cert: true },
    },
  });
  const flow = (policy_decision: string): object => ({
    ...{
      src: { ip: '10.0.0.1' },
      dst: { ip: '10.0.0.2' },
      service: { port: 443, proto: 6 },
      policy_decision,
    },
    ...{ num_connections: 1, flow_direction: 'inbound' },
    timestamp_range: { first_detected: '2026-01-31T12:00:00Z', last_detected: '2026-01-31T12:00:00Z' },
  });

  it('is told what is audited, and the flows that it asks for; health says when it is away', async () => {
    let text = '';
    const server = createServer((socket) => socket.on('data', (data: Buffer) => (text += data.toString())));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    let page = 0;
    under.answer = ({ collection }) => {
      if (collection !== 'traffic_flows/recent')
        return { body: { href: '/orgs/1/labels/5', key: 'role', value: 'siem' } };
      page += 1;
      const flows = page === 2 ? [flow('allowed'), flow('blocked')] : [];
      return { body: { cursor: `e.${String(page)}`, missed: 0, flows } };
    };
    const { port } = server.address() as AddressInfo;
    const made = await call('POST', path, { body: destination(port) });
    expect([made.status, made.json]).toEqual([
      201,
      { href: expect.any(String) as string, ...destination(port) },
    ]);
    const { href } = made.json as { href: string };
    expect((await call('PUT', '/orgs/1/settings/events', { body: { format: 'CEF' } })).status).toBe(204);
    await call('POST', '/orgs/1/labels', { body: { key: 'role', value: 'siem' } });
    await expect.poll(() => text).toContain('|label.create|label create|1|');
    expect(text).toContain(`suser=${KEY} src=127.0.0.1 requestMethod=POST request=/api/v2/orgs/1/labels`);
    await expect.poll(() => text).toContain('|traffic.blocked|');
    expect(text).not.toContain('|traffic.allowed|');
    expect((await call('PUT', href, { body: { ...destination(1), href } })).status).toBe(204);
    const notified = async (): Promise<unknown> =>
      ((await call('GET', '/health')).json as { notifications: unknown }[])[0]?.notifications;
    await expect.poll(notified, { timeout: 20_000 }).toContainEqual({
      ...{ status: 'warning', token: 'syslog_destination_away' },
      message: expect.stringContaining(`syslog destination ${href.split('/').at(-1) ?? ''}`) as unknown,
    });
    expect((await call('DELETE', href)).status).toBe(204);
    expect((await call('GET', href)).status).toBe(404);
    expect((await call('GET', path)).json).toEqual([]);
    server.close();
  });

  it('whose certificate nobody looks at is an alarm of the whole', async () => {
    const unverified = {
      ...destination(1),
      remote_syslog: {
        address: '127.0.0.1',
        port: 1,
        protocol: 6,
        tls_enabled: true,
        tls_verify_cert: false,
      },
    };
    const { href } = (await call('POST', path, { body: unverified })).json as { href: string };
    const insecure = async (): Promise<string[]> => {
      const [health] = (await call('GET', '/health')).json as [
        { notifications: { token: string; message: string }[] },
      ];
      return health.notifications.flatMap(({ token, message }) => (token === 'insecure' ? [message] : []));
    };
    await expect
      .poll(insecure, { timeout: 20_000 })
      .toContainEqual(expect.stringMatching(/^gateway: tls_verify_cert: .*tls_ca_bundle/));
    await call('DELETE', href);
    await expect
      .poll(insecure, { timeout: 20_000 })
      .not.toContainEqual(expect.stringContaining('tls_verify_cert'));
  });

  it('is refused without an address', async () => {
    const got = await call('POST', path, { body: { ...destination(1), remote_syslog: undefined } });
    expect([got.status, got.json]).toEqual([406, refused('input_validation_error')]);
  });
});

describe('the audit trail of whatever was ever said', () => {
  it('reads every version of every event that was ever released, and names what was deleted', async () => {
    for (const { subject, payload } of releasedEvents(['evt.*.*.*']))
      await under.owner.publish(subject, payload, { id: payload.id });
    const deletions = async (): Promise<unknown> =>
      (await call('GET', '/orgs/1/events?event_type=label.delete')).json;
    await expect.poll(deletions).toHaveLength(2);
    const href = '/orgs/1/labels/text';
    const named = { label: { href, key: 'text', value: 'text' } };
    const unnamed = { label: { href } };
    const changes = ((await deletions()) as { resource_changes: { resource: unknown }[] }[]).map(
      ({ resource_changes: [change] }) => change?.resource,
    );
    expect(changes).toEqual(expect.arrayContaining([named, unnamed]));
    const buried: unknown[] = [];
    const letters = await under.owner.latest(
      'DEAD_LETTERS',
      'dead.gateway.>',
      (letter) => void buried.push(letter),
    );
    await letters.caughtUp;
    expect(buried).toEqual([]);
    await letters.close();
  });
});
