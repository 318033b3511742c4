/**
 * Pairing profiles and their keys (activation codes). `allowed_uses_per_key` and `key_lifespan` are always shown;
 * clients leave them out when they mean `unlimited`, also when they change back to it.
 */
import { z } from 'zod';
import { EnforcementMode } from '../network.js';
import type { CollectionContracts } from './collection.js';
import { Reference } from './href.js';
import { external, labelLists, partOf, word } from './query.js';
import { externalData, HrefItem, LegacyMode, meta, VisibilityLevel } from './workload-parts.js';
import { Text } from '../text.js';

const bound = z.union([z.literal('unlimited'), z.coerce.number().int().min(1).max(4_000_000_000)]);
/** Accepted and shown again; a C-VEN does not act on them. */
const locks = {
  enforcement_mode_lock: z.boolean().optional(),
  mode_lock: z.boolean().optional(),
  visibility_level_lock: z.boolean().optional(),
  log_traffic: z.boolean().optional(),
  log_traffic_lock: z.boolean().optional(),
  role_label_lock: z.boolean().optional(),
  app_label_lock: z.boolean().optional(),
  env_label_lock: z.boolean().optional(),
  loc_label_lock: z.boolean().optional(),
  status_lock: z.boolean().optional(),
} as const;
const writable = {
  name: Text.max(255).optional(),
  description: Text.max(4_096).optional(),
  mode: LegacyMode.optional(),
  enforcement_mode: EnforcementMode.optional(),
  visibility_level: VisibilityLevel.optional(),
  allowed_uses_per_key: bound.optional(),
  key_lifespan: bound.optional(),
  labels: z.array(Reference).max(100).optional(),
  agent_software_release: Text.nullable().optional(),
  ven_type: Text.optional(),
  ...locks,
  ...externalData,
} as const;

export const PairingProfileCreate = z.strictObject({ enabled: z.boolean(), ...writable });
export type PairingProfileCreate = z.infer<typeof PairingProfileCreate>;
export const PairingProfileUpdate = PairingProfileCreate.partial();
export type PairingProfileUpdate = z.infer<typeof PairingProfileUpdate>;

export const PairingProfileItem = z.object({
  href: Text,
  name: Text,
  description: Text,
  enabled: z.boolean(),
  mode: LegacyMode,
  enforcement_mode: EnforcementMode,
  visibility_level: VisibilityLevel,
  allowed_uses_per_key: bound,
  key_lifespan: bound,
  labels: z.array(HrefItem),
  total_use_count: z.number().int(),
  is_default: z.boolean(),
  last_pairing_at: Text.nullable(),
  last_pairing_key_generated_at: Text.nullable(),
  agent_software_release: Text.nullable(),
  ven_type: Text,
  ...locks,
  ...externalData,
  ...meta,
});

export const pairingProfileCollections = {
  pairing_profiles: {
    create: PairingProfileCreate,
    update: PairingProfileUpdate,
    told: [
      ...['total_use_count', 'last_pairing_at', 'last_pairing_key_generated_at'],
      'last_pairing_key_generated_by',
    ],
    actions: { pairing_key: z.strictObject({}).optional() },
    answers: { pairing_key: z.object({ activation_code: Text }) },
    item: PairingProfileItem,
    query: {
      ...{ name: partOf, description: partOf, agent_software_release: partOf, labels: labelLists },
      ven_type: word(['specified_during_activation', 'server', 'endpoint']),
      ...external,
    },
  },
} as const satisfies CollectionContracts;
