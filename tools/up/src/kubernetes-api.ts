/** The little of the Kubernetes API that the launcher needs: server-side apply, and which Pods are not ready. */
import { readFileSync } from 'node:fs';
import { Agent, fetch as undiciFetch } from 'undici';
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
interface Pod {
  metadata: { name: string; ownerReferences?: { kind: string }[]; deletionTimestamp?: string };
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

const TIMEOUT_MS = 20_000;
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

  /** `namespace/name` of Pods that neither are ready nor have run to their end. */
  async unreadyPods(namespace: string): Promise<string[]> {
    const { items } = (await this.request('GET', `/api/v1/namespaces/${namespace}/pods`)) as { items: Pod[] };
    return items.filter((pod) => !isSettled(pod)).map((pod) => `${namespace}/${pod.metadata.name}`);
  }

  private async pathOf(manifest: Manifest): Promise<string> {
    const { apiVersion, kind } = manifest;
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const known =
      this.resources.get(apiVersion) ??
      ((await this.request('GET', base)) as { resources: ApiResource[] }).resources;
    const resource = known.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'));
    if (!resource) throw new Error(`The cluster does not know ${kind} of ${apiVersion}`);
    this.resources.set(apiVersion, known);
    return resource.namespaced
      ? `${base}/namespaces/${manifest.metadata.namespace ?? 'default'}/${resource.name}`
      : `${base}/${resource.name}`;
  }

  async request(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
    const text = await this.text(method, path, body, contentType);
    return text === '' ? null : JSON.parse(text);
  }

  /** An answer that is no JSON: a container's log. */
  async text(method: string, path: string, body?: unknown, contentType?: string): Promise<string> {
    const response = await undiciFetch(`${this.server}${path}`, {
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
    const text = await response.text();
    if (!response.ok)
      throw new Error(`Kubernetes: ${method} ${path} answered ${response.status}: ${messageOf(text)}`);
    return text;
  }
}

function isSettled(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return true;
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return true;
  return (
    pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ??
    false
  );
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text.slice(0, 300);
  } catch {
    return text.slice(0, 300);
  }
}
