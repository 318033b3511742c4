/**
 * Fetches the config maps and secrets that a Pod's environment and volumes refer to. What does not exist is left out; whether that is a
 * fault is decided where the reference is used.
 */
import type { KeyedData, Pod } from '../kube/kube-objects.js';
import { type KubeClient, KubeError } from '../kube/kube.client.js';

type Kind = 'configmap' | 'secret';

const paths: Readonly<Record<Kind, string>> = { configmap: 'configmaps', secret: 'secrets' };

export async function fetchConfigSources(
  kube: KubeClient,
  pod: Pod,
): Promise<Map<string, Record<string, string>>> {
  const data = new Map<string, Record<string, string>>();
  for (const key of references(pod)) {
    const [kind, name] = key.split('/') as [Kind, string];
    const object = await fetchOne(
      kube,
      `/api/v1/namespaces/${pod.metadata.namespace ?? 'default'}/${paths[kind]}/${name}`,
    );
    if (object !== undefined)
      data.set(key, kind === 'secret' ? decoded(object.data ?? {}) : (object.data ?? {}));
  }
  return data;
}

function references(pod: Pod): Set<string> {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const keys = containers.flatMap(({ envFrom = [], env = [] }) => [
    ...envFrom.flatMap((source) => [key('configmap', source.configMapRef), key('secret', source.secretRef)]),
    ...env.flatMap(({ valueFrom = {} }) => [
      key('configmap', valueFrom.configMapKeyRef),
      key('secret', valueFrom.secretKeyRef),
    ]),
  ]);
  return new Set([...keys, ...volumeKeys(pod)].filter((candidate) => candidate !== undefined));
}

function volumeKeys(pod: Pod): (string | undefined)[] {
  const sources = (pod.spec.volumes ?? []).flatMap((volume) => [
    volume,
    ...(volume.projected?.sources ?? []),
  ]);
  return sources.flatMap(({ configMap, secret }) => [
    key('configmap', configMap),
    key('secret', secret && { name: secret.secretName ?? secret.name }),
  ]);
}

function key(kind: Kind, reference: { name?: string | undefined } | undefined): string | undefined {
  return reference?.name === undefined ? undefined : `${kind}/${reference.name}`;
}

async function fetchOne(kube: KubeClient, path: string): Promise<KeyedData | undefined> {
  try {
    return await kube.request<KeyedData>('GET', path);
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

function decoded(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}
