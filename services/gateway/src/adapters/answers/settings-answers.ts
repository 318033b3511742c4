/** Settings of the organisation over REST. */
import { OrganisationSettingsUpdate } from '@ringfence/contracts';
import type { OrganisationSettings } from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import { refuse } from '../../domain/refusal.js';
import { organisationSettings } from '../../read/organisation-settings.js';
import type { Answer } from './answer.js';

export function settingsAnswers(entities: EntityManager): Readonly<Record<string, Answer>> {
  return {
    'settings get': async () => ({
      status: 200,
      body: { href: '/orgs/1/settings', ...SHOWN, ...(await organisationSettings.get(entities)) },
    }),
    'settings update': async ({ body }) => {
      const { href: _, ...change } = OrganisationSettingsUpdate.parse(body);
      for (const name of NOT_HERE)
        if (change[name] === true)
          throw refuse('feature_not_available', `${name}: this server has no such thing; leave it false`);
      await organisationSettings.keep(entities, change);
      return { status: 204 };
    },
  };
}

/** Bounds that are as they are. */
const SHOWN = { max_explorer_query_timespan_days: 97, max_rule_search_provider_consumer_entities: 8 };
/** What would have to do something, and nothing here does. */
const NOT_HERE: readonly (keyof OrganisationSettings)[] = [
  'automatic_label_application_on_ven_activation',
  'rule_based_label_maker_schedule_enabled',
  'ven_maintenance_token_required',
  'use_census_permissions',
];
