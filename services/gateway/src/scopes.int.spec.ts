/** Roles that hold within labels, with every service of the control side running twice: what each may inside its scope and outside. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, DRAFT, name, ORG } from './testing/client.js';
import type { Answer, Client, Item } from './testing/client.js';
import { startControlSide } from './testing/control-side.js';
import type { ControlSide } from './testing/control-side.js';
import { basic, refused } from './testing/gateway-under-test.js';

let side: ControlSide;
let owner: Client;
let inside: Item;
let outside: Item;
let group: Item;

const FORBIDDEN = [403, refused('forbidden_error')];
const outcome = ({ status, body }: Answer): unknown => (status < 400 ? status : [status, body]);
const refs = (...labels: Item[]) => labels.map(({ href }) => ({ href }));
const scopeOf = (...labels: Item[]) => [labels.map(({ href }) => ({ label: { href } }))];
const ruleSetOf = (...labels: Item[]) => ({ name: name(), scopes: scopeOf(...labels) });
const AMONG = {
  ...{ providers: [{ actors: 'ams' }], consumers: [{ actors: 'ams' }] },
  ingress_services: [{ proto: 6, port: 443 }],
};
const FROM_ANYBODY = { ...AMONG, unscoped_consumers: true };

type Scope = readonly Readonly<Record<string, { readonly href: string }>>[];
const within = (...labels: Item[]): Scope => labels.map(({ href }) => ({ label: { href } }));

/** Somebody with this role, by his session. The user comes last: nobody has read before what he was given. */
async function somebody(...grants: readonly (readonly [role: string, scope: Scope])[]): Promise<Client> {
  const username = `${randomUUID()}@ringfence.local`;
  const principal = await owner.made(`${ORG}/auth_security_principals`, { name: username, type: 'user' });
  for (const [role, scope] of grants)
    await owner.made(`${ORG}/permissions`, {
      ...{ role: { href: `${ORG}/roles/${role}` }, scope },
      auth_security_principal: { href: principal.href },
    });
  const { ringfence_password: password } = await owner.made('/users', { username });
  const call = async (method: string, path: string, authorization: string): Promise<Record<string, string>> =>
    (await clientOf(authorization, side.urlOf).call(method, path)).body as Record<string, string>;
  const { auth_token: token } = await call(
    'POST',
    '/login_users/authenticate',
    basic(username, String(password)),
  );
  const login = await call('GET', '/users/login', `Token token=${token ?? ''}`);
  return clientOf(basic(login['auth_username'] ?? '', login['session_token'] ?? ''), side.urlOf);
}

beforeAll(async () => {
  side = await startControlSide();
  owner = await side.newClient();
  inside = await owner.made(`${ORG}/labels`, { key: 'app', value: name() });
  outside = await owner.made(`${ORG}/labels`, { key: 'app', value: name() });
  group = await owner.made(`${DRAFT}/label_groups`, { name: name(), key: 'app', labels: refs(inside) });
}, 240_000);
afterAll(() => side.close());

describe('a permission', () => {
  const asked = (role: string, scope: unknown) => ({ role: { href: `${ORG}/roles/${role}` }, scope });

  it('has a scope of labels and groups that are there, and only for a role that holds within one', async () => {
    const principal = await owner.made(`${ORG}/auth_security_principals`, { name: name(), type: 'user' });
    const to = { auth_security_principal: { href: principal.href } };
    const permissions = `${ORG}/permissions`;
    const scope = [...within(inside), { label_group: { href: group.href } }];
    const made = await owner.made(permissions, { ...asked('ruleset_manager', scope), ...to });
    const shown = [...within(inside), { label_group: { href: group.href.replace('draft', 'active') } }];
    expect(await owner.get(made.href)).toMatchObject(asked('ruleset_manager', shown));
    const having = async (hrefs: readonly string[]): Promise<readonly string[]> =>
      (await owner.list(`${permissions}?scope=${encodeURIComponent(JSON.stringify(hrefs))}`)).map(
        ({ href }) => href,
      );
    expect(await having([inside.href, group.href])).toEqual([made.href]);
    expect(await having([inside.href])).not.toContain(made.href);
    expect(await owner.refused('GET', `${permissions}?scope=x`)).toBe('input_validation_error');
    const nobodys = [{ label: { href: `${ORG}/labels/999999` } }];
    for (const [role, wrong, token] of [
      ['workload_manager', nobodys, 'reference_not_found'],
      ['workload_manager', [{ label: { href: group.href } }], 'reference_not_found'],
      ['admin', within(inside), 'input_validation_error'],
      ['emperor', [], 'reference_not_found'],
    ] as const)
      expect(await owner.refused('POST', permissions, { ...asked(role, wrong), ...to })).toBe(token);
    expect(await owner.refused('PUT', made.href, { role: { href: `${ORG}/roles/owner` } })).toBe(
      'input_validation_error',
    );
    await owner.put(made.href, asked('read_only', []));
    expect(await owner.get(made.href)).toMatchObject(asked('read_only', []));
    expect((await owner.list(`${ORG}/roles`)).length).toBe(9);
  });
});

