/**
 * The two kinds of NATS server of a local stack, each with accounts and credentials made for it: the control plane's, and
 * the cluster's own, whose signing key only clas-cache gets.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  clusterServerConfig,
  controlServerConfig,
  formatCreds,
  mintClusterServer,
  mintControlPlane,
} from '@ringfence/bus';
import type { Credentials } from '@ringfence/bus';
import type { ServiceManifest } from '@ringfence/contracts';
import type { StackAuthority } from './certificates.js';
import { ROOT } from './entry-points.js';
import { freePort } from './free-ports.js';
import type { ProcessSpec } from './processes.js';

export interface ControlNats {
  readonly url: string;
  environment(service: string): Record<string, string>;
}
/** A server that is still to be started. */
export interface OwnControlNats extends ControlNats {
  readonly spec: ProcessSpec;
}
export interface ClusterNats {
  readonly spec: ProcessSpec;
  readonly url: string;
  /** For clas-cache. */
  readonly environment: Record<string, string>;
}

const CONTROL_SERVICES = ['inventory', 'label-resolver', 'policy-compute', 'flow-ingest', 'gateway'];
const LOOPBACK = '127.0.0.1';

async function manifestOf(service: string): Promise<ServiceManifest> {
  const module = (await import(join(ROOT, 'services', service, 'dist', 'manifest.js'))) as {
    manifest: ServiceManifest;
  };
  return module.manifest;
}

/** A server of the user's is used as it is, without credentials of ours: its operator decides who may do what. */
export function externalNats(url: string): ControlNats {
  return { url, environment: () => ({ NATS_URL: url }) };
}

export async function controlNats(dataDirectory: string): Promise<OwnControlNats> {
  const directory = join(dataDirectory, 'nats-control');
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const url = `nats://${LOOPBACK}:${port}`;
  const keys = await mintControlPlane(await Promise.all(CONTROL_SERVICES.map(manifestOf)));
  const config = secretFile(
    directory,
    'server.conf',
    controlServerConfig({ host: LOOPBACK, port, directory }, keys),
  );
  const creds = (name: string, credentials: Credentials): string =>
    secretFile(directory, `${name}.creds`, formatCreds(credentials));
  const inventory = {
    NATS_SYSTEM_CREDS: creds('system', keys.system.user),
    NATS_OPERATOR_KEY: secretFile(directory, 'operator.seed', keys.operator.seed),
    NATS_CORE_ACCOUNT: keys.core.account,
    NATS_UPLINK_URL: url,
  };
  return {
    spec: { ...natsServer('nats-control', config), listensOn: { host: LOOPBACK, port }, stores: directory },
    url,
    environment: (service) => ({
      NATS_URL: url,
      NATS_CREDS: creds(service, keys.services[service]!),
      ...(service === 'inventory' ? inventory : {}),
    }),
  };
}

export async function clusterNats(
  dataDirectory: string,
  host: string,
  authority: StackAuthority,
): Promise<ClusterNats> {
  const directory = join(dataDirectory, 'nats-cluster');
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const url = `tls://${host}:${port}`;
  const tls = authority.issue('nats-cluster', [host, LOOPBACK, 'localhost']);
  const keys = await mintClusterServer(await manifestOf('clas-cache'));
  const config = secretFile(
    directory,
    'server.conf',
    clusterServerConfig({ host, port, directory, tls }, keys),
  );
  return {
    spec: { ...natsServer('nats-cluster', config), listensOn: { host, port }, stores: directory },
    url,
    environment: {
      NATS_URL: url,
      NATS_CREDS: secretFile(directory, 'clas-cache.creds', formatCreds(keys.clasCache)),
      CLUSTER_NATS_SIGNING_KEY: secretFile(directory, 'signing.seed', keys.signingSeed),
      CLUSTER_NATS_ACCOUNT: keys.account,
      CLUSTER_NATS_SYSTEM_CREDS: secretFile(directory, 'system.creds', formatCreds(keys.system.user)),
    },
  };
}

function natsServer(name: string, config: string): ProcessSpec {
  return { name, command: 'nats-server', args: ['-c', config], stopSignal: 'SIGINT' };
}

function secretFile(directory: string, name: string, content: string): string {
  const file = join(directory, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}
