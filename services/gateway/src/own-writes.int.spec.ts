import { randomUUID } from 'node:crypto';
import { eventually, freePort, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, KEY, OWNER, SECRET } from './testing/gateway-under-test.js';

const AT_ONCE = 4;
const ROUNDS = 4;
/** Each as it would run for those who want to lose none: of some one works, of some both do. */
const TWICE = ['inventory', 'label-resolver', 'policy-compute'] as const;

interface Answer {
  readonly status: number;
  readonly body: { readonly href: string } & Readonly<Record<string, unknown>>;
}
interface Client {
  /** Each call goes to the next gateway. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
}

let nats: NatsServer;
let postgres: PostgresServer;
let processes: ServiceProcess[] = [];
let urls: readonly string[] = [];

const mainOf = (service: string): URL => new URL(`../../${service}/dist/main.js`, import.meta.url);

async function start(service: string, env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
  return startServiceProcess(mainOf(service), { NATS_URL: nats.url, DATABASE_URL: postgres.url, ...env });
}

async function startGateway(): Promise<{ process: ServiceProcess; url: string }> {
  const port = await freePort();
  const process = await start('gateway', {
    ...{ RINGFENCE_PORT: String(port), RINGFENCE_BOOTSTRAP_API_KEY: `${KEY}:${SECRET}` },
    RINGFENCE_RATE_LIMIT: '1000000',
  });
  return { process, url: `http://127.0.0.1:${port}/api/v2` };
}

function clientOf(authorization: string): Client {
  let calls = 0;
  return {
    call: async (method, path, body) => {
      const response = await fetch(`${urls[calls++ % urls.length]}${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] };
    },
  };
}

async function newClient(): Promise<Client> {
  const { body } = await clientOf(OWNER).call('POST', '/users/1/api_keys', { name: 'script' });
  return clientOf(basic(body['auth_username'] as string, body['secret'] as string));
}

const ORG = '/orgs/1';
const DRAFT = `${ORG}/sec_policy/draft`;
const name = (): string => `n-${randomUUID()}`;

async function made(client: Client, path: string, body: unknown): Promise<string> {
  const { status, body: answer } = await client.call('POST', path, body);
  expect([status, answer]).toEqual([201, expect.objectContaining({ href: expect.any(String) as string })]);
  return answer.href;
}
const label = (client: Client): Promise<string> =>
  made(client, `${ORG}/labels`, { key: 'app', value: name() });
const workload = (client: Client, labels: readonly string[] = []): Promise<string> =>
  made(client, `${ORG}/workloads`, { name: name(), labels: labels.map((href) => ({ href })) });
const ruleSet = (client: Client, labels: readonly string[] = []): Promise<string> =>
  made(client, `${DRAFT}/rule_sets`, { name: name(), scopes: [labels.map((href) => ({ label: { href } }))] });
const rule = (from: string, to: string): object => ({
  enabled: true,
  resolve_labels_as: { consumers: ['workloads'], providers: ['workloads'] },
  ingress_services: [{ proto: 6, port: 80 }],
  consumers: [{ workload: { href: from } }],
  providers: [{ workload: { href: to } }],
});

/** Many clients at once, each over and over. */
async function byAll(story: (client: Client) => Promise<void>): Promise<void> {
  const clients = await Promise.all(Array.from({ length: AT_ONCE }, newClient));
  await Promise.all(
    clients.map(async (client) => {
      for (let round = 0; round < ROUNDS; round++) await story(client);
    }),
  );
}

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  const services = await Promise.all([...TWICE, ...TWICE, 'flow-ingest'].map((service) => start(service)));
  const gateways = await Promise.all([startGateway(), startGateway()]);
  processes = [...services, ...gateways.map(({ process }) => process)];
  urls = gateways.map(({ url }) => url);
  const lacking = async (): Promise<readonly (readonly string[])[]> =>
    (await Promise.all(processes.map((process) => process.missing()))).filter(({ length }) => length > 0);
  // Of those of which one stands by, that is never ready.
  await eventually(lacking, (missing) => missing.length === 2, 180_000);
});
afterAll(async () => {
  await Promise.all(processes.map((process) => process.stop()));
  await Promise.all([nats.close(), postgres.close()]);
});

describe('what a client has written', () => {
  it('is there for what names it, whoever owns that', async () => {
    await byAll(async (client) => {
      const one = await label(client);
      await ruleSet(client, [one]);
      const other = await label(client);
      await workload(client, [other]);
      const third = await label(client);
      await made(client, `${DRAFT}/label_groups`, { name: name(), key: 'app', labels: [{ href: third }] });
    });
  });

  it('is there for what names it also where a third service stands in between', async () => {
    await byAll(async (client) => {
      const set = await ruleSet(client);
      const [from, to] = [await workload(client), await workload(client)];
      await made(client, `${set}/sec_rules`, rule(from, to));
    });
  });

  it('is not taken away under what was written before', async () => {
    await byAll(async (client) => {
      const used = await label(client);
      await workload(client, [used]);
      expect((await client.call('DELETE', used)).status).toBe(406);
      const scope = await label(client);
      await ruleSet(client, [scope]);
      expect((await client.call('DELETE', scope)).status).toBe(406);
    });
  });

  it('is gone everywhere when it was deleted', async () => {
    await byAll(async (client) => {
      const gone = await label(client);
      expect((await client.call('DELETE', gone)).status).toBe(204);
      const scopes = [[{ label: { href: gone } }]];
      expect((await client.call('POST', `${DRAFT}/rule_sets`, { name: name(), scopes })).status).toBe(406);
      const labels = [{ href: gone }];
      expect((await client.call('POST', `${ORG}/workloads`, { name: name(), labels })).status).toBe(406);
    });
  });

  it('is shown with its new name by everything that shows it', async () => {
    await byAll(async (client) => {
      const href = await label(client);
      const [server, value] = [await workload(client, [href]), name()];
      expect((await client.call('PUT', href, { value })).status).toBe(204);
      expect((await client.call('GET', server)).body['labels']).toEqual([
        expect.objectContaining({ href, value }),
      ]);
    });
  });

  it('is in the audit trail', async () => {
    await byAll(async (client) => {
      for (const [type, write] of [
        ['label.create', label],
        ['workload.create', workload],
        ['rule_set.create', ruleSet],
      ] as const) {
        const id = (await write(client)).split('/').at(-1);
        const { body } = await client.call('GET', `${ORG}/events?event_type=${type}&max_results=50`);
        expect(JSON.stringify(body)).toContain(`"${id}"`);
      }
    });
  });
});
