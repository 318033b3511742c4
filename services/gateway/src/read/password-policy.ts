/** `authentication_settings/password_policy`: what chosen passwords must hold, and how long sessions live without use. */
import type { PasswordPolicy } from '@ringfence/contracts';
import { settingsOf } from './settings.js';

/** Clients send them, and there is one value of each: longer passwords do more than others often. */
export const NOT_ASKED_FOR = { min_changed_characters: 0, history_count: 1, expire_time_days: 0 } as const;

interface PolicySettings extends PasswordPolicy {
  readonly updated_at?: string;
  readonly updated_by?: { readonly username: string };
}

export const passwordPolicy = settingsOf<PolicySettings>('password_policy', {
  require_type_number: false,
  require_type_lowercase: false,
  require_type_uppercase: false,
  require_type_symbol: false,
  min_characters_per_type: 1,
  min_length: 12,
  ...NOT_ASKED_FOR,
  session_timeout_minutes: 10,
});
