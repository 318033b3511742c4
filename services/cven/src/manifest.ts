/** What a C-VEN says and hears on its cluster's NATS. Its credential is narrower still: one node's subjects only. */
import type { ServiceManifest } from '@ringfence/contracts';

export const manifest: ServiceManifest = {
  service: 'cven',
  consumes: [],
  listens: [{ subject: 'policy.*.view.*', server: 'cluster' }],
  emits: [
    { subject: 'agent.*.sandboxes.*', server: 'cluster' },
    { subject: 'agent.*.heartbeat.*', server: 'cluster' },
    { subject: 'ack.*.node.*', server: 'cluster' },
    { subject: 'flow.*.batch.*', server: 'cluster' },
  ],
  serves: [],
  calls: ['clas-cache.node-snapshot', 'clas-cache.witness'],
};
