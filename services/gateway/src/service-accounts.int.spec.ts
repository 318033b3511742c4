/** Service accounts: what they may, their keys and how these end; and the organisation's view of all keys. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { openServiceStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { forgetExpired, newApiKey } from './adapters/admission/api-keys.store.js';
import { DATABASE } from './database.js';
import { PRINCIPALS } from './read/access-documents.js';
import { ApiKeyEntity } from './read/api-keys.projection.js';
import type { KeyRow } from './read/api-keys.projection.js';
import { basic, OWNER, refused, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);
const ACCOUNTS = '/orgs/1/service_accounts';
const role = (name: string) => ({ role: { href: `/orgs/1/roles/${name}` }, scope: [] });
interface NewKey {
  readonly href: string;
  readonly key_id: string;
  readonly auth_username: string;
  readonly secret: string;
}
interface Account {
  readonly href: string;
  readonly permissions: { readonly href: string }[];
  readonly api_keys: { readonly expires_in_seconds: number; readonly state: string }[];
  readonly api_key: NewKey;
}
const as = ({ auth_username: username, secret }: NewKey) => ({
  headers: { authorization: basic(username, secret) },
});
async function make(name: string, roles: readonly string[], expires: unknown = 'default'): Promise<Account> {
  const body = { name, permissions: roles.map(role), api_key: { expires_in_seconds: expires } };
  const made = await call('POST', ACCOUNTS, { body });
  expect([made.status, made.json]).toEqual([201, made.json]);
  expect(made.headers.get('location')).toBe((made.json as Account).href);
  return made.json as Account;
}
const shown = async (href: string): Promise<Account> => (await call('GET', href)).json as Account;
const trail = async (type: string): Promise<unknown> =>
  (await call('GET', `/orgs/1/events?event_type=${type}`)).json;
const label = { body: { key: 'role', value: 'web' } };

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());

describe('a service account', () => {
  it('is made with what it may and a key, whose secret is shown this once', async () => {
    const account = await make('pipeline', ['read_only']);
    expect(account).toMatchObject({
      name: 'pipeline',
      description: '',
      access_restriction: null,
      permissions: [role('read_only')],
      api_keys: [{ key_id: account.api_key.key_id, state: 'active', expires_in_seconds: 7_776_000 }],
      created_by: { href: '/users/1' },
    });
    expect((await call('GET', account.href)).text).not.toContain(account.api_key.secret);
    under.asked = [];
    expect((await call('GET', '/orgs/1/labels', as(account.api_key))).status).toBe(200);
    const id = account.href.split('/').at(-1);
    expect(under.asked).toMatchObject([{ actor: { kind: 'service_account', id } }]);
    expect((await call('POST', '/orgs/1/labels', { ...label, ...as(account.api_key) })).status).toBe(403);
    expect(await trail('service_account.create')).toMatchObject([
      { created_by: { user: { href: '/users/1' } }, resource_changes: [{ change_type: 'create' }] },
    ]);
    expect(JSON.stringify(await trail('service_account.create'))).not.toContain(account.api_key.secret);
  });

  it('may from then on what it is given instead; what it keeps stays under its href', async () => {
    const account = await make('changing', ['read_only']);
    const permissions = [role('read_only'), role('admin')];
    expect((await call('PUT', account.href, { body: { permissions, description: 'more' } })).status).toBe(
      204,
    );
    const now = await shown(account.href);
    const kept = account.permissions.find(({ href }) => now.permissions.some((each) => each.href === href));
    expect(now).toMatchObject({ description: 'more', name: 'changing' });
    expect(now.permissions).toHaveLength(2);
    expect(kept).toMatchObject(role('read_only'));
    expect((await call('POST', '/orgs/1/labels', { ...label, ...as(account.api_key) })).status).not.toBe(403);
    expect(await trail('service_account.update')).toMatchObject([
      { resource_changes: [{ changes: { description: { before: '', after: 'more' } } }] },
    ]);
    expect(await trail('label.create')).toMatchObject([
      { created_by: { service_account: { href: account.href } } },
    ]);
  });

  it('is refused by its field or its name', async () => {
    await make('taken', []);
    const key = { api_key: { expires_in_seconds: 60 } };
    for (const [body, token] of [
      [{ name: 'taken', permissions: [], ...key }, 'auth_security_principal_name_not_unique'],
      [{ name: 'x', permissions: [role('emperor')], ...key }, 'reference_not_found'],
      [{ name: 'x', permissions: [role('admin'), role('admin')], ...key }, 'permission_not_unique'],
      [{ name: 'x', permissions: [] }, 'input_validation_error'],
      [{ name: 'x', permissions: [], api_key: { expires_in_seconds: -2 } }, 'input_validation_error'],
      [{ name: 'x', permissions: [], api_key: { expires_in_seconds: 'soon' } }, 'input_validation_error'],
    ] as const) {
      const got = await call('POST', ACCOUNTS, { body });
      expect([got.status, got.json]).toEqual([406, refused(token)]);
    }
    expect((await call('GET', `${ACCOUNTS}?name=x`)).json).toEqual([]);
  });

  it('is listed by name and by role', async () => {
    expect((await call('GET', `${ACCOUNTS}?name=PIPE`)).json).toMatchObject([{ name: 'pipeline' }]);
    const admins = await call('GET', `${ACCOUNTS}?role=${encodeURIComponent('"/orgs/1/roles/admin"')}`);
    expect(admins.json).toMatchObject([{ name: 'changing' }]);
  });

  it('is a principal that is changed by nothing else, and not the owner that remains', async () => {
    const { href } = await make('an owner', ['owner']);
    const principal = href.replace('service_accounts', 'auth_security_principals');
    expect((await call('GET', principal)).json).toMatchObject({ name: 'an owner', type: 'service_account' });
    for (const got of [
      await call('PUT', principal, { body: { name: 'other' } }),
      await call('DELETE', principal),
    ])
      expect([got.status, got.json]).toEqual([406, refused('service_account_only')]);
    const last = await call('DELETE', '/users/1/local_profile');
    expect([last.status, last.json]).toEqual([406, refused('last_owner')]);
  });

  it('takes what it may and its keys with it, on every gateway', async () => {
    const account = await make('short-lived', ['owner']);
    const other = await under.startAnother();
    const asOther = (): Promise<Response> => fetch(`${other.url}/api/v2/users`, as(account.api_key));
    try {
      expect((await asOther()).status).toBe(200);
      const own = await call('DELETE', account.href, as(account.api_key));
      expect([own.status, own.json]).toEqual([406, refused('cannot_delete_own_key')]);
      expect((await call('DELETE', account.href)).status).toBe(204);
      expect((await call('GET', account.href)).status).toBe(404);
      expect((await call('GET', '/noop', as(account.api_key))).status).toBe(401);
      expect((await call('GET', account.permissions[0]!.href)).status).toBe(404);
      expect(
        (await call('POST', `${account.href}/api_keys`, { body: { expires_in_seconds: 60 } })).status,
      ).toBe(404);
      await expect.poll(async () => (await asOther()).status, { timeout: 30_000 }).toBe(401);
    } finally {
      await other.process.stop();
    }
  });
});

describe('a key of a service account', () => {
  it('lives as long as the settings say, as was said, or for ever', async () => {
    const { href } = await make('keys', [], -1);
    expect(
      (await call('PUT', '/orgs/1/settings', { body: { max_api_key_expiration_in_seconds: 3_600 } })).status,
    ).toBe(204);
    for (const expires_in_seconds of ['default', 86_400])
      expect((await call('POST', `${href}/api_keys`, { body: { expires_in_seconds } })).status).toBe(201);
    const lives = (await shown(href)).api_keys.map((key) => key.expires_in_seconds);
    expect(lives).toEqual([-1, 3_600, 86_400]);
    expect((await call('GET', '/orgs/1/settings')).json).toMatchObject({
      href: '/orgs/1/settings',
      max_api_key_expiration_in_seconds: 3_600,
      expired_api_keys_retention_in_seconds: 7_776_000,
    });
    expect(await trail('organisation_settings.update')).toMatchObject([
      {
        resource_changes: [
          { changes: { max_api_key_expiration_in_seconds: { before: 7_776_000, after: 3_600 } } },
        ],
      },
    ]);
  });

  it('is refused once its time is over, the trail says why, and later it is gone', async () => {
    const account = await make('over', ['owner'], 0);
    const got = await call('GET', '/noop', as(account.api_key));
    expect([got.status, got.json]).toEqual([401, refused('api_key_expired')]);
    expect((await call('GET', '/noop', as({ ...account.api_key, secret: 'a'.repeat(64) }))).json).toEqual(
      refused('authentication_failed'),
    );
    await expect
      .poll(() => trail('request.authentication_failed'))
      .toContainEqual(
        expect.objectContaining({
          created_by: { service_account: { href: account.href, username: account.api_key.auth_username } },
          action: expect.objectContaining({
            errors: [
              {
                token: 'api_key_expired',
                message: expect.stringContaining(account.api_key.auth_username) as unknown,
              },
            ],
          }) as unknown,
        }),
      );
    expect(await shown(account.href)).toMatchObject({ api_keys: [{ state: 'expired' }] });
    const store = await openServiceStore(DATABASE, { config: { DATABASE_URL: under.databaseUrl } });
    try {
      await forgetExpired(store);
      expect(await shown(account.href)).toMatchObject({ api_keys: [{ state: 'expired' }] });
      await call('PUT', '/orgs/1/settings', { body: { expired_api_keys_retention_in_seconds: 0 } });
      await forgetExpired(store);
    } finally {
      await store.close();
    }
    expect(await shown(account.href)).toMatchObject({ api_keys: [] });
    expect(await trail('api_key.delete')).toMatchObject([{ created_by: { system: {} } }]);
  });

  it('is taken away by its account’s path or the organisation’s', async () => {
    const { href, api_key: first } = await make('two keys', []);
    const second = (await call('POST', `${href}/api_keys`, { body: { expires_in_seconds: 60 } }))
      .json as NewKey;
    expect((await call('GET', '/noop', as(second))).status).toBe(200);
    expect((await call('GET', second.href)).json).toMatchObject({
      href: second.href,
      expires_in_seconds: 60,
    });
    const other = await make('another', []);
    expect((await call('DELETE', `${other.href}/api_keys/${second.key_id}`)).status).toBe(404);
    expect((await call('DELETE', second.href)).status).toBe(204);
    expect((await call('DELETE', `/orgs/1/api_keys/${first.key_id}`)).status).toBe(204);
    for (const key of [first, second]) expect((await call('GET', '/noop', as(key))).status).toBe(401);
    expect((await call('DELETE', second.href)).status).toBe(404);
  });
});

describe('the organisation’s keys', () => {
  it('are told by whose they are, and by whether their time is over', async () => {
    await make('expired soon', ['read_only'], 0);
    const keys = async (query: string): Promise<unknown[]> =>
      (await call('GET', `/orgs/1/api_keys${query}`)).json as unknown[];
    expect(await keys('?type=user')).toMatchObject([
      {
        name: 'bootstrap',
        state: 'active',
        expires_in_seconds: -1,
        account: { href: '/users/1', type: 'user', permissions: [role('owner')] },
      },
    ]);
    expect(await keys('?type=service_account&state=expired')).toMatchObject([
      { account: { type: 'service_account', name: 'expired soon', permissions: [role('read_only')] } },
    ]);
    expect(await keys('?name=expired+soon')).toHaveLength(1);
    expect(await keys('?username=first@')).toHaveLength(1);
    expect((await call('GET', '/orgs/1/api_keys?state=old')).json).toEqual(refused('input_validation_error'));
    const [used] = await keys('?type=user');
    await expect.poll(async () => (await keys('?type=user'))[0]).toHaveProperty('last_login_on');
    const { key_id: id } = used as { key_id: string };
    expect((await call('GET', `/orgs/1/api_keys/${id}`)).json).toMatchObject({ key_id: id });
    const own = await call('DELETE', `/orgs/1/api_keys/${id}`);
    expect([own.status, own.json]).toEqual([406, refused('cannot_delete_own_key')]);
  });

  it('are for owners alone', async () => {
    const { api_key: key } = await make('an administrator', ['admin']);
    for (const path of ['/orgs/1/api_keys', ACCOUNTS, '/users'])
      expect((await call('GET', path, as(key))).status).toBe(403);
    const settings = { body: { expired_api_keys_retention_in_seconds: 1 }, ...as(key) };
    expect((await call('PUT', '/orgs/1/settings', settings)).status).toBe(403);
    expect((await call('GET', '/orgs/1/settings', as(key))).status).toBe(200);
    expect((await call('GET', '/users/login', as(key))).status).toBe(404);
    expect((await call('GET', '/users', { headers: { authorization: OWNER } })).status).toBe(200);
  });

  it('and settings that nothing here does are refused by their name', async () => {
    const got = await call('PUT', '/orgs/1/settings', { body: { ven_maintenance_token_required: true } });
    expect([got.status, got.json]).toEqual([406, refused('feature_not_available')]);
    expect(got.text).toContain('ven_maintenance_token_required');
  });
});

describe('what may be made', () => {
  const accountsOf = async (): Promise<unknown[]> => (await call('GET', ACCOUNTS)).json as unknown[];
  const keysOf = async (): Promise<unknown[]> => (await call('GET', '/users/1/api_keys')).json as unknown[];

  /** As if they had been made before: one by one they would take a minute. */
  let store: EventStore;
  beforeAll(async () => {
    store = await openServiceStore(DATABASE, { config: { DATABASE_URL: under.databaseUrl } });
  });
  afterAll(() => store.close());
  const keys = (kind: KeyRow['kind'], account: string, count: number, expiresAt: Date | null = null) =>
    store.entities.insert(
      ApiKeyEntity,
      Array.from({ length: count }, (): KeyRow => {
        const shownAs = { name: 'many', description: '', role: 'owner' } as const;
        const since = { createdAt: new Date(), createdBy: '/users/1', expiresAt };
        return { username: newApiKey().username, kind, account, ...shownAs, ...since };
      }),
    );
  const accounts = async (count: number): Promise<void> => {
    const [one] = await PRINCIPALS.documents.live(store.entities);
    const copies = Array.from({ length: count }, (_, n) => {
      const id = randomUUID();
      return { ...one!, id, body: { ...one!.body, id, name: `many ${n}`, type: 'service_account' } as const };
    });
    await store.entities.insert(PRINCIPALS.documents.entity, copies);
  };
  async function expectOneOfFour(path: string, body: (n: number) => unknown, token: string): Promise<void> {
    const got = await Promise.all([1, 2, 3, 4].map((n) => call('POST', path, { body: body(n) })));
    expect(got.map(({ status }) => status).sort()).toEqual([201, 406, 406, 406]);
    for (const { json } of got.filter(({ status }) => status === 406)) expect(json).toEqual(refused(token));
  }

  it('is 100 keys of a user, whoever makes another at the same moment', async () => {
    await keys('user', '1', 99 - (await keysOf()).length);
    await expectOneOfFour('/users/1/api_keys', (n) => ({ name: `last ${n}` }), 'api_key_limit_exceeded');
    expect(await keysOf()).toHaveLength(100);
  });

  it('is 100 keys of a service account beside those whose time is over, and 3,000 with these', async () => {
    const { href } = await make('many keys', []);
    const id = href.split('/').at(-1)!;
    const path = `${href}/api_keys`;
    await keys('service_account', id, 98);
    await keys('service_account', id, 2_899, new Date(0));
    const valid = { expires_in_seconds: 60 };
    await expectOneOfFour(path, () => valid, 'api_key_limit_exceeded');
    const over = { expires_in_seconds: 0 };
    await expectOneOfFour(path, () => over, 'api_key_limit_exceeded');
  });

  it('is 1,000 service accounts, and those that are there still change', async () => {
    const { href } = await make('stays', []);
    await accounts(999 - (await accountsOf()).length);
    const key = { permissions: [], api_key: { expires_in_seconds: 60 } };
    await expectOneOfFour(ACCOUNTS, (n) => ({ name: `last ${n}`, ...key }), 'service_account_limit_exceeded');
    expect((await call('PUT', href, { body: { description: 'x' } })).status).toBe(204);
    expect((await call('DELETE', href)).status).toBe(204);
    await make('in its place', []);
  });
});