describe('a rule set', () => {
  let his: Item;
  let other: Item;
  beforeAll(async () => {
    his = await owner.made(`${DRAFT}/rule_sets`, { ...ruleSetOf(inside), rules: [AMONG] });
    other = await owner.made(`${DRAFT}/rule_sets`, { ...ruleSetOf(outside), rules: [AMONG] });
  });
  const ruleOf = ({ rules }: Item): string => (rules as Item[])[0]!.href;

  for (const [role, fromAnybody] of [
    ['ruleset_manager', 201],
    ['limited_ruleset_manager', FORBIDDEN],
  ] as const)
    it(`is written by ${role} in his scope alone`, async () => {
      const he = await somebody([role, within(inside)]);
      const tried = async (...request: Parameters<Client['call']>): Promise<unknown> =>
        outcome(await he.call(...request));
      const mine = await he.made(`${DRAFT}/rule_sets`, ruleSetOf(inside));
      for (const scope of [ruleSetOf(outside), ruleSetOf(), { name: name(), scopes: [] }])
        expect(await tried('POST', `${DRAFT}/rule_sets`, scope)).toEqual(FORBIDDEN);
      expect(await tried('PUT', his.href, { description: 'x' })).toBe(204);
      expect(await tried('PUT', other.href, { description: 'x' })).toEqual(FORBIDDEN);
      expect(await tried('PUT', mine.href, { scopes: scopeOf(outside) })).toEqual(FORBIDDEN);
      for (const [path, body] of [
        ['sec_rules', AMONG],
        ['deny_rules', AMONG],
      ] as const) {
        const rule = await he.made(`${mine.href}/${path}`, body);
        expect(await tried('PUT', rule.href, { enabled: false })).toBe(204);
        expect(await tried('DELETE', rule.href)).toBe(204);
        expect(await tried('POST', `${mine.href}/${path}`, FROM_ANYBODY)).toEqual(fromAnybody);
        expect(await tried('POST', `${other.href}/${path}`, body)).toEqual(FORBIDDEN);
      }
      expect(await tried('PUT', ruleOf(other), { enabled: false })).toEqual(FORBIDDEN);
      expect(await tried('DELETE', ruleOf(other))).toEqual(FORBIDDEN);
      const revert = (item: Item) => ({ change_subset: { rule_sets: refs(item) } });
      expect(await tried('PUT', `${ORG}/sec_policy/delete`, revert(other))).toEqual(FORBIDDEN);
      expect(await tried('PUT', `${ORG}/sec_policy/delete`, {})).toEqual(FORBIDDEN);
      expect(await tried('PUT', `${ORG}/sec_policy/delete`, revert(mine))).toBe(204);
      expect(await tried('DELETE', other.href)).toEqual(FORBIDDEN);
      expect(await tried('POST', `${ORG}/sec_policy`, { update_description: '' })).toEqual(FORBIDDEN);
      expect(await tried('POST', `${DRAFT}/ip_lists`, { name: name(), ip_ranges: [] })).toEqual(FORBIDDEN);
      expect([(await he.get(his.href))['caps'], (await he.get(other.href))['caps']]).toEqual([
        ['write', 'delete'],
        [],
      ]);
      const { headers } = await he.call('GET', his.href);
      const etag = { 'if-match': headers.get('etag') ?? '' };
      expect(outcome(await he.call('PUT', his.href, { description: name() }, etag))).toBe(204);
      expect(outcome(await he.call('PUT', his.href, { description: name() }, etag))).toEqual([
        412,
        refused('precondition_failed'),
      ]);
    });

  it('is shown to a viewer of its scope, and to others as if there were none', async () => {
    const he = await somebody(['ruleset_viewer', within(inside)]);
    const shown = await he.list(`${DRAFT}/rule_sets`);
    expect(shown.map(({ href }) => href)).toContain(his.href);
    expect(
      shown.map(({ scopes }) => JSON.stringify(scopes)).filter((each) => !each.includes(inside.href)),
    ).toEqual([]);
    expect((await he.listLater(`${DRAFT}/rule_sets`)).map(({ href }) => href)).toEqual(
      shown.map(({ href }) => href),
    );
    expect((await he.get(his.href))['caps']).toEqual([]);
    expect((await he.list(`${his.href}/sec_rules`)).length).toBe(1);
    for (const path of [other.href, `${other.href}/sec_rules`, `${other.href}/deny_rules`, ruleOf(other)])
      expect(outcome(await he.call('GET', path))).toEqual([404, refused('not_found_error')]);
    expect((await he.call('GET', `${ORG}/labels`)).status).toBe(200);
    for (const path of [`${ORG}/workloads`, `${ORG}/sec_policy/pending`, `${ORG}/events`])
      expect(outcome(await he.call('GET', path))).toEqual(FORBIDDEN);
    expect(outcome(await he.call('PUT', his.href, { description: 'x' }))).toEqual(FORBIDDEN);
  });

  it('is put in force by a provisioner of its scope, and global objects by theirs', async () => {
    const [he, global] = [
      await somebody(['ruleset_provisioner', within(inside)]),
      await somebody(['global_object_provisioner', []]),
    ];
    const list = await owner.made(`${DRAFT}/ip_lists`, {
      name: name(),
      ip_ranges: [{ from_ip: '192.0.2.1' }],
    });
    const provision = async (client: Client, subset?: Record<string, unknown>): Promise<unknown> => {
      const body = { update_description: '', ...(subset && { change_subset: subset }) };
      return outcome(await client.call('POST', `${ORG}/sec_policy`, body));
    };
    expect((await he.get(his.href))['caps']).toEqual(['provision']);
    expect(await provision(he)).toEqual(FORBIDDEN);
    expect(await provision(he, { rule_sets: refs(other) })).toEqual(FORBIDDEN);
    expect(await provision(he, { rule_sets: refs(his), ip_lists: refs(list) })).toEqual(FORBIDDEN);
    expect(await provision(he, { rule_sets: refs(his) })).toBe(201);
    expect(await provision(global, { rule_sets: refs(other) })).toEqual(FORBIDDEN);
    expect(await provision(global, { ip_lists: refs(list) })).toBe(201);
    expect(outcome(await global.call('PUT', list.href, { description: 'x' }))).toEqual(FORBIDDEN);
    const pending = (await owner.get(`${ORG}/sec_policy/pending`)) as unknown as Record<string, Item[]>;
    expect(pending['rule_sets']?.map(({ href }) => href)).toContain(other.href);
    expect(pending['ip_lists']).toBeUndefined();
  });

  it('that was refused to somebody is in the audit trail, with who it was', async () => {
    const he = await somebody(['ruleset_manager', within(inside)]);
    const { href } = (await he.call('GET', '/users/login')).body as Item;
    expect(outcome(await he.call('DELETE', other.href))).toEqual(FORBIDDEN);
    expect(await owner.list(`${ORG}/events?event_type=rule_set.delete&status=failure`)).toContainEqual(
      expect.objectContaining({
        created_by: { user: expect.objectContaining({ href }) as unknown },
        action: expect.objectContaining({
          http_status_code: 403,
          errors: refused('forbidden_error'),
        }) as unknown,
      }),
    );
  });
});

