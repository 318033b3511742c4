/** Labels: effective at once, soft-deleted, unique by key and value among the live ones. */
import { z } from 'zod';
import { BulkAnswer, BulkBody } from './bulk.js';
import type { CollectionContracts } from './collection.js';
import { external, flag, partOf } from './query.js';
import { externalData, meta } from './workload-parts.js';
import { Text } from '../text.js';

export const LabelCreate = z.strictObject({
  key: Text.min(1).max(64),
  value: Text.min(1).max(255),
  ...externalData,
});
export type LabelCreate = z.infer<typeof LabelCreate>;

/** The key cannot change; clients that send the whole object repeat it. */
export const LabelUpdate = LabelCreate.partial().extend({ key: Text.optional() });
export type LabelUpdate = z.infer<typeof LabelUpdate>;

export const LabelItem = z.object({
  href: Text,
  key: Text,
  value: Text,
  deleted: z.boolean(),
  usage: z.record(Text, z.boolean()).optional(),
  ...externalData,
  ...meta,
});

export const labelCollections = {
  labels: {
    create: LabelCreate,
    update: LabelUpdate,
    actions: { bulk_create: BulkBody },
    answers: { bulk_create: BulkAnswer },
    item: LabelItem,
    query: {
      ...{ key: partOf, value: partOf, include_deleted: flag, ...external },
      exact_match_for_label_type: Text.optional().describe('`true`: all of the key, and not a part of it.'),
      usage: Text.optional().describe('`true`: says who uses each label.'),
    },
    parameters: { get: { usage: Text.optional().describe('`true`: says who uses the label.') } },
  },
} as const satisfies CollectionContracts;