describe('optional features', () => {
  const FEATURES = '/orgs/1/optional_features';
  const LABEL_SETS = 'container_cluster_label_set_based_kubernetes_workload_instructions';

  it('are told, taken as they are, and refused by name where they would have to change', async () => {
    const { json: all } = await call('GET', FEATURES);
    expect(all).toContainEqual({ name: LABEL_SETS, enabled: true, preview: false });
    expect(all).toContainEqual({ name: 'ui_analytics', enabled: false, preview: false });
    const same = (all as { name: string; enabled: boolean }[]).map(({ name, enabled }) => ({
      name,
      enabled,
    }));
    expect((await call('PUT', FEATURES, { body: same })).status).toBe(204);
    for (const [name, enabled, token] of [
      ['ui_analytics', true, 'feature_not_available'],
      [LABEL_SETS, false, 'feature_not_available'],
      ['teleport', true, 'input_validation_error'],
    ] as const) {
      const got = await call('PUT', FEATURES, { body: [{ name, enabled }] });
      expect([got.status, got.json]).toEqual([406, refused(token)]);
      expect(got.text).toContain(name);
    }
  });

  it('are asked for below an organisation, as health is', async () => {
    const whole = (await call('GET', '/health')).json as { status: string }[];
    expect((await call('GET', '/orgs/1/health')).json).toMatchObject([{ status: whole[0]?.status }]);
    expect((await call('GET', '/orgs/2/health')).status).toBe(403);
  });
});
