/** Agents: one per paired node. Read-only; unpairing is at the level of the cluster. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { LabelReference, meta } from './workload_parts.js';

export const VenItem = z.looseObject({
  href: z.string(),
  name: z.string().nullable(),
  description: z.string().nullable(),
  hostname: z.string(),
  uid: z.string().nullable(),
  version: z.string(),
  status: z.enum(['active', 'suspended', 'stopped', 'uninstalled']),
  ven_type: z.literal('containerized'),
  labels: z.array(LabelReference),
  last_heartbeat_at: z.string().nullable(),
  ...meta,
});

export const venCollections = {
  vens: { owner: 'inventory', item: VenItem },
} as const satisfies CollectionContracts;
