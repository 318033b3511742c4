/** What the gateway consumes, answers to nobody but HTTP, and asks of the owners. */
import type { ServiceManifest } from '@ringfence/contracts';

/** For the audit trail. One process reads at a time. */
export const AUDIT = {
  stream: 'EVENTS',
  filter: 'evt.*.*.*',
  durable: 'gateway-audit',
  mode: 'durable',
  server: 'control',
} as const;

/** As they are published, for followers: each process hears them. */
export const PROVISIONED = 'evt.global.policy-version.*';

export const manifest: ServiceManifest = {
  service: 'gateway',
  consumes: [AUDIT],
  listens: [{ subject: PROVISIONED, server: 'control' }],
  emits: [],
  serves: [],
  calls: [
    'inventory.resource',
    'inventory.exchange-token',
    'inventory.pair-node',
    'label-resolver.resource',
    'policy-compute.resource',
    'policy-compute.explain',
    'label-resolver.labelled-at',
    'inventory.alarms-at',
    'flow-ingest.resource',
    'inventory.standing',
    ...['inventory', 'label-resolver', 'policy-compute'].map((owner) => `${owner}.resync`),
    'inventory.health',
    'label-resolver.health',
    'policy-compute.health',
    'flow-ingest.health',
  ],
};
