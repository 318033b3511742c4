/** From where who may come: access restrictions, trusted proxies, and that nobody locks himself out by them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMINISTRATOR, basic, OWNER, refused, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest, Got } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);
const RESTRICTIONS = '/orgs/1/access_restrictions';
const PROXIES = '/orgs/1/settings/trusted_proxy_ips';
const ELSEWHERE = ['192.0.2.0/24', '2001:db8::/32'];

async function restriction(body: object): Promise<{ readonly href: string }> {
  const made = await call('POST', RESTRICTIONS, { body: { name: 'r', ...body } });
  expect([made.status, made.json]).toEqual([201, made.json]);
  const { href } = made.json as { href: string };
  return { href };
}
interface Program {
  readonly href: string;
  readonly authorization: string;
}
async function program(name: string, restricted: { readonly href: string } | null): Promise<Program> {
  const permissions = [{ role: { href: '/orgs/1/roles/owner' }, scope: [] }];
  const body = { name, permissions, access_restriction: restricted, api_key: { expires_in_seconds: -1 } };
  const made = await call('POST', '/orgs/1/service_accounts', { body });
  expect([made.status, made.json]).toEqual([201, made.json]);
  const { href, api_key: key } = made.json as { href: string; api_key: Record<string, string> };
  return { href, authorization: basic(key['auth_username'] ?? '', key['secret'] ?? '') };
}
const asked = (authorization: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> =>
  call('GET', '/noop', { headers: { authorization, ...headers } });
async function trust(...ips: readonly string[]): Promise<Got> {
  return call('PUT', PROXIES, { body: { trusted_proxy_ips: ips.map((ip) => ({ pce_fqdn: null, ip })) } });
}
const principalOf = async (name: string): Promise<string> => {
  const { json } = await call('GET', `/orgs/1/auth_security_principals?name=${name}`);
  return (json as { href: string }[])[0]?.href ?? '';
};

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());

describe('an access restriction', () => {
  it('lets come from its addresses alone whom it is assigned to, from the next request on', async () => {
    const elsewhere = await restriction({ name: 'Offices', ips: ELSEWHERE });
    const free = await program('free', null);
    expect((await asked(free.authorization)).status).toBe(200);
    expect((await call('PUT', free.href, { body: { access_restriction: elsewhere } })).status).toBe(204);
    const got = await asked(free.authorization);
    expect([got.status, got.json]).toEqual([401, refused('address_not_permitted')]);
    expect((await call('GET', free.href)).json).toMatchObject({ access_restriction: elsewhere });
    const { json: keys } = await call('GET', '/orgs/1/api_keys?name=free');
    expect(keys).toMatchObject([{ account: { access_restriction: elsewhere } }]);
    await expect
      .poll(async () => (await call('GET', `/orgs/1/events?created_by=${free.href}`)).json)
      .toMatchObject([
        {
          event_type: 'request.authentication_failed',
          status: 'failure',
          action: { src_ip: '127.0.0.1', errors: [{ token: 'address_not_permitted' }] },
        },
      ]);
    expect((await call('PUT', elsewhere.href, { body: { ips: [...ELSEWHERE, '127.0.0.1'] } })).status).toBe(
      204,
    );
    expect((await asked(free.authorization)).status).toBe(200);
    const { json: updates } = await call('GET', '/orgs/1/events?event_type=access_restriction.update');
    expect(updates).toMatchObject([
      { resource_changes: [{ changes: { ips: { before: ELSEWHERE, after: [...ELSEWHERE, '127.0.0.1'] } } }] },
    ]);
  });

  it('holds in every gateway, and not for the ways that it leaves out', async () => {
    const notKeys = await restriction({ ips: ELSEWHERE, enforcement_exclusions: ['api_keys'] });
    const notSessions = await restriction({ ips: ELSEWHERE, enforcement_exclusions: ['user_sessions'] });
    const other = await under.startAnother();
    try {
      expect((await asked((await program('not keys', notKeys)).authorization)).status).toBe(200);
      const barred = await program('not sessions', notSessions);
      const got = await fetch(`${other.url}/api/v2/noop`, {
        headers: { authorization: barred.authorization },
      });
      expect(got.status).toBe(401);
    } finally {
      await other.process.stop();
    }
  });

  it('keeps a right password from elsewhere as quiet as a wrong one, and says why in the trail', async () => {
    const bob = { username: 'bob@ringfence.local', password: 'a password of bob' };
    const { href } = (await call('POST', '/users', { body: bob })).json as { href: string };
    const restricted = await restriction({ ips: ELSEWHERE });
    const body = { name: bob.username, type: 'user', access_restriction: restricted };
    const principal = await call('POST', '/orgs/1/auth_security_principals', { body });
    expect(principal.json).toMatchObject({ access_restriction: restricted });
    const logIn = (): Promise<Got> =>
      call('POST', '/login_users/authenticate', {
        headers: { authorization: basic(bob.username, bob.password) },
      });
    const got = await logIn();
    expect([got.status, got.json]).toEqual([401, refused('authentication_failed')]);
    await expect
      .poll(async () => (await call('GET', `/orgs/1/events?created_by=${href}`)).json)
      .toMatchObject([{ action: { errors: [{ token: 'address_not_permitted' }] } }]);
    const free = { body: { access_restriction: null } };
    expect((await call('PUT', (principal.json as { href: string }).href, free)).status).toBe(204);
    expect((await logIn()).status).toBe(200);
  });

  it('is refused by its field, or while it holds for somebody, or beyond fifty', async () => {
    for (const [body, token] of [
      [{ name: 'x', ips: [] }, 'input_validation_error'],
      [{ name: 'x', ips: ['10.0.0.0/33'] }, 'input_validation_error'],
      [{ name: 'x', ips: ['localhost'] }, 'input_validation_error'],
      [
        { name: 'x', ips: Array.from({ length: 9 }, (_, n) => `10.0.0.${String(n)}`) },
        'input_validation_error',
      ],
      [{ name: 'x', ips: ['::1'], enforcement_exclusions: ['all'] }, 'input_validation_error'],
      [{ ips: ['::1'] }, 'input_validation_error'],
    ] as const) {
      const got = await call('POST', RESTRICTIONS, { body });
      expect([got.status, got.json]).toEqual([406, refused(token)]);
    }
    const used = await restriction({ name: 'used', ips: ELSEWHERE });
    const holder = await program('holder', used);
    const kept = await call('DELETE', used.href);
    expect([kept.status, kept.json]).toEqual([406, refused('access_restriction_in_use')]);
    expect((await call('DELETE', holder.href)).status).toBe(204);
    expect((await call('DELETE', used.href)).status).toBe(204);
    const unknown = await call('PUT', await principalOf('first@'), { body: { access_restriction: used } });
    expect(unknown.json).toEqual(refused('reference_not_found'));
    const have = ((await call('GET', RESTRICTIONS)).json as unknown[]).length;
    for (let n = have; n < 50; n++) await restriction({ ips: ['10.0.0.1'] });
    const more = await call('POST', RESTRICTIONS, { body: { name: 'x', ips: ['::1'] } });
    expect([more.status, more.json]).toEqual([406, refused('input_validation_error')]);
  });
});

describe('who sets it', () => {
  it('is told before he locks himself out, by the restriction or by the proxies', async () => {
    const [{ href } = { href: '' }] = (await call('GET', RESTRICTIONS)).json as { href: string }[];
    const me = await principalOf('first@');
    const assign = { body: { access_restriction: { href } } };
    expect((await call('PUT', href, { body: { ips: ['127.0.0.0/8'] } })).status).toBe(204);
    expect((await call('PUT', me, assign)).status).toBe(204);
    expect((await asked(OWNER)).status).toBe(200);
    for (const got of [
      await call('PUT', href, { body: { ips: ELSEWHERE } }),
      await call('PUT', PROXIES, {
        body: { trusted_proxy_ips: [{ pce_fqdn: null, ip: '127.0.0.1' }] },
        headers: { 'x-forwarded-for': '203.0.113.9' },
      }),
    ])
      expect([got.status, got.json]).toEqual([406, refused('access_restriction_locks_out')]);
    expect((await asked(OWNER)).status).toBe(200);
    expect((await call('GET', PROXIES)).json).toMatchObject({ trusted_proxy_ips: [] });
    expect((await call('PUT', me, { body: { access_restriction: null } })).status).toBe(204);
  });
});

describe('a client’s address', () => {
  it('is the socket’s, whatever a client says, unless a trusted proxy says it', async () => {
    const office = await call('PUT', (await oneRestriction()).href, { body: { ips: ['192.0.2.7'] } });
    expect(office.status).toBe(204);
    const { authorization } = await program('behind a proxy', await oneRestriction());
    const forwarded = { 'x-forwarded-for': '192.0.2.7' };
    expect((await asked(authorization, forwarded)).status).toBe(401);
    expect((await trust('127.0.0.1')).status).toBe(204);
    expect((await asked(authorization, forwarded)).status).toBe(200);
    expect((await asked(authorization, { 'x-forwarded-for': '192.0.2.7, 198.51.100.1' })).status).toBe(401);
    expect((await asked(authorization)).status).toBe(401);
    const made = { body: { name: 'through it' }, headers: { authorization: OWNER, ...forwarded } };
    expect((await call('POST', '/users/1/api_keys', made)).status).toBe(201);
    expect((await call('GET', '/orgs/1/events?event_type=api_key.create&max_results=1')).json).toMatchObject([
      { action: { src_ip: '192.0.2.7' } },
    ]);
    expect((await trust()).status).toBe(204);
    expect((await asked(authorization, forwarded)).status).toBe(401);
    expect((await call('GET', '/orgs/1/events?event_type=trusted_proxy_ips.update')).json).toHaveLength(3);
  });

  it('is believed of no more than eight proxies, and of addresses alone', async () => {
    for (const ips of [['proxy.example'], Array.from({ length: 9 }, (_, n) => `10.0.0.${String(n)}`)]) {
      const got = await trust(...ips);
      expect([got.status, got.json]).toEqual([406, refused('input_validation_error')]);
    }
  });
});

async function oneRestriction(): Promise<{ readonly href: string }> {
  const all = (await call('GET', RESTRICTIONS)).json as { href: string; ips: string[] }[];
  return { href: all.at(-1)?.href ?? '' };
}

describe('the first administrator', () => {
  it('logs in from where he is', async () => {
    const { username, password } = ADMINISTRATOR;
    const got = await call('POST', '/login_users/authenticate', {
      headers: { authorization: basic(username, password) },
    });
    expect(got.status).toBe(200);
  });
});
