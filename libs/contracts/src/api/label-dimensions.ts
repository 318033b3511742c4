/** Label types ("dimensions"): role, app, env and loc are built in, at most 20 live ones, soft-deleted. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { external, flag, partOf } from './query.js';
import { externalData, meta } from './workload-parts.js';
import { Text } from '../text.js';

/** Empty text, here and beside it, says that there is none. */
const colour = Text.regex(/^(#[0-9a-fA-F]{6})?$/, 'must be a colour such as #1a2b3c');
const displayInfo = z.object({
  icon: Text.max(255).optional(),
  initial: Text.max(8).optional(),
  sort_ordinal: z.number().int().optional(),
  background_color: colour.optional(),
  foreground_color: colour.optional(),
  display_name_plural: Text.max(255).optional(),
});

export const LabelDimensionCreate = z.strictObject({
  key: Text.regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'key: 1–64 characters, first a letter or digit, then letters, digits, _ . -',
  ),
  display_name: Text.min(1).max(255),
  display_info: displayInfo.optional(),
  ...externalData,
});
export type LabelDimensionCreate = z.infer<typeof LabelDimensionCreate>;

/** The key cannot change; clients that send the whole object repeat it. */
export const LabelDimensionUpdate = LabelDimensionCreate.partial().extend({ key: Text.optional() });
export type LabelDimensionUpdate = z.infer<typeof LabelDimensionUpdate>;

export const LabelDimensionItem = z.object({
  href: Text,
  key: Text,
  display_name: Text,
  /** Left out where nothing is said of it. */
  display_info: displayInfo.optional(),
  deleted: z.boolean(),
  /** `label_groups` is left out while whose they are does not answer. */
  usage: z.object({ labels: z.boolean(), label_groups: z.boolean().optional() }),
  ...externalData,
  ...meta,
});

export const labelDimensionCollections = {
  label_dimensions: {
    create: LabelDimensionCreate,
    update: LabelDimensionUpdate,
    told: ['usage'],
    item: LabelDimensionItem,
    query: { key: partOf, display_name: partOf, include_deleted: flag, ...external },
  },
} as const satisfies CollectionContracts;
