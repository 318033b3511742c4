import type { ServiceManifest } from '@ringfence/contracts';

const durable = { mode: 'durable', server: 'control' } as const;
/** What clusters say. */
const perCluster = { ...durable, perCluster: true } as const;

export const OBSERVATIONS = {
  ...perCluster,
  stream: 'OBSERVATIONS',
  filter: 'obs.*.*.*',
  durable: 'inventory-observations',
} as const;
export const AGENTS = {
  ...perCluster,
  stream: 'AGENTS',
  filter: 'agent.*.*.*',
  durable: 'inventory-agents',
} as const;
export const ACKS = {
  ...perCluster,
  stream: 'ACKS',
  filter: 'ack.*.*.*',
  durable: 'inventory-acks',
} as const;
// What label-resolver says is shown over REST, and tells whether a label that a caller names exists; no event follows from it.
export const ENTITIES = {
  ...durable,
  stream: 'EVENTS',
  filter: 'evt.*.entity.*',
  durable: 'inventory-entities',
} as const;
export const LABELS = {
  ...durable,
  stream: 'EVENTS',
  filter: 'evt.*.label.*',
  durable: 'inventory-labels',
} as const;
export const PROFILES = {
  ...durable,
  stream: 'EVENTS',
  filter: 'evt.*.profile.*',
  durable: 'inventory-profiles',
} as const;

export const manifest = {
  service: 'inventory',
  consumes: [OBSERVATIONS, AGENTS, ACKS, ENTITIES, LABELS, PROFILES],
  emits: [
    'container-cluster',
    'namespace',
    'kubernetes-workload',
    'workload',
    'pairing-profile',
    'agent',
    'enforcement',
  ]
    .map((entity) => ({ subject: `evt.*.${entity}.*`, server: 'control' as const }))
    .concat([{ subject: 'ask.*.*', server: 'control' }]),
  // What a cluster answers when it is asked for a support report.
  listens: [{ subject: 'answer.*.*', server: 'control' }],
  serves: [
    'inventory.resource',
    'inventory.standing',
    'inventory.alarms-at',
    'inventory.said',
    'inventory.resync',
    'inventory.health',
    'inventory.exchange-token',
    'inventory.pair-node',
    'inventory.beyond-share',
  ],
  calls: [
    'label-resolver.resource',
    'label-resolver.asked-settings',
    'label-resolver.said',
    'label-resolver.resync',
    'policy-compute.asked-version',
    'policy-compute.group-labels',
  ],
} as const satisfies ServiceManifest;
