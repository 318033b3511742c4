/** What goes with those who have permissions, and what they hold on to: nothing is left for who comes later by the same name. */
import { CallError } from '@ringfence/bus';
import { GLOBAL } from '@ringfence/contracts';
import { openServiceStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endOrphaned } from './adapters/people/principals.store.js';
import { streamOfRecord } from './adapters/people/records.store.js';
import { DATABASE } from './database.js';
import { PERMISSIONS } from './read/access-documents.js';
import { refused, startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest, Got } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const call: GatewayUnderTest['call'] = (...request) => under.call(...request);

interface Item {
  readonly href: string;
}
const PRINCIPALS = '/orgs/1/auth_security_principals';
const ACCOUNTS = '/orgs/1/service_accounts';
const made = async (path: string, body: object): Promise<Item> => {
  const got = await call('POST', path, { body });
  expect([got.status, got.json]).toMatchObject([201, {}]);
  return got.json as Item;
};
const granted = (principal: Item, role = 'admin', scope: readonly object[] = []): Promise<Got> =>
  call('POST', '/orgs/1/permissions', {
    body: {
      ...{ role: { href: `/orgs/1/roles/${role}` }, scope },
      auth_security_principal: { href: principal.href },
    },
  });
const permissionsOf = async ({ href }: Item): Promise<Item[]> =>
  (await call('GET', `/orgs/1/permissions?auth_security_principal=${href}`)).json as Item[];

beforeAll(async () => {
  under = await startGatewayUnderTest();
});
afterAll(() => under.close());

describe('what may be made', () => {
  let store: EventStore;
  beforeAll(async () => {
    store = await openServiceStore(DATABASE, { config: { DATABASE_URL: under.databaseUrl } });
  });
  afterAll(() => store.close());
  /** As if they had been made before: one by one they would take minutes. `body`: SQL, of the n-th. */
  async function copies(table: string, most: number, body: string): Promise<() => Promise<unknown>> {
    const live = `from ${table} where deleted_at is null`;
    const { rows } = await store.pool.query<{ count: string }>(`select count(*) ${live}`);
    await store.pool.query(
      `insert into ${table} (id, cluster, body, created_at, created_by, updated_at, updated_by)
         select 'many-' || n, cluster, ${body} || jsonb_build_object('id', 'many-' || n), created_at, created_by, updated_at, updated_by
         from (select * ${live} limit 1) as one, generate_series(1, $1::integer) as n`,
      [most - 1 - Number(rows[0]?.count)],
    );
    return () => store.pool.query(`delete from ${table} where id like 'many-%'`);
  }
  async function expectOneOfTwo(path: string, body: (n: number) => object, token: string): Promise<void> {
    const got = await Promise.all([1, 2].map((n) => call('POST', path, { body: body(n) })));
    expect(got.map(({ status }) => status).sort()).toEqual([201, 406]);
    for (const { json } of got.filter(({ status }) => status === 406)) expect(json).toEqual(refused(token));
  }
  const scopeOf = `body || jsonb_build_object('scope', jsonb_build_array(jsonb_build_object('kind', 'label', 'id', n::text)))`;

  it('is 10,000 users beside those who are locked out, whoever makes another at the same moment', async () => {
    const undo = await copies('users', 10_000, `body || jsonb_build_object('username', 'many-' || n)`);
    await expectOneOfTwo('/users', (n) => ({ username: `last-${n}@x.local` }), 'user_limit_exceeded');
    await store.pool.query(`update users set body = body || '{"locked": true}' where id = 'many-1'`);
    await made('/users', { username: 'in-his-place@x.local' });
    await undo();
  });

  it('is 20,000 users and groups that something is given to', async () => {
    const undo = await copies(
      'auth_security_principals',
      20_000,
      `body || jsonb_build_object('type', 'group', 'name', 'many-' || n)`,
    );
    const group = (n: number) => ({ name: `last ${n}`, type: 'group' });
    await expectOneOfTwo(PRINCIPALS, group, 'auth_security_principal_limit_exceeded');
    await undo();
  });

  it('is 10,000 permissions, those of service accounts among them, and one that goes makes room', async () => {
    const group = await made(PRINCIPALS, { name: 'the last ones', type: 'group' });
    const undo = await copies('permissions', 10_000, scopeOf);
    const [viewer, key] = [{ href: '/orgs/1/roles/read_only' }, { api_key: { expires_in_seconds: 60 } }];
    expect((await granted(group)).status).toBe(201);
    const beyond = refused('permission_limit_exceeded');
    expect(await granted(group, 'read_only')).toMatchObject({ status: 406, json: beyond });
    const account = { name: 'a program', permissions: [{ role: viewer, scope: [] }], ...key };
    expect(await call('POST', ACCOUNTS, { body: account })).toMatchObject({ status: 406, json: beyond });
    await made(ACCOUNTS, { ...account, permissions: [] });
    const [one] = await permissionsOf(group);
    expect((await call('DELETE', one!.href)).status).toBe(204);
    expect((await granted(group, 'read_only')).status).toBe(201);
    await undo();
  });
});

