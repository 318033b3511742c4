/**
 * A real gateway on real servers, with one owner behind it that answers what a test says and keeps what it was asked. For the specs of this
 * service only.
 */
import { randomBytes } from 'node:crypto';
import { CallError, connectBus } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { startNats, startPostgres } from '@ringfence/testing';
import { expect } from 'vitest';
import { Config } from '../config.js';
import { startGateway } from '../gateway.module.js';
import { manifest } from '../manifest.js';

export const KEY = `api_${randomBytes(8).toString('hex')}`;
export const SECRET = randomBytes(16).toString('hex');
export const ADMINISTRATOR = { username: 'first@ringfence.local', password: 'a password of a test' };
export const basic = (user: string, secret: string): string =>
  `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
export const OWNER = basic(KEY, SECRET);
/** The body of a refusal for this one reason, whatever its words. */
export const refused = (token: string): unknown => [{ token, message: expect.any(String) as unknown }];

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}
interface CallOptions {
  readonly body?: unknown;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface GatewayUnderTest {
  readonly url: string;
  readonly databaseUrl: string;
  /** Connected as the owners are. */
  readonly owner: Bus;
  asked: ResourceRequest[];
  answer: (request: ResourceRequest) => ResourceResponse | Promise<ResourceResponse>;
  /** Below `/api/v2`; with the bootstrap key unless a header says otherwise. */
  call(method: string, path: string, options?: CallOptions): Promise<Got>;
  startAnother(env?: Readonly<Record<string, string>>): Promise<{ process: HostedProcess; url: string }>;
  close(): Promise<void>;
}

export async function startGatewayUnderTest(): Promise<GatewayUnderTest> {
  const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  const servers = { NATS_URL: nats.url, DATABASE_URL: postgres.url };
  const owner = await connectBus({ servers: nats.url, name: 'owner', server: 'control' });
  const { process, url } = await startProcess(servers);
  const under: GatewayUnderTest = {
    url,
    databaseUrl: postgres.url,
    owner,
    asked: [],
    answer: () => ({ body: {} }),
    call: (method, path, options = {}) => call(url, method, path, options),
    startAnother: (env = {}) => startProcess({ ...servers, ...env }),
    close: async () => {
      await process.stop();
      await owner.close();
      await Promise.all([nats.close(), postgres.close()]);
    },
  };
  serveOwners(owner, under);
  return under;
}

function serveOwners(owner: Bus, under: GatewayUnderTest): void {
  const { labelResource, inventoryResource, policyResource, flowResource } = CALLS;
  for (const contract of [labelResource, inventoryResource, policyResource, flowResource]) {
    owner.serve(contract, async (request) => {
      // A part of the settings of the organisation, which the gateway shows.
      if (request.collection === 'second_person') return { body: { required: false } };
      under.asked.push(request);
      return under.answer(request);
    });
  }
  owner.serve(CALLS.exchangeToken, async ({ cluster, token }) => {
    if (token !== 'right') throw CallError.of('UNAUTHENTICATED', 'wrong-token', 'the token is another one');
    const expiresAt = '2026-11-20T10:00:00Z';
    return { natsUrl: 'nats://x', jwt: 'j', seed: 's', expiresAt, clusterName: cluster };
  });
}

async function startProcess(
  env: Readonly<Record<string, string>>,
): Promise<{ process: HostedProcess; url: string }> {
  let url = '';
  const start = async (context: Parameters<typeof startGateway>[0]): ReturnType<typeof startGateway> => {
    const running = await startGateway(context);
    url = running.url;
    return running;
  };
  const process = await startHosted(
    { manifest, config: Config, start },
    {
      RINGFENCE_PORT: '0',
      RINGFENCE_MANAGEMENT_PORT: '0',
      RINGFENCE_BOOTSTRAP_API_KEY: `${KEY}:${SECRET}`,
      RINGFENCE_FIRST_ADMINISTRATOR: `${ADMINISTRATOR.username}:${ADMINISTRATOR.password}`,
      RINGFENCE_RATE_LIMIT: '100000',
      RINGFENCE_BODY_LIMIT: '100000',
      LOG_LEVEL: 'fatal',
      ...env,
    },
  );
  await process.started;
  return { process, url };
}

async function call(url: string, method: string, path: string, options: CallOptions): Promise<Got> {
  const text = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const response = await fetch(`${url}${path.startsWith('/docs') ? '' : '/api/v2'}${path}`, {
    method,
    headers: {
      authorization: OWNER,
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(text === undefined ? {} : { body: text }),
    // For what never comes: sixty callers in the gateway's own process wait for each other, on a busy machine long.
    signal: AbortSignal.timeout(100_000),
  });
  const got = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json' && got !== '';
  const json = isJson ? (JSON.parse(got) as unknown) : undefined;
  return { status: response.status, headers: response.headers, text: got, json };
}
