/** The whole control side in processes of its own, each service twice and two gateways before them: nothing is near what wrote it. */
import { eventually, freePort, startNats, startPostgres, startServiceProcess } from '@ringfence/testing';
import type { NatsServer, PostgresServer, ServiceProcess } from '@ringfence/testing';
import { clientOf } from './client.js';
import type { Client } from './client.js';
import { basic, KEY, OWNER, SECRET } from './gateway-under-test.js';

/** Each as it would run for those who want to lose none: of some one works, of some both do. */
const TWICE = ['inventory', 'label-resolver', 'policy-compute'] as const;

export interface ControlSide {
  /** Of the next gateway's API. */
  urlOf(): string;
  /** With a key of its own. */
  newClient(): Promise<Client>;
  close(): Promise<void>;
}
type Servers = readonly [NatsServer, PostgresServer];

export async function startControlSide(): Promise<ControlSide> {
  const servers = await Promise.all([startNats(), startPostgres()]);
  const services = await Promise.all(
    [...TWICE, ...TWICE, 'flow-ingest'].map((service) => start(servers, service)),
  );
  const gateways = await Promise.all([startGateway(servers), startGateway(servers)]);
  const processes = [...services, ...gateways.map(({ process }) => process)];
  const lacking = async (): Promise<readonly (readonly string[])[]> =>
    (await Promise.all(processes.map((process) => process.missing()))).filter(({ length }) => length > 0);
  // Of those of which one stands by, that is never ready.
  await eventually(lacking, (missing) => missing.length === 2, 180_000);
  // Each call goes to the next gateway.
  let calls = 0;
  const nextUrl = (): string => gateways[calls++ % gateways.length]!.url;
  return {
    urlOf: nextUrl,
    newClient: async () => {
      const { body } = await clientOf(OWNER, nextUrl).call('POST', '/users/1/api_keys', { name: 'script' });
      const key = body as { readonly auth_username: string; readonly secret: string };
      return clientOf(basic(key.auth_username, key.secret), nextUrl);
    },
    close: async () => {
      await Promise.all(processes.map((process) => process.stop()));
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

const mainOf = (service: string): URL => new URL(`../../../${service}/dist/main.js`, import.meta.url);

function start(
  [nats, postgres]: Servers,
  service: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  return startServiceProcess(mainOf(service), { NATS_URL: nats.url, DATABASE_URL: postgres.url, ...env });
}

async function startGateway(servers: Servers): Promise<{ process: ServiceProcess; url: string }> {
  const port = await freePort();
  const process = await start(servers, 'gateway', {
    ...{ RINGFENCE_PORT: String(port), RINGFENCE_BOOTSTRAP_API_KEY: `${KEY}:${SECRET}` },
    RINGFENCE_RATE_LIMIT: '1000000',
  });
  return { process, url: `http://127.0.0.1:${port}/api/v2` };
}
