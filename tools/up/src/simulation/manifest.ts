/** The same lanes as a C-VEN's: its credential could not tell them apart. */
import type { ServiceManifest } from '@ringfence/contracts';

export const manifest: ServiceManifest = {
  service: 'simulated-cvens',
  consumes: [],
  listens: [{ subject: 'policy.*.view.*', server: 'cluster' }],
  emits: [
    { subject: 'agent.*.sandboxes.*', server: 'cluster' },
    { subject: 'agent.*.heartbeat.*', server: 'cluster' },
    { subject: 'ack.*.node.*', server: 'cluster' },
    { subject: 'flow.*.batch.*', server: 'cluster' },
  ],
  serves: [],
  calls: ['clas-cache.node-snapshot'],
};