describe('a workload manager', () => {
  const machine = (...labels: Item[]) => ({ name: name(), hostname: name(), labels: refs(...labels) });
  const workloads = `${ORG}/workloads`;
  let he: Client;
  let his: Item;
  let other: Item;
  const tried = async (...request: Parameters<Client['call']>): Promise<unknown> =>
    outcome(await he.call(...request));
  const tokens = (answer: Answer): unknown[] =>
    (answer.body as { status?: string; token?: string; errors?: { token: string }[] }[]).map(
      ({ status, token, errors }) => token ?? errors?.[0]?.token ?? status,
    );
  beforeAll(async () => {
    he = await somebody(['workload_manager', within(inside)]);
    his = await owner.made(workloads, machine(inside));
    other = await owner.made(workloads, machine(outside));
  });

  it('has the workloads of his scope, and moves none out of it or into it', async () => {
    expect(await tried('POST', workloads, machine(inside))).toBe(201);
    for (const labels of [[], [outside]])
      expect(await tried('POST', workloads, machine(...labels))).toEqual(FORBIDDEN);
    expect(await tried('PUT', his.href, { description: 'x', labels: refs(inside) })).toBe(204);
    for (const labels of [[], refs(outside)])
      expect(await tried('PUT', his.href, { labels })).toEqual(FORBIDDEN);
    for (const body of [{ description: 'x' }, { labels: refs(inside) }])
      expect(await tried('PUT', other.href, body)).toEqual(FORBIDDEN);
    const eth0 = { name: 'eth0', link_state: 'up', address: '192.0.2.7' };
    expect(await tried('POST', `${his.href}/interfaces`, eth0)).toBe(201);
    expect(await tried('POST', `${other.href}/interfaces`, eth0)).toEqual(FORBIDDEN);
    expect(await tried('DELETE', `${his.href}/interfaces/eth0`)).toBe(204);
    expect(await tried('DELETE', other.href)).toEqual(FORBIDDEN);
    expect([(await he.get(his.href))['caps'], (await he.get(other.href))['caps']]).toEqual([['write'], []]);
    const gone = await he.made(workloads, machine(inside));
    expect(await tried('DELETE', gone.href)).toBe(204);
    expect(await tried('POST', `${ORG}/labels`, { key: 'app', value: name() })).toEqual(FORBIDDEN);
  });

  it('is answered item by item in bulk', async () => {
    const bulk = (op: string, body: unknown): Promise<Answer> => he.call('PUT', `${workloads}/${op}`, body);
    const made = await bulk('bulk_create', [machine(inside), machine(outside), machine()]);
    expect(tokens(made)).toEqual(['created', 'forbidden_error', 'forbidden_error']);
    const changes = [
      ...[
        { ...refs(his)[0], description: 'y' },
        { ...refs(other)[0], description: 'y' },
      ],
      { ...refs(his)[0], labels: refs(outside) },
    ];
    expect(tokens(await bulk('bulk_update', changes))).toEqual([
      'updated',
      'forbidden_error',
      'forbidden_error',
    ]);
    expect(tokens(await bulk('unpair', { workloads: refs(other), ip_table_restore: 'default' }))).toEqual([
      'forbidden_error',
    ]);
    const [{ href } = { href: '' }] = made.body as Item[];
    expect(await bulk('bulk_delete', [{ href }, ...refs(other)])).toMatchObject({
      body: [{ href: other.href, errors: [{ token: 'forbidden_error' }] }],
    });
    expect(await owner.get(other.href)).toMatchObject({ deleted: false });
  });

  it('labels by a CSV file within his scope, all of it or nothing', async () => {
    const role = await owner.made(`${ORG}/labels`, { key: 'role', value: name() });
    // Who wrote it is answered when it has been heard there; from then on it is known to others.
    await owner.get(his.href);
    const csv = async (lines: readonly string[], query = ''): Promise<unknown> => {
      const response = await he.call('PUT', `${workloads}/bulk_import${query}`, lines.join('\n'), {
        'content-type': 'text/csv',
      });
      return outcome(response);
    };
    const value = String(role['value']);
    const mixed = ['href,hostname,role', `${his.href},,${value}`, `${other.href},,${value}`];
    expect(await csv(mixed)).toEqual(FORBIDDEN);
    expect(await csv(mixed, '?dry_run=true')).toEqual(FORBIDDEN);
    expect((await owner.get(his.href))['labels']).toHaveLength(1);
    expect(await csv(['href,hostname,app', `${his.href},,${String(outside['value'])}`])).toEqual(FORBIDDEN);
    expect(await csv(['href,hostname,role', `${his.href},,${name()}`], '?create_labels=true')).toEqual(
      FORBIDDEN,
    );
    expect(await csv(mixed.slice(0, 2))).toBe(200);
    expect((await owner.get(his.href))['labels']).toHaveLength(2);
  });

  it('pairs by profiles of his scope', async () => {
    const profiles = `${ORG}/pairing_profiles`;
    const profile = (...labels: Item[]) => ({ name: name(), enabled: true, labels: refs(...labels) });
    const strange = await owner.made(profiles, profile(outside));
    expect(await tried('POST', profiles, profile(outside))).toEqual(FORBIDDEN);
    expect(await tried('POST', profiles, profile())).toEqual(FORBIDDEN);
    const mine = await he.made(profiles, profile(inside));
    expect([mine['caps'], (await he.get(strange.href))['caps']]).toEqual([
      ['write', 'generate_pairing_key'],
      [],
    ]);
    expect(await tried('PUT', mine.href, { description: 'x' })).toBe(204);
    expect(await tried('PUT', mine.href, { labels: refs(outside) })).toEqual(FORBIDDEN);
    expect(await tried('PUT', strange.href, { labels: refs(inside) })).toEqual(FORBIDDEN);
    expect(await tried('POST', `${mine.href}/pairing_key`, {})).toBe(201);
    expect(await tried('POST', `${strange.href}/pairing_key`, {})).toEqual(FORBIDDEN);
    expect(await tried('DELETE', `${mine.href}/pairing_keys`)).toBe(204);
    expect(await tried('DELETE', `${strange.href}/pairing_keys`)).toEqual(FORBIDDEN);
    expect(await tried('DELETE', strange.href)).toEqual(FORBIDDEN);
    expect(await tried('DELETE', mine.href)).toBe(204);
  });

  it('has by a label group what it holds in force, and by none what is a draft; and without a scope everything', async () => {
    const byGroup = await somebody(['workload_manager', [{ label_group: { href: group.href } }]]);
    const change = async (client: Client, { href }: Item): Promise<unknown> =>
      outcome(await client.call('PUT', href, { description: name() }));
    expect(await change(byGroup, his)).toEqual(FORBIDDEN);
    await owner.made(`${ORG}/sec_policy`, {
      ...{ update_description: '', change_subset: { label_groups: refs(group) } },
    });
    expect([await change(byGroup, his), await change(byGroup, other)]).toEqual([204, FORBIDDEN]);
    expect((await byGroup.get(his.href))['caps']).toEqual(['write']);
    const everywhere = await somebody(['workload_manager', []]);
    expect(await change(everywhere, other)).toBe(204);
    const { auth_username: key, secret } = (
      await byGroup.call('POST', `${await userOf(byGroup)}/api_keys`, { name: 'k' })
    ).body as Record<string, string>;
    const byKey = clientOf(basic(key ?? '', secret ?? ''), side.urlOf);
    expect([await change(byKey, his), await change(byKey, other)]).toEqual([204, FORBIDDEN]);
  });
});

