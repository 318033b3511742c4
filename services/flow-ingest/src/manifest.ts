/** What flow-ingest consumes, emits and serves. Reading others' events is for showing names; it decides nothing with them. */
import type { ServiceManifest } from '@ringfence/contracts';

export const FLOWS = {
  stream: 'FLOWS',
  filter: 'flow.*.decorated.*',
  durable: 'flow-ingest-flows',
  mode: 'durable',
  server: 'control',
  perCluster: true,
} as const;

/** One consumer for all names: a policy version must be read after the drafts that it provisions. */
export const NAMES = {
  stream: 'EVENTS',
  filter: 'evt.*.*.*',
  durable: 'flow-ingest-names',
  mode: 'durable',
  server: 'control',
} as const;

export const manifest: ServiceManifest = {
  service: 'flow-ingest',
  consumes: [FLOWS, NAMES],
  emits: [],
  serves: ['flow-ingest.resource', 'flow-ingest.ends-seen', 'flow-ingest.flow-kinds', 'flow-ingest.health'],
  calls: [
    'inventory.beyond-share',
    ...['inventory', 'label-resolver', 'policy-compute'].flatMap((owner) => [
      `${owner}.said`,
      `${owner}.resync`,
    ]),
  ],
};
