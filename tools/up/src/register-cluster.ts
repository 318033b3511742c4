/** What a person does once for a cluster: create it, and get the key with which its nodes are paired. */
import type { RingfenceApi } from './ringfence-api.js';

export interface RegisteredCluster {
  readonly id: string;
  readonly token: string;
  readonly pairingKey: string;
}

export async function registerCluster(api: RingfenceApi): Promise<RegisteredCluster> {
  const cluster = await api.post<{ href: string; container_cluster_token: string }>('/container_clusters', {
    name: 'sandbox',
    description: 'The cluster of npm start',
  });
  const role = await api.post<{ href: string }>('/labels', { key: 'role', value: 'node' });
  const profile = await api.post<{ href: string }>('/pairing_profiles', {
    name: 'Nodes of the sandbox cluster',
    enabled: true,
    enforcement_mode: 'visibility_only',
    labels: [{ href: role.href }],
  });
  const key = await api.post<{ activation_code: string }>(`${profile.href}/pairing_key`, {});
  return {
    id: cluster.href.split('/').at(-1)!,
    token: cluster.container_cluster_token,
    pairingKey: key.activation_code,
  };
}
