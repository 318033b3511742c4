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

const BODIES: Readonly<Record<string, string>> = {
  'no JSON': '{"name":',
  'a number': '7',
  'an unknown field': '{"nmae":"x","name":"x","key":"role","value":"bad"}',
  'a wrong type':
    '{"name":{"a":1},"key":7,"value":[],"query_name":3,"update_description":[],"labels":"none"}',
};
const ID = 'b1f7a3d2-9c44-4f0e-8a57-3d2c1b0a9e8f';

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { requestBody?: object }>>>>;
}

/** Every route that takes a body, from the document that the server gives of itself. */
async function routesWithBody(): Promise<{ method: string; path: string }[]> {
  const document = (await (await fetch(`${access.url}/api/v2/openapi.json`)).json()) as OpenApi;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { requestBody }]) => requestBody !== undefined)
      .map(([method]) => ({ method: method.toUpperCase(), path: filledIn(path) })),
  );
}

function filledIn(path: string): string {
  const below = path.replace(/^\/api\/v2/, '');
  return below
    .replace('{org}', '1')
    .replace('{pversion}', 'draft')
    .replaceAll(/\{[^}]+\}/g, ID);
}

/** The collections whose size tells whether anything was stored. */
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
];

describe('bad bodies', () => {
  it(
    'are refused by every route with a token, and nothing of them is stored',
    { timeout: 120_000 },
    async () => {
      const before = await Promise.all(COLLECTIONS.map(count));
      const routes = await routesWithBody();
      expect(routes.length).toBeGreaterThan(20);
      for (const { method, path } of routes) {
        for (const [kind, body] of Object.entries(BODIES))
          await refuses(`${method} ${path} with ${kind}`, method, path, body);
      }
      expect(await Promise.all(COLLECTIONS.map(count))).toEqual(before);
    },
  );

  it('leave the server standing', async () => {
    expect((await fetch(`${access.url}/api/v2/health`, { headers: { authorization } })).status).toBe(200);
  });
});

async function refuses(what: string, method: string, path: string, body: string): Promise<void> {
  const response = await send(method, path, body);
  const text = await response.text();
  if (isRefusedByLine(text)) return;
  expect(response.status, `${what}: ${text}`).toBeGreaterThanOrEqual(400);
  expect(response.status, `${what}: ${text}`).toBeLessThan(500);
  expect(response.headers.get('content-type'), what).toBe('application/json');
  const [error] = JSON.parse(text) as { token: string; message: string }[];
  expect(error?.token, what).toMatch(/^[a-z_]+$/);
  expect(error?.message, what).not.toMatch(/\n\s+at /);
}

/** Uploaded flows are lines of text, each of which is refused by itself, as published. */
function isRefusedByLine(text: string): boolean {
  const told = JSON.parse(text) as { num_flows_received?: number; num_flows_failed?: number };
  return told.num_flows_received !== undefined && told.num_flows_received === told.num_flows_failed;
}

async function count(collection: string): Promise<number> {
  return (await api.get<unknown[]>(`${collection}?max_results=100000`)).length;
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
