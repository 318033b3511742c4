/** What the bodies of labels, profiles, pairing profiles and workloads have in common. */
import { z } from 'zod';
import { Text } from '../text.js';

/** A reference as answers show it. */
export const HrefItem = z.object({ href: Text });

/** Both or none; the pair is unique within a collection. An empty text means absent. */
export const externalData = {
  external_data_set: Text.max(255).nullish(),
  external_data_reference: Text.max(255).nullish(),
} as const;

/** Who and when, on answers; objects that Kubernetes made have no deleter. */
export const meta = {
  created_at: Text.optional(),
  updated_at: Text.optional(),
  deleted_at: Text.nullish(),
  created_by: HrefItem.optional(),
  updated_by: HrefItem.optional(),
  deleted_by: HrefItem.nullish(),
  caps: z.array(Text).optional(),
} as const;

/** A label as other objects show it. */
export const LabelReference = z.object({ href: Text, key: Text, value: Text });

export const VisibilityLevel = z.enum([
  'flow_full_detail',
  'flow_summary',
  'flow_drops',
  'flow_off',
  'enhanced_data_collection',
]);
/** The older form of enforcement modes. */
export const LegacyMode = z.enum(['idle', 'illuminated', 'enforced', 'selective']);
