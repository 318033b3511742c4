/** Which volumes of a Pod cannot be mounted because what they are made of does not exist, in a kubelet's words. */
import type { Pod, Volume } from '../kube/kube-objects.js';
import { type KubeClient, KubeError } from '../kube/kube.client.js';

interface Source {
  volume: string;
  kind: 'secret' | 'configmap';
  name: string;
}

/** Empty: all of them can. The stub mounts nothing; what matters is that a Pod waits where it would wait anywhere. */
export async function unmountable(kube: KubeClient, pod: Pod): Promise<string[]> {
  const missing: string[] = [];
  for (const { volume, kind, name } of (pod.spec.volumes ?? []).flatMap(neededBy)) {
    if (await exists(kube, `/api/v1/namespaces/${pod.metadata.namespace ?? 'default'}/${kind}s/${name}`))
      continue;
    missing.push(`MountVolume.SetUp failed for volume "${volume}" : ${kind} "${name}" not found`);
  }
  return missing;
}

function neededBy({ name: volume, projected, ...own }: Volume): Source[] {
  return [own, ...(projected?.sources ?? [])].flatMap(({ secret, configMap }) => [
    ...neededFrom(volume, 'secret', secret && { ...secret, name: secret.secretName ?? secret.name }),
    ...neededFrom(volume, 'configmap', configMap),
  ]);
}

function neededFrom(
  volume: string,
  kind: Source['kind'],
  reference: { name?: string | undefined; optional?: boolean } | undefined,
): Source[] {
  const { name, optional = false } = reference ?? {};
  return name === undefined || optional ? [] : [{ volume, kind, name }];
}

async function exists(kube: KubeClient, path: string): Promise<boolean> {
  try {
    await kube.request('GET', path);
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return false;
    throw error;
  }
}
