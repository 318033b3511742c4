/**
 * How to reach an API server and prove who we are: from a kubeconfig (token, token file, client certificate, plugin), or from inside a
 * Pod. Tokens and certificates are replaced on disk long before they end, so that the files are read again; what cannot be read then
 * leaves the last that could. The context is the one of the start: whoever makes another one current does not move us to another cluster.
 */
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { askPlugin, requireUsable } from './exec-credential.js';
import type { ExecCredential } from './exec-credential.js';
import { contextOf, KubeconfigError, readKubeconfigs, readText } from './kubeconfig.js';
import type { KubeconfigContext, Tls } from './kubeconfig.js';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const FRESH_MS = 30_000;
/** A plugin whose credentials are refused one after the other is not run with every request. */
const ASK_AGAIN_AFTER_MS = 10_000;

export interface Credentials {
  readonly tls: Tls;
  /** Undefined: the certificate says who we are. */
  readonly token: string | undefined;
}
export interface ClusterAccess {
  /** https://host:port, no path after it unless the server has one. */
  readonly server: string;
  /** As it was at the start. */
  readonly tls: Tls;
  token(): string | undefined;
  /** For a request now; `refused`: what the server answered with 401. Not there: what is above holds. */
  credentials?(refused?: Credentials): Promise<Credentials>;
}

/** The kubeconfig at `paths` (one or several, as in the variable), or the service account of the Pod that we run in. */
export function clusterAccess(paths: string | undefined): ClusterAccess {
  if (paths === undefined) return inCluster();
  const files = paths.split(delimiter).filter((path) => path !== '');
  const first = contextOf(readKubeconfigs(files));
  return accessOf(first, () => contextOf(readKubeconfigs(files), first.context));
}

/** One that is not on disk. */
export function fromKubeconfig(text: string, path: string): ClusterAccess {
  const found = contextOf([{ text, path }]);
  return accessOf(found, () => contextOf([{ text, path }], found.context));
}

export function inCluster(env: NodeJS.ProcessEnv = process.env, account = SERVICE_ACCOUNT): ClusterAccess {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === undefined || !existsSync(`${account}/token`)) {
    throw new KubeconfigError(
      'not in a Pod with a service account, and no kubeconfig is named: set KUBECONFIG',
    );
  }
  const read = (): KubeconfigContext => ({
    context: '',
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca: readText(`${account}/ca.crt`), rejectUnauthorized: true },
    token: readText(`${account}/token`).trim(),
    plugin: undefined,
  });
  return accessOf(read(), read);
}

function accessOf(first: KubeconfigContext, read: () => KubeconfigContext): ClusterAccess {
  if (first.plugin !== undefined) requireUsable(first.plugin.exec, first.plugin.path);
  const { server, tls } = first;
  const kept = new KeptCredentials(first, read);
  return {
    ...{ server, tls },
    token: () => kept.onDisk(false).token,
    credentials: (refused) => kept.now(refused),
  };
}

class KeptCredentials {
  private readAt = performance.now();
  private current: Credentials | undefined;
  private until: Date | null = null;
  private askedAt = Number.NEGATIVE_INFINITY;
  private asking: Promise<Credentials> | undefined;

  constructor(
    private context: KubeconfigContext,
    private readonly read: () => KubeconfigContext,
  ) {}

  onDisk(isRefused: boolean): KubeconfigContext {
    if (!isRefused && performance.now() - this.readAt < FRESH_MS) return this.context;
    this.readAt = performance.now();
    try {
      // Half of it may be written; the rest is there with the next look.
      this.context = this.read();
    } catch (error) {
      if (!(error instanceof KubeconfigError)) throw error;
    }
    return this.context;
  }

  async now(refused: Credentials | undefined): Promise<Credentials> {
    const isRefused = refused !== undefined && refused === this.current;
    const { plugin, tls, token } = this.onDisk(isRefused);
    if (plugin === undefined) return this.keep({ tls, token }, null);
    const isOver = this.current === undefined || (this.until !== null && this.until.getTime() <= Date.now());
    const mayAsk = performance.now() - this.askedAt > ASK_AGAIN_AFTER_MS;
    if (this.current !== undefined && !isOver && !(isRefused && mayAsk)) return this.current;
    this.asking ??= this.ask(plugin, tls).finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(
    { exec, path, cluster }: NonNullable<KubeconfigContext['plugin']>,
    authority: Tls,
  ): Promise<Credentials> {
    this.askedAt = performance.now();
    const { token, cert, key, until }: ExecCredential = await askPlugin(exec, path, cluster);
    const tls = { ...authority, ...(cert !== undefined && key !== undefined && { cert, key }) };
    return this.keep({ tls, token }, until);
  }

  /** The same one while nothing changed: whoever was refused with it can tell. */
  private keep(credentials: Credentials, until: Date | null): Credentials {
    this.until = until;
    const { current } = this;
    if (current !== undefined && JSON.stringify(current) === JSON.stringify(credentials)) return current;
    this.current = credentials;
    return credentials;
  }
}
