/** What reaches the gateway before anybody is known: text that cannot be stored, broken requests, slow ones, floods. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, KEY, OWNER, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);
const refused = (token: string): unknown => [
  expect.objectContaining({ token, message: expect.any(String) as unknown }),
];
const stranger = { authorization: '' };

function socketTo(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  return once(socket, 'connect').then(() => socket);
}

/** Everything that the server says until it ends the connection. */
async function answerOn(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  if (!socket.destroyed) await once(socket, 'close');
  return text;
}

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());

describe('text that cannot be stored', () => {
  const texts = ['\\u0000', 'a\\ud800', '\\udfffb'];

  it('is refused in a body, of strangers too', async () => {
    for (const text of texts) {
      const exchange = await call('POST', '/edge/exchange', {
        raw: `{"cluster":"c${text}","token":"t"}`,
        headers: stranger,
      });
      expect([exchange.status, exchange.json]).toEqual([406, refused('input_validation_error')]);
      const label = await call('POST', '/orgs/1/labels', { raw: `{"key":"role","value":"${text}"}` });
      expect([label.status, label.json]).toEqual([406, refused('input_validation_error')]);
    }
    expect(under.asked).toEqual([]);
  });

  it('is refused in a query, a path and a key', async () => {
    for (const query of ['event_type=%00', 'x%00=1', 'timestamp[gte]=%00']) {
      const got = await call('GET', `/orgs/1/events?${query}`);
      expect([query, got.status, got.json]).toEqual([query, 406, refused('input_validation_error')]);
    }
    const path = await call('GET', '/orgs/1/labels/%00');
    expect([path.status, path.json]).toEqual([404, refused('invalid_uri')]);
    for (const [name, secret] of [
      ['api_\0', 'x'],
      [KEY, '\0'],
    ] as const) {
      const got = await call('GET', '/noop', { headers: { authorization: basic(name, secret) } });
      expect([got.status, got.json]).toEqual([401, refused('authentication_failed')]);
    }
  });
});

describe('a page of another site', () => {
  it('changes nothing with the credentials that a browser remembers, and reads what it cannot see', async () => {
    const body = { key: 'role', value: 'x' };
    for (const site of ['cross-site', 'same-site']) {
      const headers = { 'sec-fetch-site': site };
      const got = await call('POST', '/orgs/1/labels', { body, headers });
      expect([site, got.status, got.json]).toEqual([site, 403, refused('cross_site_request')]);
      expect((await call('GET', '/noop', { headers })).status).toBe(200);
    }
    expect(under.asked).toEqual([]);
    for (const site of ['same-origin', 'none']) {
      const got = await call('POST', '/orgs/1/labels', { body, headers: { 'sec-fetch-site': site } });
      expect([site, got.status]).toEqual([site, 201]);
    }
  });
});

