/** NATS, Postgres and the control plane's services, with credentials made for this stack; ready means every `/readyz` says so. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryPoint, ROOT } from './entry-points.js';
import { claimPort, freePort } from './free-ports.js';
import { controlNats, externalNats } from './nats.js';
import type { ControlNats } from './nats.js';
import type { UpOptions } from './options.js';
import { postgresProcess } from './postgres.js';
import type { Processes, ProcessSpec, SupervisedProcess } from './processes.js';
import type { StackAccess } from './ringfence-api.js';

export interface ControlPlane {
  readonly access: StackAccess;
  readonly nats: ControlNats;
}

type EnvironmentOf = Readonly<Record<string, string>>;

const SERVICES = ['inventory', 'label-resolver', 'policy-compute', 'flow-ingest', 'gateway'] as const;
const LOOPBACK = '127.0.0.1';
/** Made by the set-up; a stack that is started without it has none. */
const CONSOLE = join(ROOT, 'services', 'console', 'dist', 'site');

export async function startControlPlane(
  options: UpOptions,
  processes: Processes,
  onWaiting?: (words: string) => void,
): Promise<ControlPlane> {
  await claimPort(options.port, LOOPBACK, '--port');
  const access = apiAccess(options);
  const external = { nats: process.env['NATS_URL'], postgres: process.env['DATABASE_URL'] };
  const [nats, database] = await Promise.all([
    external.nats
      ? externalNats(external.nats)
      : processes.startListening(() => controlNats(options.dataDirectory)),
    external.postgres
      ? { url: external.postgres }
      : processes.startListening(() => embeddedPostgres(options)),
  ]);
  const started = await Promise.all(
    SERVICES.map((service) =>
      startService(processes, service, async () => ({
        ...nats.environment(service),
        ...(await own(service, options, access)),
        DATABASE_URL: database.url,
      })),
    ),
  );
  await Promise.all(started.map((service) => service.ready(onWaiting)));
  return { access, nats };
}

/** A service with its management listener on a port of its own; `environment` is asked again when a port was taken. */
export async function startService(
  processes: Processes,
  service: string,
  environment: () => EnvironmentOf | Promise<EnvironmentOf>,
): Promise<SupervisedProcess> {
  const { process: started } = await processes.startListening(async () => {
    const port = await freePort();
    const spec: ProcessSpec = {
      name: service,
      command: process.execPath,
      args: ['--enable-source-maps', entryPoint(`services/${service}`)],
      env: { ...passedOn(), RINGFENCE_MANAGEMENT_PORT: String(port), ...(await environment()) },
      readyUrl: `http://${LOOPBACK}:${port}/readyz`,
      listensOn: { host: LOOPBACK, port },
    };
    return { spec };
  });
  return started;
}

/** After a flood glibc's arenas keep some 50 MB of a Node process that it has given back: one for JavaScript, one for the rest do. */
const FEW_ARENAS = { MALLOC_ARENA_MAX: '2' };

/** What every service gets, and what a person sets for the whole stack. */
export function passedOn(): Record<string, string> {
  const names = [
    'LOG_LEVEL',
    'MALLOC_ARENA_MAX',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'RINGFENCE_CNI',
    'RINGFENCE_FLOW_INTERVAL_SECONDS',
    'RINGFENCE_RATE_LIMIT',
    'RINGFENCE_TLS_CERT',
    'RINGFENCE_TLS_KEY',
    'NODE_OPTIONS',
  ];
  const set = Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]!]])),
  );
  return { ...FEW_ARENAS, ...set };
}

async function embeddedPostgres(options: UpOptions): Promise<ReturnType<typeof postgresProcess>> {
  return postgresProcess(join(options.dataDirectory, 'postgres'), await freePort());
}

/** What only this service is told. */
async function own(
  service: string,
  options: UpOptions,
  access: StackAccess,
): Promise<Record<string, string>> {
  switch (service) {
    case 'gateway':
      return {
        RINGFENCE_HOST: LOOPBACK,
        RINGFENCE_PORT: String(options.port),
        ...(existsSync(CONSOLE) && { RINGFENCE_CONSOLE: CONSOLE }),
        RINGFENCE_BOOTSTRAP_API_KEY: `${access.key}:${access.secret}`,
        RINGFENCE_FIRST_ADMINISTRATOR: `${access.username}:${access.password}`,
      };
    case 'policy-compute':
      return {
        RINGFENCE_GRPC_PORT: String(await freePort()),
        RINGFENCE_GRPC_TOKEN: randomBytes(32).toString('hex'),
      };
    default:
      return {};
  }
}

/** The key survives with the state that knows it. */
function apiAccess(options: UpOptions): StackAccess {
  const file = join(options.dataDirectory, 'api-key.json');
  const scheme = process.env['RINGFENCE_TLS_CERT'] ? 'https' : 'http';
  const url = `${scheme}://${LOOPBACK}:${options.port}`;
  if (options.keep && existsSync(file))
    return { ...(JSON.parse(readFileSync(file, 'utf8')) as StackAccess), url };
  const access = {
    url,
    org: 1,
    key: `api_${randomBytes(8).toString('hex')}`,
    secret: randomBytes(32).toString('hex'),
    username: 'admin@ringfence.local',
    password: randomBytes(18).toString('base64url'),
  };
  writeFileSync(file, JSON.stringify(access), { mode: 0o600 });
  return access;
}
