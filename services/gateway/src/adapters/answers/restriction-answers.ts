/** From where who may come, over REST: `access_restrictions`, and `settings/trusted_proxy_ips`. */
import {
  AccessRestrictionCreate,
  AccessRestrictionUpdate,
  actorHref,
  MOST_TRUSTED_PROXIES,
  TrustedProxiesUpdate,
} from '@ringfence/contracts';
import type { AccessRestriction } from '@ringfence/contracts';
import type { Document, EventStore } from '@ringfence/event-store';
import { partial } from '@ringfence/resources';
import type { EntityManager } from 'typeorm';
import { refuse } from '../../domain/refusal.js';
import { PRINCIPALS, RESTRICTIONS } from '../../read/access-documents.js';
import type { RestrictionState } from '../../read/access-documents.js';
import { trustedProxies } from '../../read/trusted-proxies.js';
import { addressesOf, clientAddress, forwardedFor } from '../admission/addresses.js';
import type { KnownGrants } from '../admission/known-grants.js';
import type { TrustedProxies } from '../admission/trusted-proxies.js';
import { records } from '../people/records.store.js';
import { callerRemains } from '../people/restrictions.js';
import { hrefOfRestriction } from './account-views.js';
import type { Answer } from './answer.js';
import { recordAnswers } from './record-answers.js';

const MOST_RESTRICTIONS = 50;

interface Parts {
  readonly grants: KnownGrants;
  readonly proxies: TrustedProxies;
}

export function restrictionAnswers(
  store: EventStore,
  { grants, proxies }: Parts,
): Readonly<Record<string, Answer>> {
  return {
    ...proxyAnswers(store.entities, proxies),
    ...recordAnswers<RestrictionState>({
      collection: 'access_restrictions',
      records: records(store, RESTRICTIONS),
      check: async (entities, request) => {
        await notTooMany(entities);
        await assignedOnesRemain(entities);
        await callerRemains(entities, request);
      },
      made: async (body) => {
        const {
          name,
          description,
          ips,
          enforcement_exclusions: exclusions,
        } = AccessRestrictionCreate.parse(body);
        const [id = ''] = await store.nextIds('access_restriction');
        return { id, name, description: description ?? '', networks: ips, exclusions: exclusions ?? [] };
      },
      changed: async (body) => {
        const {
          name,
          description,
          ips,
          enforcement_exclusions: exclusions,
        } = AccessRestrictionUpdate.parse(body);
        return {
          ...(name !== undefined && { name }),
          ...(description !== undefined && { description: description ?? '' }),
          ...(ips !== undefined && { networks: ips }),
          ...(exclusions !== undefined && { exclusions: exclusions ?? [] }),
        };
      },
      show,
      filters: { name: partial(({ name }) => name) },
      kept: grants.renew,
    }),
  };
}

function show({ id, body, ...touched }: Document<RestrictionState>): AccessRestriction {
  return {
    href: hrefOfRestriction(id),
    ...{ name: body.name, description: body.description, ips: [...body.networks] },
    ...(body.exclusions.length > 0 && { enforcement_exclusions: [...body.exclusions] }),
    created_at: touched.createdAt.toISOString(),
    updated_at: touched.updatedAt.toISOString(),
    created_by: { href: actorHref(touched.createdBy) },
    updated_by: { href: actorHref(touched.updatedBy) },
  };
}

/** In the transaction, like the others. */
async function notTooMany(entities: EntityManager): Promise<void> {
  if ((await RESTRICTIONS.documents.live(entities)).length > MOST_RESTRICTIONS)
    throw refuse(
      'input_validation_error',
      `there are ${String(MOST_RESTRICTIONS)} access restrictions: delete one`,
    );
}

async function assignedOnesRemain(entities: EntityManager): Promise<void> {
  const ids = new Set((await RESTRICTIONS.documents.live(entities)).map(({ id }) => id));
  const without = (await PRINCIPALS.documents.live(entities)).find(
    ({ body: { restriction } }) => typeof restriction === 'string' && !ids.has(restriction),
  );
  if (without !== undefined)
    throw refuse(
      'access_restriction_in_use',
      `it holds for "${without.body.name}": take it away there first`,
    );
}

function proxyAnswers(entities: EntityManager, proxies: TrustedProxies): Readonly<Record<string, Answer>> {
  return {
    'settings/trusted_proxy_ips get': async () => ({
      status: 200,
      body: {
        href: '/orgs/1/settings/trusted_proxy_ips',
        max_trusted_proxy_ips_per_region: MOST_TRUSTED_PROXIES,
        ...(await trustedProxies.get(entities)),
      },
    }),
    'settings/trusted_proxy_ips update': async ({ body, caller, peer, headers }) => {
      const { trusted_proxy_ips: wanted } = TrustedProxiesUpdate.parse(body);
      const trusts = addressesOf(wanted.map(({ ip }) => ip));
      const ip = clientAddress(peer, forwardedFor(headers), trusts);
      await callerRemains(entities, { caller, ip });
      await trustedProxies.keep(entities, { trusted_proxy_ips: wanted });
      await proxies.renew();
      return { status: 204 };
    },
  };
}
