/** Bad input gets a clear refusal, and nothing of it is stored. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { access, api, stackProcesses } from '../world.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..', '..');
const authorization = `Basic ${Buffer.from(`${access.key}:${access.secret}`).toString('base64')}`;

async function send(
  method: string,
  path: string,
  body: string,
  headers: Record<string, string> = { authorization },
): Promise<Response> {
  return fetch(`${access.url}/api/v2${path}`, {
    method,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

const COLLECTIONS = [
  '/labels',
  '/sec_policy/draft/label_groups',
  '/sec_policy/draft/ip_lists',
  '/sec_policy/draft/services',
  '/sec_policy/draft/rule_sets',
  '/sec_policy/draft/enforcement_boundaries',
  '/sec_policy',
  '/container_clusters',
  '/workloads',
  '/pairing_profiles',
  '/traffic_flows/async_queries',
];
const BODIES: Readonly<Record<string, string>> = {
  'no JSON': '{"name":',
  'a list': '[]',
  'an unknown field': '{"nmae":"x","name":"x","key":"role","value":"bad"}',
  'a wrong type': '{"name":{"a":1},"key":7,"value":[],"query_name":3,"update_description":[]}',
};

describe('bad bodies', () => {
  for (const collection of COLLECTIONS) {
    it.each(Object.keys(BODIES))(
      `POST ${collection} refuses %s with a token and stores nothing`,
      async (kind) => {
        const countBefore = await count(collection);
        const response = await send('POST', `/orgs/1${collection}`, BODIES[kind]!);
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.status).toBeLessThan(500);
        expect(response.headers.get('content-type')).toBe('application/json');
        const errors = (await response.json()) as { token: string; message: string }[];
        expect(errors[0]?.token).toMatch(/^[a-z_]+$/);
        expect(errors[0]?.message).not.toMatch(/\n\s+at /);
        expect(await count(collection)).toBe(countBefore);
      },
    );
  }
});

async function count(collection: string): Promise<number> {
  return (await api.get<unknown[]>(`${collection}${collection.includes('?') ? '&' : '?'}max_results=100000`))
    .length;
}

describe('wrong credentials', () => {
  it('answers 401 to no key and to a wrong secret, 403 to another organisation', async () => {
    const wrong = `Basic ${Buffer.from(`${access.key}:nonsense`).toString('base64')}`;
    expect((await fetch(`${access.url}/api/v2/orgs/1/labels`)).status).toBe(401);
    expect(
      (await fetch(`${access.url}/api/v2/orgs/1/labels`, { headers: { authorization: wrong } })).status,
    ).toBe(401);
    expect((await fetch(`${access.url}/api/v2/orgs/2/labels`, { headers: { authorization } })).status).toBe(
      403,
    );
  });

  it('refuses a wrong cluster token, and Kubelink says so in one line and ends', async () => {
    const exchange = await send(
      'POST',
      '/edge/exchange',
      JSON.stringify({ cluster: access.clusterId, token: '1_wrong' }),
      {},
    );
    expect(exchange.status).toBe(401);
    const kubelink = (await stackProcesses()).find(({ name }) => name === 'kubelink');
    const env = {
      ...kubelink?.env,
      PATH: process.env['PATH'],
      RINGFENCE_MANAGEMENT_PORT: '0',
      CLUSTER_TOKEN: '1_wrong',
    };
    const ended = await run(process.execPath, [join(ROOT, 'services/kubelink/dist/main.js')], {
      env,
      timeout: 30_000,
    }).catch((error: unknown) => error as { code: number; stderr: string });
    expect(ended).toMatchObject({ code: expect.any(Number) as number });
    const { stderr } = ended as { stderr: string };
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/token/i);
  });
});
