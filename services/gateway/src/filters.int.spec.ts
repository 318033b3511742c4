/** Every query parameter that the API describes of the gateway's own collections: what it finds, what it does not, and what it refuses. */
import { API } from '@ringfence/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from './routes/routes.js';
import { startGatewayUnderTest } from './testing/gateway-under-test.js';
import type { GatewayUnderTest } from './testing/gateway-under-test.js';

let under: GatewayUnderTest;
const ORG = '/orgs/1';
const made: Record<string, string> = {};

async function make(name: string, path: string, body: object): Promise<void> {
  const { status, json } = await under.call('POST', path, { body });
  expect([path, status]).toEqual([path, 201]);
  made[name] = (json as { href: string }).href;
}

beforeAll(async () => {
  under = await startGatewayUnderTest();
  under.answer = () => ({ body: { href: '/orgs/1/labels/7', key: 'app', value: 'shop' } });
  await make('user', '/users', { username: 'ada@example.com', full_name: 'Ada Byron', type: 'local' });
  await make('principal', `${ORG}/auth_security_principals`, { name: 'crew', type: 'group' });
  await make('permission', `${ORG}/permissions`, {
    ...{ role: { href: `${ORG}/roles/read_only` }, scope: [] },
    auth_security_principal: { href: made['principal'] },
  });
  await make('account', `${ORG}/service_accounts`, {
    ...{ name: 'robot', permissions: [{ role: { href: `${ORG}/roles/admin` }, scope: [] }] },
    api_key: { expires_in_seconds: -1 },
  });
  await make('restriction', `${ORG}/access_restrictions`, { name: 'office', ips: ['10.0.0.0/8'] });
  under.answer = () => ({ body: [], total: 0 });
  const job = await under.call('GET', `${ORG}/labels`, { headers: { prefer: 'respond-async' } });
  expect(job.status).toBe(202);
  made['job'] = job.headers.get('location') ?? '';
});
afterAll(() => under.close());

/** `it` is among what `hit` finds and not among what `miss` finds; `bad` is refused by the parameter's name, where some values are no values. */
interface Row {
  readonly it: (shown: Readonly<Record<string, unknown>>) => boolean;
  readonly hit: string;
  readonly miss: string;
  readonly bad?: string;
}
const is =
  (name: string): Row['it'] =>
  ({ href }) =>
    href === made[name];
const event: Row['it'] = (shown) => shown['event_type'] === 'user.create';
const [PAST, FUTURE] = ['1990-01-01T00:00:00Z', '2990-01-01T00:00:00Z'];

/** Also of the system itself: it made the first administrator. */
const EVENTS: Readonly<Record<string, Row>> = {
  event_type: { it: event, hit: 'user.create', miss: 'user.update' },
  severity: { it: event, hit: 'info', miss: 'err', bad: 'loud' },
  status: { it: event, hit: 'success', miss: 'failure', bad: 'perhaps' },
  'timestamp[gte]': { it: event, hit: PAST, miss: FUTURE, bad: 'yesterday' },
  'timestamp[lte]': { it: event, hit: FUTURE, miss: PAST, bad: 'tomorrow' },
};

const ROWS: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  users: {
    username: { it: is('user'), hit: 'ADA@', miss: 'bob' },
    name: { it: is('user'), hit: 'byron', miss: 'bob' },
  },
  permissions: {
    role: { it: is('permission'), hit: `${ORG}/roles/read_only`, miss: `${ORG}/roles/admin` },
    scope: { it: is('permission'), hit: '[]', miss: '["/orgs/1/labels/7"]', bad: 'everything' },
    auth_security_principal: { it: is('permission'), hit: '@principal', miss: `${ORG}/users/1` },
  },
  auth_security_principals: {
    name: { it: is('principal'), hit: 'CRE', miss: 'bob' },
    type: { it: is('principal'), hit: 'group', miss: 'user', bad: 'robots' },
  },
  service_accounts: {
    name: { it: is('account'), hit: 'robo', miss: 'bob' },
    role: { it: is('account'), hit: `${ORG}/roles/admin`, miss: `${ORG}/roles/owner` },
  },
  api_keys: {
    type: { it: ofRobot, hit: 'service_account', miss: 'user', bad: 'robots' },
    state: { it: ofRobot, hit: 'active', miss: 'expired', bad: 'old' },
    name: { it: ofRobot, hit: 'robo', miss: 'bob' },
    username: { it: (shown) => !ofRobot(shown), hit: 'first@', miss: 'bob' },
    role: { it: ofRobot, hit: `${ORG}/roles/admin`, miss: `${ORG}/roles/workload_manager` },
  },
  access_restrictions: { name: { it: is('restriction'), hit: 'OFF', miss: 'bob' } },
  jobs: { job_type: { it: is('job'), hit: ':illumio/async_requests', miss: 'other' } },
  events: { created_by: { it: event, hit: 'user', miss: 'agent' }, ...EVENTS },
  system_events: EVENTS,
};

function ofRobot(shown: Readonly<Record<string, unknown>>): boolean {
  return JSON.stringify(shown).includes(made['account'] ?? '/');
}

/** Of the others each owner holds its own against what it describes; flow-ingest describes none. */
const OWNERS: readonly string[] = ['gateway', 'flow-ingest'];
const lists = ROUTES.filter(({ op, answerer, many }) => OWNERS.includes(answerer) && op === 'list' && many);

describe('a filter of what is the gateway’s own', () => {
  it('has a row here, each that the API describes', () => {
    const described = lists.map(({ collection }) => [
      collection,
      Object.keys(API[collection]?.query ?? {}).sort(),
    ]);
    const rows = lists.map(({ collection }) => [collection, Object.keys(ROWS[collection] ?? {}).sort()]);
    expect(rows).toEqual(described);
  });

  const rows = Object.entries(ROWS).flatMap(([collection, filters]) =>
    Object.entries(filters).map(([name, row]) => ({ ...row, collection, name })),
  );
  it.each(rows)('of $collection by $name', async ({ collection, name, it: isIt, hit, miss, bad }) => {
    const path = (lists.find((route) => route.collection === collection)?.path ?? '').replace('{org}', '1');
    const asked = (value: string) =>
      under.call(
        'GET',
        `${path}?${new URLSearchParams({ [name]: value.startsWith('@') ? made[value.slice(1)]! : value }).toString()}`,
      );
    const found = async (value: string): Promise<boolean> => {
      const { status, json } = await asked(value);
      expect([value, status]).toEqual([value, 200]);
      return (json as Record<string, unknown>[]).some(isIt);
    };
    expect([await found(hit), await found(miss)]).toEqual([true, false]);
    if (bad === undefined) return;
    const { status, json } = await asked(bad);
    expect([status, json]).toEqual([
      406,
      [{ token: 'input_validation_error', message: expect.stringContaining(name) as unknown }],
    ]);
  });
});
