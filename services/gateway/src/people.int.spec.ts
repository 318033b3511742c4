/** People: the first administrator, logging in and out, passwords, and what the audit trail says of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resetPassword } from './reset-password.js';
import { ADMINISTRATOR, basic, OWNER, refused, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest, Got } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);
const as = (authorization: string) => ({ headers: { authorization } });
const { username, password } = ADMINISTRATOR;

const authenticate = (name: string, secret: string): Promise<Got> =>
  call('POST', '/login_users/authenticate?pce_fqdn=localhost', as(basic(name, secret)));
async function logIn(name: string, secret: string): Promise<Record<string, string>> {
  const { auth_token: token } = (await authenticate(name, secret)).json as { auth_token: string };
  return (await call('GET', '/users/login', as(`Token token=${token}`))).json as Record<string, string>;
}
async function session(name: string, secret: string): Promise<string> {
  const { auth_username: user, session_token: token } = await logIn(name, secret);
  return basic(user ?? '', token ?? '');
}
const trail = async (type: string): Promise<unknown> =>
  (await call('GET', `/orgs/1/events?event_type=${type}`)).json;

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());

describe('the first administrator', () => {
  it('is there after the first start, and its creation is in the audit trail', async () => {
    const shown = await call('GET', '/users');
    expect(shown.json).toMatchObject([{ href: '/users/1', username, type: 'local', locked: false }]);
    expect(shown.headers.get('x-total-count')).toBe('1');
    expect(await trail('user.create')).toMatchObject([{ created_by: { system: {} } }]);
  });

  it('stays as he is at later starts, whatever they say', async () => {
    const again = await under.startAnother({
      RINGFENCE_FIRST_ADMINISTRATOR: 'somebody@else:another password',
    });
    await again.process.stop();
    expect((await call('GET', '/users')).json).toMatchObject([{ username }]);
    expect((await authenticate(username, password)).status).toBe(200);
  });
});

describe('who names what he has read', () => {
  it('is told when somebody changes it meanwhile, also through another gateway', async () => {
    const other = await under.startAnother();
    const body = { name: 'read@ringfence.local', type: 'user' };
    const made = (await call('POST', '/orgs/1/auth_security_principals', { body })).json;
    const putting =
      (url: string, path: string, etag: string) =>
      async (change: object): Promise<number> => {
        const headers = { authorization: OWNER, 'if-match': etag, 'content-type': 'application/json' };
        const sent = { method: 'PUT', headers, body: JSON.stringify(change) };
        return (await fetch(`${url}/api/v2${path}`, sent)).status;
      };
    try {
      for (const [path, changed] of [
        ['/orgs/1/settings', (n: number) => ({ max_api_key_expiration_in_seconds: n })],
        [(made as { href: string }).href, (n: number) => ({ display_name: String(n) })],
      ] as const) {
        const etag = (await call('GET', path)).headers.get('etag') ?? '';
        const answered = await Promise.all(
          [under.url, other.url, under.url, other.url].map((url, n) =>
            putting(url, path, etag)(changed(n + 1)),
          ),
        );
        expect([path, ...answered.sort()]).toEqual([path, 204, 412, 412, 412]);
      }
    } finally {
      await call('PUT', '/orgs/1/settings', { body: { max_api_key_expiration_in_seconds: 7_776_000 } });
      await other.process.stop();
    }
  });
});

describe('a log-in', () => {
  it('gives a token, and that once a session, which acts as the user until it is ended', async () => {
    const { auth_token: token } = (await authenticate(username, password)).json as { auth_token: string };
    const got = await call('GET', '/users/login', as(`Token token=${token}`));
    const login = got.json as Record<string, string>;
    expect(login).toMatchObject({
      href: '/users/1',
      auth_username: 'user_1',
      inactivity_expiration_minutes: 10,
      orgs: [{ org_id: 1, org_href: '/orgs/1' }],
    });
    // He was never here before: who reads them reads text.
    for (const field of ['last_login_on', 'last_login_ip_address']) expect(login).not.toHaveProperty(field);
    expect((await call('GET', '/users/login', as(`Token token=${token}`))).status).toBe(401);
    const authorization = basic('user_1', login['session_token'] ?? '');
    under.asked = [];
    expect((await call('GET', '/orgs/1/labels', as(authorization))).status).toBe(200);
    expect(under.asked).toMatchObject([{ actor: { kind: 'user', id: '1' } }]);
    expect((await call('PUT', '/users/1/logout', { body: {}, ...as(authorization) })).status).toBe(204);
    expect((await call('GET', '/orgs/1/labels', as(authorization))).status).toBe(401);
    for (const type of ['user.sign_in', 'user.sign_out'])
      expect(await trail(type)).toMatchObject([{ created_by: { user: { href: '/users/1' } } }]);
    expect((await call('GET', '/users/1')).json).toMatchObject({
      login_count: 1,
      last_login_ip_address: '127.0.0.1',
    });
  });

  it('knows its name however it is written, and refuses a wrong password, which is in the audit trail', async () => {
    expect((await authenticate(username.toUpperCase(), password)).status).toBe(200);
    for (const name of [username, 'nobody@ringfence.local']) {
      const got = await authenticate(name, 'not the password');
      expect([got.status, got.json]).toEqual([401, refused('authentication_failed')]);
    }
    await expect
      .poll(() => trail('request.authentication_failed'))
      .toContainEqual(
        expect.objectContaining({
          action: expect.objectContaining({ api_endpoint: '/api/v2/login_users/authenticate' }) as unknown,
        }),
      );
  });

  it('is seen by every gateway', async () => {
    const other = await under.startAnother();
    try {
      const authorization = await session(username, password);
      const got = await fetch(`${other.url}/api/v2/noop`, as(authorization));
      expect(got.status).toBe(200);
    } finally {
      await other.process.stop();
    }
  });

  it('takes nothing but its own credentials', async () => {
    const ofKey = await call('POST', '/login_users/authenticate', as(OWNER));
    expect([ofKey.status, ofKey.json]).toEqual([401, refused('authentication_failed')]);
    expect((await call('GET', '/noop', as(basic(username, password)))).status).toBe(401);
    expect((await call('GET', '/noop', as(basic('user_1', 'f'.repeat(64))))).status).toBe(401);
    const got = await call('PUT', '/users/1/logout', { body: {} });
    expect([got.status, got.json]).toEqual([403, refused('session_required')]);
  });
});

describe('a password', () => {
  it('is changed by its owner alone, and ends the sessions of the old one', async () => {
    const authorization = await session(username, password);
    const change = (secret: string, next: string, path = '/login_users/1/password'): Promise<Got> =>
      call('PUT', path, { body: { password: next }, ...as(basic(username, secret)) });
    for (const unfit of [password, `${username} 1234567`])
      expect((await change(password, unfit)).json).toEqual(refused('password_not_acceptable'));
    expect((await change(password, 'short')).json).toEqual(refused('input_validation_error'));
    expect((await change(password, 'another long one', '/login_users/2/password')).status).toBe(404);
    expect((await change(password, 'another long one')).status).toBe(204);
    expect((await call('GET', '/noop', as(authorization))).status).toBe(401);
    expect((await authenticate(username, password)).status).toBe(401);
    expect((await change('another long one', password, '/login_users/users/1/password')).status).toBe(204);
    expect(await trail('user.update_password')).toHaveLength(2);
  });

  it('that was lost is reset on the server, and the audit trail has it', async () => {
    const config = { DATABASE_URL: under.databaseUrl };
    expect(await resetPassword({ config }, 'nobody@ringfence.local')).toBeUndefined();
    const made = (await resetPassword({ config }, username)) ?? '';
    const { json } = await call('GET', '/noop', as(await session(username, made)));
    expect(json).toEqual({});
    expect(await trail('user.reset_password')).toMatchObject([{ created_by: { system: {} } }]);
  });
});

describe('what somebody may', () => {
  const ann = 'ann@ringfence.local';
  const made: Record<string, string> = {};
  let session1: string;

  it('is nothing but what concerns himself, until he is given a role', async () => {
    const created = await call('POST', '/users', {
      body: { username: 'Ann@ringfence.local', full_name: 'Ann' },
    });
    expect(created.json).toMatchObject({ href: '/users/2', username: ann, full_name: 'Ann' });
    Object.assign(made, created.json);
    expect((await call('GET', '/users/2')).text).not.toContain('password');
    session1 = await session(ann, made['ringfence_password'] ?? '');
    expect((await call('GET', '/noop', as(session1))).status).toBe(200);
    const got = await call('GET', '/orgs/1/labels', as(session1));
    expect([got.status, got.json]).toEqual([403, refused('forbidden_error')]);
    expect((await call('GET', '/users', as(session1))).status).toBe(403);
  });

  it('is said by permissions of the principal of his name, and holds at once', async () => {
    const principal = await call('POST', '/orgs/1/auth_security_principals', {
      body: { name: ann, type: 'user', display_name: 'Ann' },
    });
    expect([principal.status, principal.headers.get('location')]).toEqual([
      201,
      (principal.json as { href: string }).href,
    ]);
    const permission = await call('POST', '/orgs/1/permissions', {
      body: { role: { href: '/orgs/1/roles/read_only' }, scope: [], auth_security_principal: principal.json },
    });
    expect(permission.status).toBe(201);
    expect((await call('GET', '/orgs/1/labels', as(session1))).status).toBe(200);
    const label = { body: { key: 'role', value: 'web' }, ...as(session1) };
    expect((await call('POST', '/orgs/1/labels', label)).status).toBe(403);
    const { href } = permission.json as { href: string };
    const admin = { body: { role: { href: '/orgs/1/roles/admin' } } };
    expect((await call('PUT', href, admin)).status).toBe(204);
    expect((await call('POST', '/orgs/1/labels', label)).status).toBe(201);
    expect((await call('GET', '/orgs/1/permissions', as(session1))).status).toBe(403);
    const login = await call('GET', '/users/login', as(session1));
    expect(login.json).toMatchObject({
      orgs: [{ role_scopes: [{ role: { href: '/orgs/1/roles/admin' }, scope: [] }] }],
    });
    const roles = await call('GET', `/orgs/1/permissions?role=/orgs/1/roles/admin`);
    expect(roles.json).toMatchObject([{ href }]);
    expect((await call('DELETE', href)).status).toBe(204);
    expect((await call('GET', '/orgs/1/labels', as(session1))).status).toBe(403);
    for (const type of ['create', 'update', 'delete'])
      expect(await trail(`permission.${type}`)).toContainEqual(
        expect.objectContaining({
          created_by: { user: expect.objectContaining({ href: '/users/1' }) as unknown },
        }),
      );
  });

  it('hides from him what others have asked for', async () => {
    const asked = await call('GET', '/users', { headers: { authorization: OWNER, prefer: 'respond-async' } });
    const job = asked.headers.get('location') ?? '';
    expect((await call('GET', job)).status).toBe(200);
    expect((await call('GET', job, as(session1))).status).toBe(404);
    expect((await call('GET', '/orgs/1/jobs', as(session1))).json).toEqual([]);
  });

  it('is nothing at all once he is let in no more, until he has another password', async () => {
    expect((await call('DELETE', '/users/2/local_profile')).status).toBe(204);
    expect((await call('GET', '/noop', as(session1))).status).toBe(401);
    expect((await authenticate(ann, made['ringfence_password'] ?? '')).status).toBe(401);
    expect((await call('GET', '/users/2')).json).toMatchObject({ locked: true });
    const again = (await call('POST', '/users/2/local_profile', { body: {} })).json as Record<string, string>;
    expect((await authenticate(ann, again['ringfence_password'] ?? '')).status).toBe(200);
  });

  it('is refused by names where nothing stands for them, or something does already', async () => {
    const twice = await call('POST', '/users', { body: { username: ann } });
    expect([twice.status, twice.json]).toEqual([406, refused('username_not_unique')]);
    const principal = await call('POST', '/orgs/1/auth_security_principals', {
      body: { name: ann, type: 'user' },
    });
    expect(principal.json).toEqual(refused('auth_security_principal_name_not_unique'));
    const [{ href } = { href: '' }] = (await call('GET', '/orgs/1/auth_security_principals')).json as {
      href: string;
    }[];
    for (const body of [
      { role: { href: '/orgs/1/roles/emperor' }, auth_security_principal: { href } },
      { role: { href: '/orgs/1/roles/owner' }, auth_security_principal: { href: `${href}0` } },
    ])
      expect((await call('POST', '/orgs/1/permissions', { body })).json).toEqual(
        refused('reference_not_found'),
      );
  });

  it('leaves an owner, whoever is taken away', async () => {
    const [{ href } = { href: '' }] = (await call('GET', '/orgs/1/permissions?role=owner')).json as {
      href: string;
    }[];
    const ofOwner = { body: { role: { href: '/orgs/1/roles/admin' } } };
    for (const got of [
      await call('DELETE', href),
      await call('PUT', href, ofOwner),
      await call('DELETE', '/users/1/local_profile'),
    ])
      expect([got.status, got.json]).toEqual([406, refused('last_owner')]);
    expect((await call('GET', '/users')).status).toBe(200);
  });

  it('does not grow by a key that may only read, nor by a key of who only reads', async () => {
    const key = (await call('POST', '/users/1/api_keys', { body: { name: 'ro', role: 'read_only' } }))
      .json as Record<string, string>;
    const readsOnly = as(basic(key['auth_username'] ?? '', key['secret'] ?? ''));
    expect((await call('GET', '/users', readsOnly)).status).toBe(200);
    expect((await call('POST', '/users/1/api_keys', { body: { name: 'more' }, ...readsOnly })).status).toBe(
      403,
    );
    expect((await call('POST', '/orgs/1/permissions', { body: {}, ...readsOnly })).status).toBe(403);
  });
});
