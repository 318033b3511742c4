/** What Kubelink says and hears on its cluster's NATS: facts of Kubernetes up, readiness of Pods down, and the
 * wish to hear everything again. */
import type { ServiceManifest } from '@ringfence/contracts';

export const READINESS = {
  stream: 'READINESS',
  filter: 'policy.*.readiness.*',
  durable: 'kubelink-readiness',
  mode: 'latest',
  server: 'cluster',
} as const;

export const manifest: ServiceManifest = {
  service: 'kubelink',
  consumes: [READINESS],
  emits: ['namespace', 'node', 'networkpolicy', 'workload', 'pod', 'service', 'cluster', 'list'].map(
    (kind) => ({
      subject: `obs.*.${kind}.*`,
      server: 'cluster' as const,
    }),
  ),
  listens: [{ subject: 'policy.*.relist.*', server: 'cluster' }],
  serves: [],
  calls: [],
};
