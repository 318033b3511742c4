/** `settings/workloads`: a singleton that always answers. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Text } from '../text.js';

const scoped = z.looseObject({ scope: z.array(z.looseObject({ href: Text.optional() })) });
const writable = {
  workload_disconnected_timeout_seconds: z.array(scoped).optional(),
  workload_goodbye_timeout_seconds: z.array(scoped).optional(),
  workload_disconnected_notification_seconds: z.array(scoped).optional(),
  ven_uninstall_timeout_hours: z.array(scoped).optional(),
} as const;
export const WorkloadSettingsUpdate = z.strictObject(writable);
export type WorkloadSettingsUpdate = z.infer<typeof WorkloadSettingsUpdate>;
export const WorkloadSettingsItem = z.looseObject({ href: Text, ...writable });

export const workloadSettingsCollections = {
  'settings/workloads': { update: WorkloadSettingsUpdate, item: WorkloadSettingsItem },
} as const satisfies CollectionContracts;
