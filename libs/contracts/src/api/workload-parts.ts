/** What the bodies of labels, profiles, pairing profiles and workloads have in common. */
import { z } from 'zod';
import { EnforcementMode } from '../network.js';
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

/** An agent as older clients write it; what more they send back of what they have read changes nothing. */
export const AgentWishes = z.looseObject({
  config: z
    .looseObject({
      mode: LegacyMode.optional(),
      /** True: what passes is reported at least in sums. False changes nothing: `visibility_level` says what is reported. */
      log_traffic: z.boolean().optional(),
    })
    .optional(),
  status: z
    .looseObject({
      status: Text.refine((status) => status !== 'suspended', {
        message: 'an agent cannot be suspended; set the enforcement mode of its workload to idle',
      }).optional(),
    })
    .optional(),
});

/** A place whose kernel does not have what policy asks. */
const Laggard = z.object({
  name: Text,
  namespace: Text.nullable(),
  node: Text,
  asked: EnforcementMode,
  /** Null: nothing, or nobody knows. */
  in_force: EnforcementMode.nullable(),
  token: Text,
  message: Text,
  since: Text,
});
/** The mode that policy asks for beside where it is in force: on `in_force` of `places` Pods (or nodes). */
export const EnforcementView = z.object({
  asked: EnforcementMode,
  places: z.number().int(),
  in_force: z.number().int(),
  /** Of `sec_policy`: provisioned last (null: nobody could say), and acknowledged by every node that it is on. */
  asked_version: z.number().int().nullable(),
  in_force_version: z.number().int().nullable(),
  /** Whether the nodes have everything that was written until now, modes and labels included. */
  is_newest: z.boolean(),
  /** Since when the first of the laggards is one; null: there is none. */
  not_in_force_since: Text.nullable(),
  /** At most 100 of them. */
  laggards: z.array(Laggard),
});
export type EnforcementView = z.infer<typeof EnforcementView>;