describe('what somebody has written', () => {
  it('is provisioned by somebody else where the organisation asks for it, by whichever key and process', async () => {
    const settings = `${ORG}/settings`;
    const wanted = (is: boolean) => ({ ringfence_second_person_provisions: is });
    const everywhere: readonly [string, Scope] = ['owner', []];
    const [ann, ben] = await Promise.all([somebody(everywhere), somebody(everywhere)]);
    const { auth_username: key, secret } = await ann.made(`${await userOf(ann)}/api_keys`, { name: 'k' });
    const annsKey = clientOf(basic(String(key), String(secret)), side.urlOf);
    const list = await annsKey.made(`${DRAFT}/ip_lists`, { name: name() });
    const provisioning = async (who: Client, item: Item): Promise<unknown> => {
      const change = { update_description: '', change_subset: { ip_lists: refs(item) } };
      return outcome(await who.call('POST', `${ORG}/sec_policy`, change));
    };
    const HERS = [403, refused('second_person_required')];
    await owner.put(settings, wanted(true));
    expect(await ann.get(settings)).toMatchObject(wanted(true));
    for (const who of [ann, annsKey, ann, annsKey]) expect(await provisioning(who, list)).toEqual(HERS);
    expect([(await ann.get(list.href))['caps'], (await ben.get(list.href))['caps']]).toEqual([
      ['write', 'delete'],
      ['write', 'provision', 'delete'],
    ]);
    expect(await provisioning(ben, list)).toBe(201);
    await ann.put(list.href, { description: 'hers' });
    expect(outcome(await ann.call('PUT', `${ORG}/sec_policy/delete`, {}))).toBe(204);
    await ann.put(settings, wanted(false));
    await ann.put(list.href, { description: 'hers again' });
    const bens = await ben.made(`${DRAFT}/ip_lists`, { name: name() });
    expect([await provisioning(ann, list), await provisioning(ben, bens)]).toEqual([HERS, 201]);
    const [ended, begun] = await owner.list(`${ORG}/events?event_type=organisation_settings.update`);
    const changed = (is: boolean) => ({
      changes: { ringfence_second_person_provisions: { before: !is, after: is } },
    });
    expect(begun).toMatchObject({ resource_changes: [changed(true)] });
    expect(ended).toMatchObject({
      created_by: { user: { href: await userOf(ann) } },
      resource_changes: [changed(false)],
    });
  });
});

const userOf = async (client: Client): Promise<string> =>
  ((await client.call('GET', '/users/login')).body as Item).href;
