/** What a kubeconfig says: one or several files, read as kubectl reads them, and of one context server, authority and whose credential it is. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

/** What a person must mend: the message says where and what. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}
export interface ExecEntry {
  readonly apiVersion?: string;
  readonly command?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: string;
}
/** One context. */
export interface KubeconfigContext {
  readonly context: string;
  readonly server: string;
  readonly tls: Tls;
  readonly token: string | undefined;
  readonly plugin: { readonly exec: ExecEntry; readonly path: string; readonly cluster: object } | undefined;
}

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly clusters?: readonly { readonly name: string; readonly cluster?: ClusterEntry }[] | null;
  readonly users?: readonly { readonly name: string; readonly user?: UserEntry }[] | null;
  readonly contexts?:
    | readonly {
        readonly name: string;
        readonly context?: { readonly cluster?: string; readonly user?: string };
      }[]
    | null;
}
interface ClusterEntry {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly extensions?: readonly { readonly name: string; readonly extension?: unknown }[];
}
interface UserEntry {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly exec?: ExecEntry;
  readonly 'auth-provider'?: { readonly name?: string };
}
export interface KubeconfigText {
  /** Names the text in errors, and relative files are looked for beside it. */
  readonly path: string;
  readonly text: string;
}
type Placed<T> = { readonly entry: T; readonly path: string };

const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';

/** Files that are not there are passed over, unless none is. */
export function readKubeconfigs(paths: readonly string[]): KubeconfigText[] {
  const [first] = paths;
  const read = paths.flatMap((path) => {
    try {
      return [{ path, text: readFileSync(path, 'utf8') }];
    } catch (error) {
      if (paths.length > 1 && (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw unreadable(path, error);
    }
  });
  if (read.length === 0)
    throw new KubeconfigError(`none of ${first === undefined ? 'no files' : paths.join(', ')} is there`);
  return read;
}

/** `context`: not the current one but this. Of several files the first that says something counts. */
export function contextOf(texts: readonly KubeconfigText[], context?: string): KubeconfigContext {
  const files = texts.map(({ text, path }) => ({ config: parseConfig(text, path), path }));
  const where = texts.map(({ path }) => path).join(', ');
  const name = context ?? files.find(({ config }) => config['current-context'])?.config['current-context'];
  const { cluster: of, user: as } = placed(files, 'contexts', name, `${where}: context`).entry.context ?? {};
  const { entry, path } = placed(files, 'clusters', of, `${where}: cluster`);
  const user = as === undefined ? undefined : placed(files, 'users', as, `${where}: user`);
  const server = entry.cluster?.server?.replace(/\/+$/, '');
  if (entry.cluster === undefined || server === undefined)
    throw new KubeconfigError(`${path}: cluster ${of} has no server`);
  const authority = authorityOf(entry.cluster, path);
  return {
    ...{ context: name ?? '', server },
    ...credentialOf(user, authority),
    plugin: pluginOf(user, { ...told(entry.cluster, authority), server }),
  };
}

function placed<K extends 'clusters' | 'users' | 'contexts'>(
  files: readonly { readonly config: Kubeconfig; readonly path: string }[],
  kind: K,
  name: string | undefined,
  what: string,
): Placed<NonNullable<Kubeconfig[K]>[number]> {
  for (const { config, path } of files) {
    const entry = config[kind]?.find((each) => each.name === name);
    if (entry !== undefined) return { entry, path };
  }
  throw new KubeconfigError(`${what} "${name ?? ''}" is not there`);
}

function authorityOf(cluster: ClusterEntry, path: string): Tls {
  const ca = given(cluster['certificate-authority-data'], cluster['certificate-authority'], path);
  return {
    ...defined('ca', ca),
    ...defined('servername', cluster['tls-server-name']),
    rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
  };
}

type PlacedUser = Placed<{ readonly user?: UserEntry }> | undefined;

function credentialOf(placedUser: PlacedUser, authority: Tls): { tls: Tls; token: string | undefined } {
  const { path, entry } = placedUser ?? { path: '', entry: {} };
  const { user = {} } = entry;
  const provider = user['auth-provider']?.name;
  if (provider !== undefined)
    throw new KubeconfigError(
      `${path}: the user's credential comes from the auth provider "${provider}", which Kubernetes has no longer; use a plugin (exec), a token or a client certificate`,
    );
  const cert = given(user['client-certificate-data'], user['client-certificate'], path);
  const key = given(user['client-key-data'], user['client-key'], path);
  const token = user.tokenFile === undefined ? user.token : readText(beside(path, user.tokenFile)).trim();
  return { tls: { ...authority, ...defined('cert', cert), ...defined('key', key) }, token };
}

function pluginOf(user: PlacedUser, cluster: object): KubeconfigContext['plugin'] {
  const exec = user?.entry.user?.exec;
  return exec === undefined || user === undefined ? undefined : { exec, path: user.path, cluster };
}

/** What a plugin is told of the cluster. */
function told({ extensions }: ClusterEntry, { ca, servername, rejectUnauthorized }: Tls): object {
  const config = extensions?.find(({ name }) => name === EXEC_EXTENSION)?.extension;
  return {
    ...(ca !== undefined && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(servername !== undefined && { 'tls-server-name': servername }),
    ...(!rejectUnauthorized && { 'insecure-skip-tls-verify': true }),
    ...(config !== undefined && { config }),
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

const beside = (path: string, name: string): string => resolve(dirname(path), name);

/** Data stand above the file. */
function given(base64: string | undefined, file: string | undefined, path: string): string | undefined {
  if (base64 !== undefined) return Buffer.from(base64, 'base64').toString('utf8');
  return file === undefined ? undefined : readText(beside(path, file));
}

function defined<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): KubeconfigError =>
  new KubeconfigError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
