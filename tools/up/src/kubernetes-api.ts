/** The little of the Kubernetes API that the launcher needs: server-side apply, and lists. */
import { readFileSync } from 'node:fs';
import { Agent, request as send } from 'undici';
import { parse } from 'yaml';
import type { Manifest } from './application/manifests.js';

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string } }[];
  users: { user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }[];
}
interface ApiResource {
  name: string;
  kind: string;
  namespaced: boolean;
}
/** What the API server says no to; `why` is its own sentence. */
export class KubernetesRefusal extends Error {
  constructor(
    what: string,
    readonly status: number,
    readonly why: string,
  ) {
    super(`Kubernetes: ${what} answered ${status}: ${why}`);
  }
}

export class NotServed extends Error {}

/** A busy machine answers late. */
const TIMEOUT_MS = 60_000;
const decode = (text: string | undefined): string | undefined =>
  text ? Buffer.from(text, 'base64').toString('utf8') : undefined;

export class KubernetesApi {
  private readonly server: string;
  private readonly token: string | undefined;
  private readonly dispatcher: Agent;
  private readonly resources = new Map<string, ApiResource[]>();

  constructor(kubeconfigPath: string) {
    const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
    const cluster = config.clusters[0]!.cluster;
    const user = config.users[0]!.user;
    this.server = cluster.server;
    this.token = user.token;
    const ca = decode(cluster['certificate-authority-data']);
    const cert = decode(user['client-certificate-data']);
    const key = decode(user['client-key-data']);
    this.dispatcher = new Agent({
      connect: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
    });
  }

  async apply(manifest: Manifest): Promise<void> {
    const path = await this.pathOf(manifest);
    if (manifest.metadata.name === undefined) {
      await this.request('POST', path, manifest, 'application/json');
      return;
    }
    const query = '?fieldManager=ringfence-up&force=true';
    await this.request(
      'PATCH',
      `${path}/${manifest.metadata.name}${query}`,
      manifest,
      'application/apply-patch+yaml',
    );
  }

  async list<T>(path: string): Promise<T[]> {
    return ((await this.request('GET', path)) as { items: T[] }).items;
  }

  async serves(apiVersion: string, kind: string): Promise<boolean> {
    return (await this.resourceOf(apiVersion, kind)) !== undefined;
  }

  private async pathOf({ apiVersion, kind, metadata }: Manifest): Promise<string> {
    const resource = await this.resourceOf(apiVersion, kind);
    if (!resource) throw new NotServed(`The cluster does not know ${kind} of ${apiVersion}`);
    const base = groupPath(apiVersion);
    return resource.namespaced
      ? `${base}/namespaces/${metadata.namespace ?? 'default'}/${resource.name}`
      : `${base}/${resource.name}`;
  }

  private async resourceOf(apiVersion: string, kind: string): Promise<ApiResource | undefined> {
    const known = this.resources.get(apiVersion) ?? (await this.discover(apiVersion));
    const resource = known.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'));
    if (resource) this.resources.set(apiVersion, known);
    return resource;
  }

  private async discover(apiVersion: string): Promise<ApiResource[]> {
    try {
      return ((await this.request('GET', groupPath(apiVersion))) as { resources: ApiResource[] }).resources;
    } catch (error) {
      if (error instanceof KubernetesRefusal && error.status === 404) return [];
      throw error;
    }
  }

  async request(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
    const text = await this.text(method, path, body, contentType);
    return text === '' ? null : JSON.parse(text);
  }

  /** An answer that is no JSON: a container's log. */
  async text(method: string, path: string, body?: unknown, contentType?: string): Promise<string> {
    const { statusCode, body: answer } = await send(`${this.server}${path}`, {
      method,
      dispatcher: this.dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        accept: 'application/json',
        ...(this.token && { authorization: `Bearer ${this.token}` }),
        ...(contentType && { 'content-type': contentType }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    if (statusCode >= 300) throw new KubernetesRefusal(`${method} ${path}`, statusCode, messageOf(text));
    return text;
  }
}

const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text.slice(0, 300);
  } catch {
    return text.slice(0, 300);
  }
}
