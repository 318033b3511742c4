import { randomUUID } from 'node:crypto';
import { connectBus } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import { eventually, freePort, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, KEY, OWNER, SECRET } from './testing/gateway-under-test.js';

interface Gateway {
  readonly process: ServiceProcess;
  get<T>(path: string, authorization?: string): Promise<{ status: number; body: T; location: string }>;
  post<T>(path: string, body: unknown): Promise<{ status: number; body: T }>;
  put(path: string, body: unknown): Promise<{ status: number }>;
}
let nats: NatsServer;
let postgres: PostgresServer;
let owner: Bus;
let gateways: readonly [Gateway, Gateway];

async function startGateway(): Promise<Gateway> {
  const port = await freePort();
  const process = await startServiceProcess(new URL('../dist/main.js', import.meta.url), {
    ...{ NATS_URL: nats.url, DATABASE_URL: postgres.url, RINGFENCE_PORT: String(port) },
    ...{ RINGFENCE_BOOTSTRAP_API_KEY: `${KEY}:${SECRET}`, RINGFENCE_RATE_LIMIT: '100000' },
  });
  const call = async <T>(path: string, init: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v2${path}`, init);
    const text = await response.text();
    const body = (text === '' ? undefined : JSON.parse(text)) as T;
    return { status: response.status, body, location: response.headers.get('location') ?? '' };
  };
  const send =
    (method: string) =>
    <T>(path: string, body: unknown) =>
      call<T>(path, {
        method,
        headers: { authorization: OWNER, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
  return {
    process,
    get: (path, authorization = OWNER) =>
      call(path, { headers: { authorization, prefer: preferenceOf(path) } }),
    post: send('POST'),
    put: send('PUT'),
  };
}
/** Workloads are asked for as a job. */
const preferenceOf = (path: string): string => (path.endsWith('/workloads') ? 'respond-async' : 'wait=60');

const SYSLOG = {
  ...{ pce_scope: [], type: 'local_syslog', description: '' },
  audit_event_logger: {
    ...{ configuration_event_included: false, system_event_included: false, min_severity: 'error' },
  },
  traffic_event_logger: {
    traffic_flow_allowed_event_included: false,
    traffic_flow_potentially_blocked_event_included: false,
    traffic_flow_blocked_event_included: false,
  },
  node_status_logger: { node_status_included: false },
};

const labels = (from: number, count: number): Promise<void> =>
  owner.publishMany(
    Array.from({ length: count }, (_, n) => {
      const data = { id: String(from + n), key: 'app', value: `v${from + n}` };
      const foreign = { externalDataSet: null, externalDataReference: null };
      const envelope = {
        ...{ id: randomUUID(), type: 'LabelCreated', v: 1, stream: `label-${data.id}`, version: 1 },
        ...{ position: from + n + 1, at: new Date().toISOString(), cluster: 'global' },
        actor: { kind: 'user', id: '1' },
        data: { ...data, ...foreign },
      };
      return { subject: `evt.global.label.${data.id}`, payload: envelope, id: envelope.id };
    }),
  );
async function audited(gateway: Gateway, type: string): Promise<string[]> {
  const { body } = await gateway.get<{ href: string }[]>(
    `/orgs/1/events?event_type=${type}&max_results=5000`,
  );
  return body.map(({ href }) => href);
}

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  owner = await connectBus({ servers: nats.url, name: 'owner', server: 'control' });
  // Both on a database that is not there yet.
  gateways = await Promise.all([startGateway(), startGateway()]);
  for (const { process } of gateways) await eventually(() => process.isReady());
});
afterAll(async () => {
  for (const gateway of gateways ?? []) await gateway.process.stop();
  await owner.close();
  await Promise.all([nats.close(), postgres.close()]);
});

describe('two processes of the gateway', () => {
  it('know the keys that either of them made', async () => {
    const [a, b] = gateways;
    for (const [maker, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const made = await maker.post<Record<string, string>>('/users/1/api_keys', { name: 'ci' });
      const authorization = basic(made.body['auth_username'] ?? '', made.body['secret'] ?? '');
      expect((await other.get('/noop', authorization)).status).toBe(200);
    }
    // When each was used last is written down a moment later.
    const keysOf = async (gateway: Gateway): Promise<unknown[]> =>
      (await gateway.get<Record<string, unknown>[]>('/users/1/api_keys')).body.map(
        ({ last_login_on: _, ...key }) => key,
      );
    expect(await keysOf(a)).toEqual(await keysOf(b));
  });

  it('keep together to how many of a thing there may be, and lose nothing of what both change', async () => {
    const path = '/orgs/1/settings/syslog/destinations';
    const made = await Promise.all(Array.from({ length: 40 }, (_, n) => gateways[n % 2]!.post(path, SYSLOG)));
    expect(made.filter(({ status }) => status === 201)).toHaveLength(16);
    expect((await gateways[0].get<unknown[]>(path)).body).toHaveLength(16);
    const settings = '/authentication_settings/password_policy';
    const [a, b] = gateways;
    for (let round = 0; round < 10; round++) {
      const [one, other] = [{ min_length: 20 + round }, { session_timeout_minutes: 100 + round }];
      await Promise.all([a.put(settings, one), b.put(settings, other)]);
      expect((await a.get(settings)).body).toMatchObject({ ...one, ...other });
    }
  });

  it('record every change once, whichever of them is killed meanwhile', async () => {
    const [a, b] = gateways;
    for (const [round, { process }] of [a, b].entries()) {
      const [first, second] = [labels(round * 1_000, 500), process.kill()];
      await Promise.all([first, second]);
      await labels(round * 1_000 + 500, 100);
      await process.start();
      await eventually(() => process.isReady());
    }
    await eventually(async () => (await audited(a, 'label.create')).length >= 1_200);
    const shown = await audited(b, 'label.create');
    expect([shown.length, new Set(shown).size]).toEqual([1_200, 1_200]);
  });

  it('end a job whose process was killed, and leave those of the other alone', async () => {
    const [a, b] = gateways;
    const answers: (() => void)[] = [];
    const serving = owner.serve(CALLS.inventoryResource, async () => {
      await new Promise<void>((resolve) => answers.push(resolve));
      return { body: [] };
    });
    const [lost, kept] = [await a.get('/orgs/1/workloads'), await b.get('/orgs/1/workloads')];
    await eventually(() => answers.length === 2);
    await a.process.kill();
    for (const answer of answers) answer();
    const stateOf = async (location: string): Promise<string> =>
      (await b.get<{ status: string }>(location)).body.status;
    await eventually(async () => (await stateOf(kept.location)) === 'done');
    await a.process.start();
    await eventually(async () => (await stateOf(lost.location)) === 'failed');
    expect(await stateOf(kept.location)).toBe('done');
    serving.close();
  });
});