describe('every answer', () => {
  it('says that its type is meant, a download that it is a file', async () => {
    under.answer = () => ({ body: { text: 'a,b\n', next: null } });
    for (const [path, headers] of [
      ['/health', stranger],
      ['/orgs/1/nothing', {}],
      ['/docs', stranger],
    ] as const) {
      const got = await call('GET', path, { headers });
      expect(got.headers.get('x-content-type-options')).toBe('nosniff');
      expect(got.headers.get('content-disposition')).toBeNull();
    }
    const csv = await call(
      'GET',
      '/orgs/1/traffic_flows/async_queries/11111111-1111-4111-8111-111111111111/download',
      {
        headers: { accept: 'text/csv' },
      },
    );
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="flows.csv"');
    expect(csv.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('has our form too when the request cannot be read', async () => {
    const broken = [
      [
        'GET / HTTP/1.1\r\nhost: x\r\nx: ' + 'x'.repeat(40_000) + '\r\n\r\n',
        431,
        'request_headers_too_large',
      ],
      ['NONSENSE\r\n\r\n', 400, 'invalid_request'],
    ] as const;
    for (const [text, status, token] of broken) {
      const socket = await socketTo(under.url);
      socket.write(text);
      const answer = await answerOn(socket);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer.toLowerCase()).toContain('content-type: application/json\r\n');
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual(refused(token));
    }
  });
});

describe('a slow client', () => {
  it('is cut off when its headers or its body do not come', async () => {
    const quick = await under.startAnother({ RINGFENCE_ARRIVAL_SECONDS: '1' });
    try {
      const post = 'POST /api/v2/edge/exchange HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
      for (const begun of [
        '',
        'GET / HTT',
        'GET / HTTP/1.1\r\nhost: x\r\n',
        `${post}content-length: 50\r\n\r\n{"a`,
      ]) {
        const socket = await socketTo(quick.url);
        if (begun !== '') socket.write(begun);
        const answer = await answerOn(socket);
        expect([begun, answer]).toEqual([begun, expect.stringMatching(/^HTTP\/1.1 408 /)]);
        expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual(refused('request_timeout'));
      }
    } finally {
      await quick.process.stop();
    }
  });

  it('holds no more connections than one address may, and others still come in', async () => {
    const small = await under.startAnother({ RINGFENCE_CONNECTIONS_PER_ADDRESS: '3' });
    const held: Socket[] = [];
    try {
      for (let each = 0; each < 3; each += 1) {
        const socket = await socketTo(small.url);
        socket.write('GET /api/v2/health HTTP/1.1\r\n');
        held.push(socket);
      }
      const fourth = await socketTo(small.url);
      fourth.write('GET /api/v2/health HTTP/1.1\r\nhost: x\r\n\r\n');
      expect(await answerOn(fourth)).toBe('');
      held.pop()?.destroy();
      await expect
        .poll(() =>
          fetch(`${small.url}/api/v2/health`).then(
            ({ status }) => status,
            () => 0,
          ),
        )
        .toBe(200);
    } finally {
      for (const socket of held) socket.destroy();
      await small.process.stop();
    }
  });
});

describe('a flood of wrong keys', () => {
  it('is counted out, and leaves a right one its way', async () => {
    let isOver = false;
    const statuses = new Set<number>();
    const attack = async (flood: number): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        const name = flood % 2 === 0 ? KEY : `api_${String(flood)}${String(round)}`;
        const got = await call('GET', '/noop', { headers: { authorization: basic(name, `wrong ${round}`) } });
        statuses.add(got.status);
      }
    };
    const attacks = Array.from({ length: 60 }, (_, flood) => attack(flood));
    try {
      await expect.poll(() => statuses.has(429)).toBe(true);
      for (let each = 0; each < 3; each += 1)
        expect((await call('GET', '/noop', { headers: { authorization: OWNER } })).status).toBe(200);
    } finally {
      isOver = true;
      await Promise.all(attacks);
    }
    expect([...statuses].sort()).toEqual([401, 429]);
  });

  it('does not hinder a key that was made meanwhile', async () => {
    const made = (await call('POST', '/users/1/api_keys', { body: { name: 'new' } })).json as Record<
      string,
      string
    >;
    const authorization = basic(made['auth_username'] ?? '', made['secret'] ?? '');
    expect((await call('GET', '/noop', { headers: { authorization } })).status).toBe(200);
  });
});

describe('the audit trail', () => {
  it('holds the life of API keys, without their secrets', async () => {
    const made = (await call('POST', '/users/1/api_keys', { body: { name: 'audited' } })).json as Record<
      string,
      string
    >;
    const path = `/users/1/api_keys/${made['key_id'] ?? ''}`;
    await call('PUT', path, { body: { description: 'changed' } });
    await call('DELETE', path);
    for (const type of ['create', 'update', 'delete']) {
      const found = await call('GET', `/orgs/1/events?event_type=api_key.${type}`);
      expect(found.json).toContainEqual(
        expect.objectContaining({
          created_by: { user: expect.objectContaining({ href: '/users/1' }) as unknown },
          resource_changes: [
            expect.objectContaining({
              resource: {
                api_key: expect.objectContaining({ auth_username: made['auth_username'] }) as unknown,
              },
            }),
          ],
        }),
      );
      expect(found.text).not.toContain(made['secret']);
    }
  });

  it('holds who issued a pairing key, and not the key', async () => {
    const id = '11111111-1111-4111-8111-111111111199';
    const at = '2026-11-20T10:00:00.000Z';
    const head = { id, v: 1, stream: 'pairing-profile-1', version: 1, position: 1, at, cluster: 'global' };
    const data = { id: '1', key: '0123456789abcdef', at };
    const actor = { kind: 'user', id: '1' };
    const event = { ...head, type: 'PairingKeyIssued', actor, data };
    await under.owner.publish('evt.global.pairing-profile.1', event, { id });
    await expect
      .poll(
        async () => (await call('GET', '/orgs/1/events?event_type=pairing_profile.create_pairing_key')).json,
      )
      .toMatchObject([{ created_by: { user: { href: '/users/1' } } }]);
  });
});
