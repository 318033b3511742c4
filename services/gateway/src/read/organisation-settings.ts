/** `settings`: what holds for the whole organisation, but for what policy-compute keeps, where policy is provisioned. */
import type { OrganisationSettings } from '@ringfence/contracts';
import { settingsOf } from './settings.js';

export type KeptSettings = Omit<OrganisationSettings, 'ringfence_second_person_provisions'>;

export const organisationSettings = settingsOf<KeptSettings>('organisation', {
  max_api_key_expiration_in_seconds: 7_776_000,
  expired_api_keys_retention_in_seconds: 7_776_000,
  advanced_ruleset_display: true,
  num_assets_requiring_ransomware_protection: null,
  automatic_label_application_on_ven_activation: false,
  rule_based_label_maker_schedule_enabled: false,
  ven_maintenance_token_required: false,
  use_census_permissions: false,
});
