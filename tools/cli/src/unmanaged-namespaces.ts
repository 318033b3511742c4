/** Namespaces that nobody manages, and what to do about it: what is in them is not shown, labelled or enforced. */
import type { ApiClient } from './api.client.js';

interface Profile {
  readonly namespace: string | null;
  readonly managed: boolean;
}

/** What every cluster has, and Ringfence's own. */
const SYSTEM = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'ringfence-system']);
const MOST_NAMED = 10;

async function profilesOf(api: ApiClient): Promise<Profile[]> {
  const clusters = await api.all<{ href: string }>('/container_clusters');
  const ids = clusters.map(({ href }) => href.slice(href.lastIndexOf('/') + 1));
  const all = await Promise.all(
    ids.map((id) => api.all<Profile>(`/container_clusters/${id}/container_workload_profiles`)),
  );
  return all.flat();
}

/** Why a namespace shows no workloads. */
export async function whyNothingIn(api: ApiClient, namespace: string): Promise<string> {
  const found = (await profilesOf(api)).filter((profile) => profile.namespace === namespace);
  if (found.length === 0)
    return `There is no namespace ${namespace}, or Kubelink has not reported it yet: \`kubectl get namespaces\` shows what exists.`;
  if (found.some(({ managed }) => managed)) return `No workloads in ${namespace} yet.`;
  return [
    `${namespace} is not managed: what is in it is neither shown nor enforced.`,
    `  ringfence mode ${namespace} visibility_only   # manages it; nothing is dropped`,
    `  ringfence label --namespace ${namespace} app=${namespace} env=demo   # labels all that is in it`,
  ].join('\n');
}

/** One line; null: all are managed. */
export async function unmanagedLine(api: ApiClient): Promise<string | null> {
  const names = (await profilesOf(api)).flatMap(({ namespace, managed }) =>
    managed || namespace === null || SYSTEM.has(namespace) ? [] : [namespace],
  );
  if (names.length === 0) return null;
  const named = [...new Set(names)].sort();
  const rest = named.length > MOST_NAMED ? ` and ${String(named.length - MOST_NAMED)} more` : '';
  return `Not managed: ${named.slice(0, MOST_NAMED).join(', ')}${rest}; \`ringfence mode <namespace> visibility_only\` manages one.`;
}
