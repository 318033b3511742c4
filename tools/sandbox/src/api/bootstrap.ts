/** What a fresh cluster holds before anyone writes to it, and what every new namespace is furnished with. */
import { createDefaultRoles } from './access/default-roles.js';
import type { Cluster } from './cluster.js';
import type { KubeObject } from './kube-object.js';
import { StatusError } from './status-error.js';

const initialNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export interface ServerAddress {
  host: string;
  port: number;
  /** PEM of the authority Pods would verify the API server with. */
  ca: string;
}

/** Namespaces, default roles, the `kubernetes` Service with its endpoints, and the furnishing of namespaces from here on. */
export async function furnishCluster(cluster: Cluster, server: ServerAddress): Promise<() => void> {
  const stop = cluster.resource('namespaces').watch(({ type, object }) => {
    if (type === 'ADDED') void furnishNamespace(cluster, object.metadata.name, server.ca);
  });
  for (const name of initialNamespaces) await cluster.resource('namespaces').create({ metadata: { name } });
  await createDefaultRoles(cluster);
  await announceServer(cluster, server);
  return stop;
}

/** Somebody else may have furnished the namespace, or begun to delete it; both are refusals that leave nothing to do. */
async function furnishNamespace(cluster: Cluster, namespace: string, ca: string): Promise<void> {
  const authority = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-root-ca.crt', namespace },
    data: { 'ca.crt': ca },
  };
  try {
    await cluster.resource('serviceaccounts').create({ metadata: { name: 'default', namespace } });
    await cluster.create(cluster.catalog.named('configmaps'), authority as KubeObject);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

async function announceServer(cluster: Cluster, { host, port }: ServerAddress): Promise<void> {
  const metadata = {
    name: 'kubernetes',
    namespace: 'default',
    labels: { component: 'apiserver', provider: 'kubernetes' },
  };
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  await cluster.resource('services').create({
    metadata,
    spec: {
      clusterIP: cluster.addresses.addressAt(1),
      ports: [{ name: 'https', port: 443, targetPort: port, protocol: 'TCP' }],
    },
  });
  await cluster.resource('endpoints').create({
    // Its slice is made right here.
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: host }], ports }],
  });
  await cluster.resource('endpointslices.discovery.k8s.io').create({
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
    ports,
  });
}