describe('who has permissions', () => {
  for (const type of ['user', 'group'] as const)
    it(`takes them with him when he goes, and a later ${type} of his name has none`, async () => {
      const body = { name: `ann.${type}@ringfence.local`, type };
      const first = await made(PRINCIPALS, body);
      for (const role of ['admin', 'read_only']) expect((await granted(first, role)).status).toBe(201);
      const given = await permissionsOf(first);
      expect(given).toHaveLength(2);
      expect((await call('DELETE', first.href)).status).toBe(204);
      expect(await permissionsOf(first)).toEqual([]);
      for (const { href } of given) expect((await call('GET', href)).status).toBe(404);
      const again = await made(PRINCIPALS, body);
      expect(await permissionsOf(again)).toEqual([]);
      if (type !== 'user') return;
      const user = (await made('/users', { username: body.name })) as Item & Record<string, string>;
      expect(await call('GET', user.href)).toMatchObject({ status: 200 });
    });

  it('is given none while he goes', async () => {
    for (let round = 0; round < 8; round++) {
      const principal = await made(PRINCIPALS, { name: `going ${String(round)}`, type: 'user' });
      const account = await made(ACCOUNTS, {
        ...{ name: `going ${String(round)}`, permissions: [] },
        api_key: { expires_in_seconds: 60 },
      });
      const asPrincipal = { href: account.href.replace('service_accounts', 'auth_security_principals') };
      await Promise.all([
        ...['admin', 'read_only'].flatMap((role) => [granted(principal, role), granted(asPrincipal, role)]),
        ...[principal, account].map(({ href }) => call('DELETE', href)),
      ]);
      for (const each of [principal, account]) expect((await call('GET', each.href)).status).toBe(404);
      expect([await permissionsOf(principal), await permissionsOf(asPrincipal)]).toEqual([[], []]);
    }
  });

  it('of those who went before this was so, nothing is left at the next start', async () => {
    const store = await openServiceStore(DATABASE, { config: { DATABASE_URL: under.databaseUrl } });
    try {
      const id = '00000000-0000-4000-8000-000000000001';
      const data = { id, role: 'owner', scope: [], principal: '00000000-0000-4000-8000-000000000002' };
      const meta = { actor: { kind: 'system', id: 'gateway' }, cluster: GLOBAL } as const;
      await store.append(streamOfRecord(PERMISSIONS, id), 0, [{ type: 'PermissionCreated', data }], meta);
      expect(await endOrphaned(store)).toBe(1);
      expect((await call('GET', `/orgs/1/permissions/${id}`)).status).toBe(404);
      expect(await endOrphaned(store)).toBe(0);
    } finally {
      await store.close();
    }
  });
});

describe('a label that a permission names', () => {
  it('stays while it does, and so does a label group; the refusal names the permission', async () => {
    under.answer = ({ op, ids: [id] }) => {
      if (op === 'delete') return {};
      if (id === '9') throw CallError.of('NOT_FOUND', 'not_found_error', 'there is no such label');
      return { body: { key: 'app' } };
    };
    const group = '00000000-0000-4000-8000-00000000000a';
    const GROUP = `/orgs/1/sec_policy/draft/label_groups/${group}`;
    const principal = await made(PRINCIPALS, { name: 'a manager', type: 'user' });
    const scope = [{ label: { href: '/orgs/1/labels/7' } }, { label_group: { href: GROUP } }];
    const permission = (await granted(principal, 'ruleset_manager', scope)).json as Item;
    for (const [href, token] of [
      ['/orgs/1/labels/7', 'label_referenced_by_permission'],
      [GROUP, 'label_group_referenced_by_permission'],
    ] as const) {
      const got = await call('DELETE', href);
      expect([got.status, got.json]).toEqual([406, refused(token)]);
      expect(got.text).toContain(permission.href);
    }
    expect((await call('DELETE', '/orgs/1/labels/8')).status).toBe(204);
    expect((await call('DELETE', permission.href)).status).toBe(204);
    for (const href of ['/orgs/1/labels/7', GROUP]) expect((await call('DELETE', href)).status).toBe(204);
  });
});
