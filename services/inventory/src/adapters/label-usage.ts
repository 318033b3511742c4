/** Which labels workloads and pairing profiles carry: asked before a label is deleted. */
import type { CALLS } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import type { z } from 'zod';
import { pairingProfiles, workloads } from '../read/inventory-documents.js';

const TOKEN = 'label_still_has_associated_agent_info';

export async function labelUsage(
  store: EventStore,
  { labels }: z.output<(typeof CALLS)['workloadLabelUsage']['request']>,
): Promise<z.output<(typeof CALLS)['workloadLabelUsage']['response']>> {
  const asked = new Set(labels);
  const carriers = [
    ...(await workloads.live(store.pool)).map(({ body }) => ({
      labels: body.labels,
      by: `workload ${body.name || body.hostname}`,
    })),
    ...(await pairingProfiles.live(store.pool)).map(({ body }) => ({
      labels: body.labels,
      by: `pairing profile ${body.name}`,
    })),
  ];
  return {
    used: carriers.flatMap(({ labels: carried, by }) =>
      carried.filter((label) => asked.has(label)).map((label) => ({ label, by, token: TOKEN })),
    ),
  };
}
