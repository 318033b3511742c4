import type { ServiceManifest } from '@ringfence/contracts';

const durable = { stream: 'EVENTS', mode: 'durable', server: 'control' } as const;
const control = 'control' as const;

export const manifest = {
  service: 'label-resolver',
  consumes: [
    { ...durable, filter: 'evt.*.container-cluster.*', durable: 'label-resolver-clusters' },
    { ...durable, filter: 'evt.*.namespace.*', durable: 'label-resolver-namespaces' },
    { ...durable, filter: 'evt.*.kubernetes-workload.*', durable: 'label-resolver-kubernetes-workloads' },
    { ...durable, filter: 'evt.*.workload.*', durable: 'label-resolver-workloads' },
    { ...durable, filter: 'evt.*.pairing-profile.*', durable: 'label-resolver-pairing-profiles' },
  ],
  emits: [
    ...['label', 'label-type', 'profile', 'entity'].map((entity) => ({
      subject: `evt.*.${entity}.*`,
      server: control,
    })),
    ...['labels', 'profile', 'node', 'settled'].map((kind) => ({
      subject: `policy.*.${kind}.*`,
      server: control,
    })),
  ],
  serves: [
    'label-resolver.resource',
    'label-resolver.asked-settings',
    'label-resolver.labelled-at',
    'label-resolver.said',
    'label-resolver.resync',
    'label-resolver.health',
  ],
  calls: ['policy-compute.label-usage', 'inventory.said', 'inventory.resync'],
} as const satisfies ServiceManifest;
