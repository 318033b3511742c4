/** NATS, Postgres and the control plane's services, with credentials made for this stack; ready means every `/readyz` says so. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryPoint } from './entry-points.js';
import { claimPort, freePort } from './free-ports.js';
import { controlNats } from './nats.js';
import type { ControlNats } from './nats.js';
import type { UpOptions } from './options.js';
import { postgresProcess } from './postgres.js';
import type { Processes, SupervisedProcess } from './processes.js';
import type { ApiAccess } from './ringfence-api.js';

export interface ControlPlane {
  readonly access: ApiAccess;
  readonly nats: ControlNats;
}

const SERVICES = ['inventory', 'label-resolver', 'policy-compute', 'flow-ingest', 'gateway'] as const;
const READY_TIMEOUT_MS = 60_000;
const LOOPBACK = '127.0.0.1';

export async function startControlPlane(options: UpOptions, processes: Processes): Promise<ControlPlane> {
  await claimPort(options.port, LOOPBACK, '--port');
  const access = apiAccess(options);
  const nats = await controlNats(options.dataDirectory, process.env['NATS_URL']);
  if (nats.process) processes.start(nats.process);
  const databaseUrl = process.env['DATABASE_URL'] ?? (await embeddedPostgres(options, processes));
  const started: SupervisedProcess[] = [];
  for (const service of SERVICES) {
    started.push(
      await startService(processes, service, {
        ...nats.environment(service),
        ...(await own(service, options, access)),
        DATABASE_URL: databaseUrl,
      }),
    );
  }
  await Promise.all(started.map((service) => service.ready(READY_TIMEOUT_MS)));
  return { access, nats };
}

/** A service with its management listener on a port of its own. */
export async function startService(
  processes: Processes,
  service: string,
  env: Readonly<Record<string, string>>,
  name = service,
): Promise<SupervisedProcess> {
  const managementPort = await freePort();
  return processes.start({
    name,
    command: process.execPath,
    args: ['--enable-source-maps', entryPoint(`services/${service}`)],
    env: { ...passedOn(), RINGFENCE_MANAGEMENT_PORT: String(managementPort), ...env },
    readyUrl: `http://${LOOPBACK}:${managementPort}/readyz`,
  });
}

/** What a person sets for the whole stack. */
export function passedOn(): Record<string, string> {
  const names = [
    'LOG_LEVEL',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'RINGFENCE_FLOW_INTERVAL_SECONDS',
    'RINGFENCE_RATE_LIMIT',
    'RINGFENCE_TLS_CERT',
    'RINGFENCE_TLS_KEY',
    'NODE_OPTIONS',
  ];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]!]])),
  );
}

async function embeddedPostgres(options: UpOptions, processes: Processes): Promise<string> {
  const { spec, url } = postgresProcess(join(options.dataDirectory, 'postgres'), await freePort());
  processes.start(spec);
  return url;
}

/** What only this service is told. */
async function own(service: string, options: UpOptions, access: ApiAccess): Promise<Record<string, string>> {
  switch (service) {
    case 'gateway':
      return {
        RINGFENCE_HOST: LOOPBACK,
        RINGFENCE_PORT: String(options.port),
        RINGFENCE_BOOTSTRAP_API_KEY: `${access.key}:${access.secret}`,
      };
    case 'policy-compute':
      return { RINGFENCE_GRPC_PORT: String(await freePort()) };
    default:
      return {};
  }
}

/** The key survives with the state that knows it. */
function apiAccess(options: UpOptions): ApiAccess {
  const file = join(options.dataDirectory, 'api-key.json');
  const scheme = process.env['RINGFENCE_TLS_CERT'] ? 'https' : 'http';
  const url = `${scheme}://${LOOPBACK}:${options.port}`;
  if (options.keep && existsSync(file))
    return { ...(JSON.parse(readFileSync(file, 'utf8')) as ApiAccess), url };
  const access = {
    url,
    org: 1,
    key: `api_${randomBytes(8).toString('hex')}`,
    secret: randomBytes(32).toString('hex'),
  };
  writeFileSync(file, JSON.stringify(access), { mode: 0o600 });
  return access;
}
