/** The password policy: how long sessions live, and what chosen passwords hold. */
import { openServiceStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { IsNull, Not } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOf, proofOf } from './adapters/people/passwords.store.js';
import { issueLoginToken, openSession, SessionEntity } from './adapters/people/sessions.store.js';
import { setPassword } from './adapters/people/users.store.js';
import { DATABASE } from './database.js';
import { findUser } from './read/users.js';
import { basic, KEY, refused, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest, Got } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);
const as = (authorization: string) => ({ headers: { authorization } });
async function logIn(name: string, secret: string): Promise<Record<string, string>> {
  const got = await call('POST', '/login_users/authenticate', as(basic(name, secret)));
  const { auth_token: token } = got.json as { auth_token: string };
  return (await call('GET', '/users/login', as(`Token token=${token}`))).json as Record<string, string>;
}
const trail = async (type: string): Promise<unknown> =>
  (await call('GET', `/orgs/1/events?event_type=${type}`)).json;

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());

describe('the password policy', () => {
  const POLICY = '/authentication_settings/password_policy';
  const policy = (body: object): Promise<Got> => call('PUT', POLICY, { body });

  it('says how long a session lives without use, from the next request on', async () => {
    expect((await call('GET', POLICY)).json).toMatchObject({ session_timeout_minutes: 10, min_length: 12 });
    const made = (await call('POST', '/users', { body: { username: 'idle@ringfence.local' } })).json;
    const { username: name, ringfence_password: secret } = made as Record<string, string>;
    expect((await policy({ session_timeout_minutes: 30 })).status).toBe(204);
    const login = await logIn(name ?? '', secret ?? '');
    expect(login).toMatchObject({ inactivity_expiration_minutes: 30 });
    const authorization = basic(login['auth_username'] ?? '', login['session_token'] ?? '');
    await notUsedFor(20);
    expect((await call('GET', '/noop', as(authorization))).status).toBe(200);
    await notUsedFor(20);
    expect((await policy({ session_timeout_minutes: 15 })).status).toBe(204);
    expect((await call('GET', '/noop', as(authorization))).status).toBe(401);
    expect((await call('GET', POLICY)).json).toMatchObject({ updated_by: { username: KEY } });
    expect(await trail('password_policy.update')).toMatchObject([
      { resource_changes: [{ changes: { session_timeout_minutes: { before: 30, after: 15 } } }] },
      { resource_changes: [{ changes: { session_timeout_minutes: { before: 10, after: 30 } } }] },
    ]);
  });

  it('asks of chosen passwords what it says, and of none that is made here', async () => {
    const read = (await call('GET', POLICY)).json as object;
    expect((await policy({ ...read, require_type_number: true, min_length: 20 })).status).toBe(204);
    const user = (password?: string): Promise<Got> =>
      call('POST', '/users', { body: { username: `${String(password?.length)}@ringfence.local`, password } });
    for (const unfit of ['correct horse 1', 'correct horse battery'])
      expect((await user(unfit)).json).toEqual(refused('password_not_acceptable'));
    expect((await user('correct horse battery 1')).status).toBe(201);
    expect((await user()).status).toBe(201);
  });

  it('holds for who changes his own by the old one, whichever path a client writes, and nobody changes another’s', async () => {
    const name = 'own@ringfence.local';
    const made = (await call('POST', '/users', { body: { username: name } })).json as Record<string, string>;
    const [first = '', second] = [made['ringfence_password'], 'a long one of his own 1'];
    const change = (secret: string, next: string, path: string): Promise<Got> =>
      call('PUT', path, { body: { password: next }, ...as(basic(name, secret)) });
    const ofHis = `${made['href'] ?? ''}/local_profile/password`;
    for (const path of ['/login_users/me/password', ofHis]) {
      const byKey = await call('PUT', path, { body: { password: second } });
      expect([byKey.status, (await change('not his, but long', second, path)).status]).toEqual([401, 401]);
      expect((await change(first, 'short', path)).status).toBe(406);
    }
    expect((await change(first, second, '/users/1/local_profile/password')).status).toBe(404);
    expect((await change(first, second, '/login_users/me/password')).status).toBe(204);
    expect((await change(second, 'another of his own 12', ofHis)).status).toBe(204);
    expect((await call('POST', '/login_users/authenticate', as(basic(name, second)))).status).toBe(401);
    expect(await trail('user.update_password')).toMatchObject([{}, {}]);
  });

  it('is this server’s own: no directory is asked, and none can be set', async () => {
    const path = '/authentication_settings';
    expect((await call('GET', path)).json).toEqual({ authentication_type: 'Local' });
    expect((await call('PUT', path, { body: { authentication_type: 'Local' } })).status).toBe(204);
    const saml = await call('PUT', path, { body: { authentication_type: 'SAML' } });
    expect([saml.status, saml.json]).toEqual([406, refused('feature_not_available')]);
    for (const [method, absent] of [
      ['GET', `${path}/ldap_configs`],
      ['POST', `${path}/ldap_configs`],
      ['PUT', '/users/1/local_profile/reinvite'],
    ] as const) {
      const got = await call(method, absent, method === 'GET' ? {} : { body: {} });
      expect([got.status, got.json]).toEqual([404, refused('feature_not_supported')]);
    }
  });

  it('is refused by its field where there is one way alone, or where it would be too weak', async () => {
    for (const body of [{ history_count: 5 }, { expire_time_days: 90 }, { min_changed_characters: 2 }])
      expect((await policy(body)).json).toEqual(refused('feature_not_available'));
    expect((await policy({ min_length: 8 })).json).toEqual(refused('input_validation_error'));
    expect((await policy({ session_timeout_minutes: 0 })).json).toEqual(refused('input_validation_error'));
  });
});

