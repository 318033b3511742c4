/** Settings of the organisation (`settings`), owned by the gateway. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { Text } from '../text.js';

const seconds = z.number().int().max(2_147_483_647);
const writable = {
  /** How long a key of a service account lives that says `default`; -1: for ever. */
  max_api_key_expiration_in_seconds: seconds.min(-1),
  /** How long keys are shown whose time is over. */
  expired_api_keys_retention_in_seconds: seconds.min(0).max(31_536_000),
  /** For consoles; kept and shown. */
  advanced_ruleset_display: z.boolean(),
  num_assets_requiring_ransomware_protection: z.number().int().min(1).max(9_999_999).nullable(),
  /** Ours: nobody provisions what he has written himself. */
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

export const settingsCollections = {
  settings: { item: OrganisationSettings, update: OrganisationSettingsUpdate },
} as const satisfies CollectionContracts;
