import type { ServiceManifest } from '@ringfence/contracts';

const durable = { mode: 'durable', server: 'control' } as const;

export const manifest = {
  service: 'inventory',
  consumes: [
    { ...durable, stream: 'OBSERVATIONS', filter: 'obs.*.*.*', durable: 'inventory-observations' },
    { ...durable, stream: 'ACKS', filter: 'ack.*.node.*', durable: 'inventory-acks' },
    // Kept to be shown over REST; nothing is decided by them.
    { ...durable, stream: 'EVENTS', filter: 'evt.*.label.*', durable: 'inventory-labels' },
    { ...durable, stream: 'EVENTS', filter: 'evt.*.profile.*', durable: 'inventory-profiles' },
    { ...durable, stream: 'EVENTS', filter: 'evt.*.entity.*', durable: 'inventory-entities' },
  ],
  emits: ['container-cluster', 'namespace', 'kubernetes-workload', 'workload', 'pairing-profile'].map((entity) => ({
    subject: `evt.*.${entity}.*`,
    server: 'control' as const,
  })),
  serves: ['inventory.resource', 'inventory.exchange-token', 'inventory.pair-node', 'inventory.label-usage'],
  calls: ['label-resolver.resource'],
} as const satisfies ServiceManifest;
