/** Settings of the organisation (`settings`), owned by the gateway. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Text } from '../text.js';
import { SHORTEST_PASSWORD } from './users.js';

const seconds = z.number().int().max(2_147_483_647);
const writable = {
  /** How long a key of a service account lives that says `default`; -1: for ever. */
  max_api_key_expiration_in_seconds: seconds.min(-1),
  /** How long keys are shown whose time is over. */
  expired_api_keys_retention_in_seconds: seconds.min(0).max(31_536_000),
  /** For consoles; kept and shown. */
  advanced_ruleset_display: z.boolean(),
  num_assets_requiring_ransomware_protection: z.number().int().min(1).max(9_999_999).nullable(),
  /** Ours: nobody provisions what he has written himself; whoever ends it is bound by it for another day. */
  ringfence_second_person_provisions: z.boolean(),
  automatic_label_application_on_ven_activation: z.boolean(),
  rule_based_label_maker_schedule_enabled: z.boolean(),
  ven_maintenance_token_required: z.boolean(),
  use_census_permissions: z.boolean(),
} as const;
const Writable = z.object(writable);
export type OrganisationSettings = z.infer<typeof Writable>;
export const OrganisationSettings = Writable.extend({
  href: Text,
  max_explorer_query_timespan_days: z.number().int(),
  max_rule_search_provider_consumer_entities: z.number().int(),
});
export const OrganisationSettingsUpdate = Writable.partial().extend({ href: Text.optional() }).strict();

/** There is no directory here that knows people. */
const AuthenticationSettings = z.object({ authentication_type: z.enum(['Local', 'LDAP', 'RADIUS', 'SAML']) });
export const AuthenticationSettingsUpdate = AuthenticationSettings.strict();

/** What a password must hold that somebody chooses, and how long a session lives without use. */
const policy = {
  require_type_number: z.boolean(),
  require_type_lowercase: z.boolean(),
  require_type_uppercase: z.boolean(),
  require_type_symbol: z.boolean(),
  /** Of each type that is required. */
  min_characters_per_type: z.number().int().min(1).max(16),
  min_length: z.number().int().min(SHORTEST_PASSWORD).max(128),
  min_changed_characters: z.number().int().min(0).max(128),
  history_count: z.number().int().min(0).max(24),
  expire_time_days: z.number().int().min(0).max(3_650),
  session_timeout_minutes: z.number().int().min(1).max(1_440),
} as const;
const Policy = z.object(policy);
export type PasswordPolicy = z.infer<typeof Policy>;
export const PasswordPolicy = Policy.extend({
  href: Text,
  /** Left out: nobody has changed it. */
  updated_at: Text.optional(),
  updated_by: z.object({ username: Text }).optional(),
});
/** Whoever sends back what he has read is not refused. */
export const PasswordPolicyUpdate = PasswordPolicy.partial().strict();

/** `key`: by which the published server unlocks some; there is none here. */
export const OptionalFeaturesUpdate = z
  .array(z.strictObject({ name: Text.min(1).max(255), enabled: z.boolean(), key: Text.max(255).optional() }))
  .max(100);
export const OptionalFeature = z.object({ name: Text, enabled: z.boolean(), preview: z.boolean() });
export type OptionalFeature = z.infer<typeof OptionalFeature>;

export const settingsCollections = {
  optional_features: { item: OptionalFeature, update: OptionalFeaturesUpdate },
  authentication_settings: { item: AuthenticationSettings, update: AuthenticationSettingsUpdate },
  'authentication_settings/password_policy': { item: PasswordPolicy, update: PasswordPolicyUpdate },
  settings: { item: OrganisationSettings, update: OrganisationSettingsUpdate },
} as const satisfies CollectionContracts;