describe('a password that is changed', () => {
  it('lets nobody in who has shown the one before, however late that comes', async () => {
    const body = { username: 'late@ringfence.local' };
    const made = (await call('POST', '/users', { body })).json as Record<'href', string>;
    const id = made.href.split('/').at(-1)!;
    await withStore(async (store) => {
      const { entities } = store;
      const user = (await findUser(entities, id))!.user.body;
      const shown = proofOf((await hashOf(entities, id))!);
      const token = await issueLoginToken(entities, id, shown);
      const change = { password: 'Another good one, longer 7', kind: 'change-password' } as const;
      await setPassword(store, user, change, { kind: 'user', id });
      const late = { status: 401, errors: [{ token: 'authentication_failed' }] };
      await expect(openSession(store, user, { address: '192.0.2.1', token })).rejects.toMatchObject(late);
      await expect(issueLoginToken(entities, id, shown)).rejects.toMatchObject(late);
      expect(await entities.countBy(SessionEntity, { user: id })).toBe(0);
    });
  });

  it('is exchanged once for a session, whoever comes twice with the same token', async () => {
    const body = { username: 'twice@ringfence.local' };
    const { username, ringfence_password: password } = (await call('POST', '/users', { body }))
      .json as Record<'username' | 'ringfence_password', string>;
    const got = await call('POST', '/login_users/authenticate', as(basic(username, password)));
    const { auth_token: token } = got.json as { auth_token: string };
    const answers = await Promise.all(
      [1, 2, 3].map(() => call('GET', '/users/login', as(`Token token=${token}`))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  });
});

async function withStore(work: (store: EventStore) => Promise<unknown>): Promise<void> {
  const store = await openServiceStore(DATABASE, { config: { DATABASE_URL: under.databaseUrl } });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

/** As if it had been so long ago that any session was used. */
const notUsedFor = (minutes: number): Promise<void> =>
  withStore(({ entities }) =>
    entities.update(
      SessionEntity,
      { id: Not(IsNull()) },
      { usedAt: new Date(Date.now() - minutes * 60_000) },
    ),
  );
