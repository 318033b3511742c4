/** Agents: one per paired node. Read-only; unpairing is at the level of the cluster. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { LabelReference, meta } from './workload-parts.js';
import { Text } from '../text.js';

export const VenItem = z.looseObject({
  href: Text,
  name: Text.nullable(),
  description: Text.nullable(),
  hostname: Text,
  uid: Text.nullable(),
  version: Text,
  status: z.enum(['active', 'suspended', 'stopped', 'uninstalled']),
  ven_type: z.literal('containerized'),
  labels: z.array(LabelReference),
  last_heartbeat_at: Text.nullable(),
  ...meta,
});

export const venCollections = {
  vens: { item: VenItem },
} as const satisfies CollectionContracts;
