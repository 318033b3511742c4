/** Settings of the organisation over REST. */
import type { Bus } from '@ringfence/bus';
import {
  CALLS,
  AuthenticationSettingsUpdate,
  OptionalFeaturesUpdate,
  OrganisationSettingsUpdate,
  PasswordPolicyUpdate,
  SecondPerson,
} from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import { refuse } from '../../domain/refusal.js';
import { OPTIONAL_FEATURES } from '../../domain/optional-features.js';
import { organisationSettings } from '../../read/organisation-settings.js';
import type { KeptSettings } from '../../read/organisation-settings.js';
import { NOT_ASKED_FOR, passwordPolicy } from '../../read/password-policy.js';
import type { RestRequest } from '../../domain/rest-request.js';
import { actorOf } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import { called, collectionReply, maxResults } from './owner-answers.js';

export function settingsAnswers(
  entities: EntityManager,
  bus: Pick<Bus, 'call'>,
): Readonly<Record<string, Answer>> {
  return {
    ...policyAnswers(entities),
    'authentication_settings get': async () => ({ status: 200, body: { authentication_type: 'Local' } }),
    'authentication_settings update': async ({ body }) => {
      const { authentication_type: type } = AuthenticationSettingsUpdate.parse(body);
      if (type !== 'Local')
        throw refuse(
          'feature_not_available',
          `authentication_type: this server asks no directory; leave it Local`,
        );
      return { status: 204 };
    },
    ...organisationAnswers(entities, bus),
    'optional_features list': async (request) =>
      collectionReply({ body: OPTIONAL_FEATURES }, maxResults(request) ?? 500),
    'optional_features update': async ({ body }) => {
      for (const { name, enabled } of OptionalFeaturesUpdate.parse(body)) switchable(name, enabled);
      return { status: 204 };
    },
  };
}

function organisationAnswers(
  entities: EntityManager,
  bus: Pick<Bus, 'call'>,
): Readonly<Record<string, Answer>> {
  return {
    'settings get': async (request) => {
      const body = { href: '/orgs/1/settings', ...SHOWN, ...(await organisationSettings.get(entities)) };
      const { required } = SecondPerson.parse(await secondPerson(bus, request, 'get', null));
      return { status: 200, body: { ...body, ringfence_second_person_provisions: required } };
    },
    'settings update': async (request) => {
      const {
        href: _,
        ringfence_second_person_provisions: required,
        ...change
      } = OrganisationSettingsUpdate.parse(request.body);
      for (const name of NOT_HERE)
        if (change[name] === true)
          throw refuse('feature_not_available', `${name}: this server has no such thing; leave it false`);
      // First: where it cannot be done, nothing is.
      if (required !== undefined) await secondPerson(bus, request, 'update', { required });
      await organisationSettings.keep(entities, change);
      return { status: 204 };
    },
  };
}

/** policy-compute keeps it, and decides each provision on it. */
async function secondPerson(
  bus: Pick<Bus, 'call'>,
  { id, caller }: RestRequest,
  op: 'get' | 'update',
  body: SecondPerson | null,
): Promise<unknown> {
  const request = { org: 1, collection: 'second_person', op, ids: [], query: {}, body, request: id };
  const answered = await called(id, () =>
    bus.call(CALLS.policyResource, { ...request, actor: actorOf(caller) }),
  );
  return answered.body;
}

function switchable(name: string, enabled: boolean): void {
  const feature = OPTIONAL_FEATURES.find((each) => each.name === name);
  if (feature === undefined)
    throw refuse('input_validation_error', `name: there is no feature "${name}"; GET lists them`);
  if (feature.enabled === enabled) return;
  const words = enabled ? 'this server has no such thing' : 'this server always has it';
  throw refuse('feature_not_available', `${name}: ${words}; leave it ${String(feature.enabled)}`);
}

function policyAnswers(entities: EntityManager): Readonly<Record<string, Answer>> {
  const collection = 'authentication_settings/password_policy';
  return {
    [`${collection} get`]: async () => ({
      status: 200,
      body: { href: `/${collection}`, ...(await passwordPolicy.get(entities)) },
    }),
    [`${collection} update`]: async ({ body, caller }) => {
      const { href: _, updated_at: _at, updated_by: _by, ...change } = PasswordPolicyUpdate.parse(body);
      for (const [name, kept] of Object.entries(NOT_ASKED_FOR)) {
        const wanted = change[name as keyof typeof NOT_ASKED_FOR];
        if (wanted !== undefined && wanted !== kept)
          throw refuse(
            'feature_not_available',
            `${name}: this server does not ask for it; leave it ${String(kept)}`,
          );
      }
      const updated = {
        updated_at: new Date().toISOString(),
        updated_by: { username: caller?.username ?? '' },
      };
      await passwordPolicy.keep(entities, { ...change, ...updated });
      return { status: 204 };
    },
  };
}

/** Bounds that are as they are. */
const SHOWN = { max_explorer_query_timespan_days: 97, max_rule_search_provider_consumer_entities: 8 };
/** What would have to do something, and nothing here does. */
const NOT_HERE: readonly (keyof KeptSettings)[] = [
  'automatic_label_application_on_ven_activation',
  'rule_based_label_maker_schedule_enabled',
  'ven_maintenance_token_required',
  'use_census_permissions',
];
