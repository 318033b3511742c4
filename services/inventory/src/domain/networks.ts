/** The networks that addresses are on: the corporate one, the world beyond it, link-local addresses, and each cluster's for its Pods. */
import { kubernetesWorkloadId } from '@ringfence/labels';

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly dataCenter: string;
  readonly cidrs: readonly string[];
}

const known = (name: string, cidrs: readonly string[] = []): Network => ({
  ...{ id: kubernetesWorkloadId('networks', name), name, dataCenter: name, cidrs },
});
const CORPORATE = known('Corporate');
const LINK_LOCAL = known('Link-Local', ['169.254.0.0/16', 'fe80::/10']);
/** Beside those of clusters. */
export const NETWORKS: readonly Network[] = [CORPORATE, known('External'), LINK_LOCAL];

export const podNetwork = (cluster: string, name: string, cidrs: readonly string[] = []): Network => ({
  id: kubernetesWorkloadId(cluster, 'pod network'),
  name: `${name} container network`,
  dataCenter: name,
  cidrs,
});

export const networkOf = (address: string): Network =>
  address.startsWith('169.254.') || /^fe[89ab]/i.test(address) ? LINK_LOCAL : CORPORATE;
