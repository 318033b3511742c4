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
