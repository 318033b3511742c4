/**
 * Container workload profiles: one per namespace of a cluster, and the cluster's template (namespace null).
 * `labels` and `assign_labels` are two views of one thing: `assign_labels` lists only what is assigned.
 */
import { z } from 'zod';
import { EnforcementMode } from '../network.js';
import { BulkAnswer, BulkBody } from './bulk.js';
import type { CollectionContracts } from './collection.js';
import { Reference } from './href.js';
import { flag, labelLists, partOf, word } from './query.js';
import { HrefItem, meta, VisibilityLevel } from './workload-parts.js';
import { Text } from '../text.js';

/** `assignment: {}` = none at all; `restriction: []` or neither = any annotation. */
const labelRule = z.object({
  key: Text.min(1).max(64),
  assignment: z.object({ href: Text.optional(), value: Text.optional() }).optional(),
  restriction: z.array(Reference).max(1_000).optional(),
});
export type ProfileLabelRule = z.infer<typeof labelRule>;

const writable = {
  name: Text.max(255).nullable().optional(),
  description: Text.max(4_096).optional(),
  assign_labels: z.array(Reference).max(100).optional(),
  labels: z.array(labelRule).max(100).optional(),
  enforcement_mode: EnforcementMode.optional(),
  visibility_level: VisibilityLevel.optional(),
  managed: z.boolean().optional(),
} as const;

/** `namespace` prepares the profile of a namespace that need not exist yet. */
export const ContainerWorkloadProfileCreate = z.strictObject({
  ...writable,
  namespace: Text.min(1).max(63).nullable().optional(),
});
export type ContainerWorkloadProfileCreate = z.infer<typeof ContainerWorkloadProfileCreate>;

export const ContainerWorkloadProfileUpdate = z.strictObject({
  ...writable,
  namespace: Text.nullable().optional(),
});
export type ContainerWorkloadProfileUpdate = z.infer<typeof ContainerWorkloadProfileUpdate>;

export const ContainerWorkloadProfilesUpdate = z.strictObject({
  container_workload_profiles: z.array(Reference).min(1).max(1_000),
  assign_labels: writable.assign_labels,
  labels: writable.labels,
  enforcement_mode: writable.enforcement_mode,
  managed: writable.managed,
});
export type ContainerWorkloadProfilesUpdate = z.infer<typeof ContainerWorkloadProfilesUpdate>;

const valued = z.object({ href: Text.optional(), value: Text.optional() });
export const ContainerWorkloadProfileItem = z.object({
  href: Text,
  name: Text.nullable(),
  namespace: Text.nullable(),
  description: Text,
  managed: z.boolean(),
  linked: z.boolean(),
  /** Its namespace presents a key of no profile that waits for one. */
  pairing_key_refused: z.boolean(),
  /** Of one that waits for a namespace: what this says in its annotation `com.illumio.pairing_key`. Only in the answer to POST. */
  pairing_key: Text.optional(),
  enforcement_mode: EnforcementMode,
  visibility_level: VisibilityLevel,
  assign_labels: z.array(HrefItem),
  labels: z.array(
    z.object({ key: Text, assignment: valued.optional(), restriction: z.array(valued).optional() }),
  ),
  ...meta,
});

export const containerWorkloadProfileCollections = {
  'container_clusters/container_workload_profiles': {
    create: ContainerWorkloadProfileCreate,
    update: ContainerWorkloadProfileUpdate,
    told: ['linked', 'pairing_key_refused'],
    actions: { bulk_create: BulkBody, bulk_update: ContainerWorkloadProfilesUpdate },
    answers: { bulk_create: BulkAnswer },
    item: ContainerWorkloadProfileItem,
    query: {
      ...{ name: partOf, namespace: partOf, linked: flag, managed: flag, assign_labels: labelLists },
      enforcement_mode: word(EnforcementMode.options),
      visibility_level: word(VisibilityLevel.options),
    },
  },
} as const satisfies CollectionContracts;
