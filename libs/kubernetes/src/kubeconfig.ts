/**
 * How to reach an API server and prove who we are: from a kubeconfig (token, token file, client certificate, CA), or
 * from inside a Pod. Exec plugins are refused by name: running a foreign program is nothing that an agent should do.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Tokens of service accounts are replaced on disk long before they expire. */
const TOKEN_FRESH_MS = 30_000;

export interface ClusterAccess {
  /** https://host:port, no path after it unless the server has one. */
  readonly server: string;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized: boolean;
  };
  /** Asked at every request; undefined: the certificate says who we are. */
  token(): string | undefined;
}

/** What a person must mend: the message says where and what. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

interface Kubeconfig {
  'current-context'?: string;
  clusters?: { name: string; cluster?: ClusterEntry }[];
  users?: { name: string; user?: UserEntry }[];
  contexts?: { name: string; context?: { cluster?: string; user?: string } }[];
}
interface ClusterEntry {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
}
interface UserEntry {
  token?: string;
  tokenFile?: string;
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  exec?: { command?: string };
  'auth-provider'?: { name?: string };
}

/** The kubeconfig at `path`, or the service account of the Pod that we run in. */
export function clusterAccess(path: string | undefined): ClusterAccess {
  return path === undefined ? inCluster() : fromKubeconfig(readText(path), path);
}

export function inCluster(env: NodeJS.ProcessEnv = process.env, account = SERVICE_ACCOUNT): ClusterAccess {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === undefined || !existsSync(`${account}/token`)) {
    throw new KubeconfigError(
      'not in a Pod with a service account, and no kubeconfig is named: set KUBECONFIG',
    );
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca: readText(`${account}/ca.crt`), rejectUnauthorized: true },
    token: rereadToken(`${account}/token`),
  };
}

/** `path` names the text in errors, and relative files are looked for beside it. */
export function fromKubeconfig(text: string, path: string): ClusterAccess {
  const config = parseConfig(text, path);
  const context = named(config.contexts, config['current-context'], `${path}: context`).context ?? {};
  const cluster = named(config.clusters, context.cluster, `${path}: cluster`).cluster ?? {};
  const user =
    context.user === undefined ? {} : (named(config.users, context.user, `${path}: user`).user ?? {});
  if (cluster.server === undefined)
    throw new KubeconfigError(`${path}: cluster ${context.cluster} has no server`);
  refusePlugins(user, path);
  const file = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : readText(resolve(dirname(path), name));
  return {
    server: cluster.server.replace(/\/+$/, ''),
    tls: {
      ...defined(
        'ca',
        decoded(cluster['certificate-authority-data']) ?? file(cluster['certificate-authority']),
      ),
      ...defined('cert', decoded(user['client-certificate-data']) ?? file(user['client-certificate'])),
      ...defined('key', decoded(user['client-key-data']) ?? file(user['client-key'])),
      ...defined('servername', cluster['tls-server-name']),
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    },
    token:
      user.tokenFile === undefined ? () => user.token : rereadToken(resolve(dirname(path), user.tokenFile)),
  };
}

function parseConfig(text: string, path: string): Kubeconfig {
  try {
    const config: unknown = parse(text);
    if (typeof config === 'object' && config !== null) return config;
  } catch (error) {
    throw new KubeconfigError(`${path} is not YAML`, { cause: error });
  }
  throw new KubeconfigError(`${path} is not a kubeconfig`);
}

function refusePlugins(user: UserEntry, path: string): void {
  const plugin = user.exec?.command ?? user['auth-provider']?.name;
  if (plugin !== undefined) {
    throw new KubeconfigError(
      `${path}: the user's credential comes from the plugin "${plugin}"; use a token or a client certificate`,
    );
  }
}

function named<T extends { name: string }>(
  entries: T[] | undefined,
  name: string | undefined,
  what: string,
): T {
  const found = entries?.find((entry) => entry.name === name);
  if (found === undefined) throw new KubeconfigError(`${what} "${name ?? ''}" is not there`);
  return found;
}

function defined<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}

function decoded(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new KubeconfigError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function rereadToken(path: string): () => string {
  let token = '';
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (Date.now() - readAt > TOKEN_FRESH_MS) {
      token = readText(path).trim();
      readAt = Date.now();
    }
    return token;
  };
}
