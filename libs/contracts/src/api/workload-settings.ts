/** `settings/workloads`: a singleton that always answers. Timeouts say when a managed workload is offline; the rest is kept and shown. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Reference } from './href.js';
import { Text } from '../text.js';

/** Of workloads that carry all labels of the scope, and of agents of the type; the narrowest scope counts. */
const scoped = {
  scope: z.array(Reference).max(20),
  /** Left out, null or empty: `server`. */
  ven_type: z.enum(['server', 'endpoint', 'containerized', '']).nullable().optional(),
} as const;
const seconds = z.number().int().min(-1).max(2_147_483_647);
const timeouts = z
  .array(z.looseObject({ ...scoped, value: seconds }))
  .max(1_000)
  .optional();

const writable = {
  /** Since the last heartbeat; -1: never. */
  workload_disconnected_timeout_seconds: timeouts,
  /** Since the agent's goodbye; -1: never. */
  workload_goodbye_timeout_seconds: timeouts,
  workload_disconnected_notification_seconds: z.array(z.looseObject(scoped)).max(1_000).optional(),
  ven_uninstall_timeout_hours: timeouts,
} as const;
export const WorkloadSettingsUpdate = z.strictObject({ ...writable, href: Text.optional() });
export type WorkloadSettingsUpdate = z.infer<typeof WorkloadSettingsUpdate>;
export const WorkloadSettingsItem = z.object({ href: Text, ...writable });
export type WorkloadSettingsItem = z.infer<typeof WorkloadSettingsItem>;

export const workloadSettingsCollections = {
  'settings/workloads': { update: WorkloadSettingsUpdate, item: WorkloadSettingsItem },
} as const satisfies CollectionContracts;
