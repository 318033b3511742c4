/** Service accounts over REST (`service_accounts`), and their keys. What they may holds in this process at once, in another within seconds. */
import {
  actorHref,
  ServiceAccountCreate,
  ServiceAccountKeyCreate,
  ServiceAccountUpdate,
} from '@ringfence/contracts';
import type { ServiceAccount } from '@ringfence/contracts';
import type { Document, EventStore } from '@ringfence/event-store';
import { page, partial } from '@ringfence/resources';
import type { Filters } from '@ringfence/resources';
import { actorOf } from '../../domain/rest-request.js';
import type { RestReply, RestRequest } from '../../domain/rest-request.js';
import { PRINCIPALS } from '../../read/access-documents.js';
import type { PrincipalState } from '../../read/access-documents.js';
import { findKey, keysOf } from '../../read/api-keys.projection.js';
import type { KeyRow } from '../../read/api-keys.projection.js';
import type { ApiKeyCheck } from '../admission/api-key-check.js';
import type { KnownGrants } from '../admission/known-grants.js';
import { accountOf, noSuchAccount, serviceAccounts } from '../people/service-accounts.store.js';
import { refuseTooManyPermissions } from '../people/limits.js';
import { permissionsOf } from '../people/principals.store.js';
import type { GrantFrom } from '../people/given-grants.js';
import { callerRemains } from '../people/restrictions.js';
import type { ServiceAccounts } from '../people/service-accounts.store.js';
import { eachNameOnce, eachOnce } from './access-answers.js';
import { restrictionOf, shownPermission, wantedRestriction } from './account-views.js';
import type { Answer } from './answer.js';
import { revoke, roleHref } from './api-key-answers.js';
import { expiryOf, shownKeys, shownNewKey } from './key-views.js';
import { called, collectionReply, maxResults } from './owner-answers.js';
import { refuse } from '../../domain/refusal.js';

interface Parts {
  readonly keys: ApiKeyCheck;
  readonly grants: KnownGrants;
  readonly grantFrom: GrantFrom;
}

export function serviceAccountAnswers(
  store: EventStore,
  { keys, grants, grantFrom }: Parts,
): Readonly<Record<string, Answer>> {
  const { entities } = store;
  return {
    ...keyAnswers(store, keys),
    ...changeAnswers(store, { grants, grantFrom }),
    'service_accounts list': (request) => list(store, request),
    'service_accounts get': async (request) => ({
      status: 200,
      body: await show(store, await existing(store, request)),
    }),
    'service_accounts create': async (request) => {
      const {
        name,
        description,
        permissions,
        api_key: key,
        ...body
      } = ServiceAccountCreate.parse(request.body);
      const given = await Promise.all(permissions.map(grantFrom));
      const wanted = { name, description: description ?? '', permissions: given };
      const restriction = (await wantedRestriction(entities, body.access_restriction)) ?? null;
      const expiresAt = await expiryOf(entities, key.expires_in_seconds);
      const made = await accountsFor(store, request).create({ ...wanted, restriction, expiresAt });
      await grants.renew();
      const shown = await show(store, await found(store, made.id));
      const apiKey = shownNewKey(accountOf(made.id), made.key);
      return { status: 201, headers: { location: shown.href }, body: { ...shown, api_key: apiKey } };
    },
    'service_accounts delete': async (request) => {
      const { id } = await existing(store, request);
      const gone = await accountsFor(store, request).remove(id);
      gone.forEach(keys.forget);
      await grants.renew();
      return { status: 204 };
    },
  };
}

function changeAnswers(
  store: EventStore,
  { grants, grantFrom }: Omit<Parts, 'keys'>,
): Readonly<Record<string, Answer>> {
  return {
    'service_accounts update': async (request) => {
      const { id } = await existing(store, request);
      const { name, description, permissions, ...body } = ServiceAccountUpdate.parse(request.body);
      const restriction = await wantedRestriction(store.entities, body.access_restriction);
      const principal = {
        ...(restriction !== undefined && { restriction }),
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description: description ?? '' }),
      };
      const given = permissions && (await Promise.all(permissions.map(grantFrom)));
      const change = { principal, permissions: given };
      await accountsFor(store, request).change(id, change);
      await grants.renew();
      return { status: 204 };
    },
  };
}

/** Of an account that is deleted, and where nothing is said of them, no permission is given. */
const givesAny = ({ body }: RestRequest): boolean =>
  ((body as { readonly permissions?: readonly unknown[] } | undefined)?.permissions ?? []).length > 0;

const accountsFor = (store: EventStore, request: RestRequest): ServiceAccounts =>
  serviceAccounts(store, {
    actor: actorOf(request.caller),
    username: request.caller?.username ?? '',
    check: async (entities) => {
      if (givesAny(request)) await refuseTooManyPermissions(entities);
      await eachNameOnce(entities);
      await eachOnce(entities);
      await callerRemains(entities, request);
    },
  });

function keyAnswers(store: EventStore, keys: ApiKeyCheck): Readonly<Record<string, Answer>> {
  return {
    'service_accounts/api_keys create': async (request) => {
      const { id } = await existing(store, request);
      const { expires_in_seconds: seconds } = ServiceAccountKeyCreate.parse(request.body);
      const expiresAt = await expiryOf(store.entities, seconds);
      const key = await accountsFor(store, request).addKey(id, expiresAt);
      const body = shownNewKey(accountOf(id), key);
      return { status: 201, headers: { location: body.href }, body };
    },
    'service_accounts/api_keys get': async (request) => ({
      status: 200,
      body: (await shownKeys(store.entities, [await keyOf(store, request)]))[0],
    }),
    'service_accounts/api_keys delete': async (request) =>
      revoke(store, keys, await keyOf(store, request), request),
  };
}

async function keyOf(store: EventStore, request: RestRequest): Promise<KeyRow> {
  const { id } = await existing(store, request);
  const key = await findKey(store.entities, request.match.ids[1] ?? '', accountOf(id));
  if (key === undefined) throw refuse('not_found_error', 'there is no such API key');
  return key;
}

async function list(store: EventStore, request: RestRequest): Promise<RestReply> {
  const all = await PRINCIPALS.documents.having(store.entities, 'type', ['service_account']);
  const shown = await Promise.all(all.map((each) => show(store, each)));
  const { matched } = await called(request.id, async () => page(shown, request.query, FILTERS));
  const reply = { body: matched, total: all.length, matched: matched.length };
  return collectionReply(reply, maxResults(request) ?? 500);
}

const FILTERS: Filters<ServiceAccount> = {
  name: partial(({ name }) => name),
  role: ({ permissions }, wanted) => permissions.some(({ role }) => role.href === roleHref(wanted)),
};

const existing = (store: EventStore, { match }: RestRequest): Promise<Document<PrincipalState>> =>
  found(store, match.ids[0] ?? '');

async function found({ entities }: EventStore, id: string): Promise<Document<PrincipalState>> {
  const account = await PRINCIPALS.documents.get(entities, id);
  if (account === null || account.deletedAt !== null || account.body.type !== 'service_account')
    throw noSuchAccount();
  return account;
}

async function show({ entities }: EventStore, account: Document<PrincipalState>): Promise<ServiceAccount> {
  const { id, body } = account;
  return {
    href: actorHref(accountOf(id)),
    ...{ name: body.name, description: body.description ?? '' },
    access_restriction: restrictionOf(body),
    permissions: (await permissionsOf(entities, id)).map(shownPermission),
    api_keys: await shownKeys(entities, await keysOf(entities, accountOf(id))),
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
    created_by: { href: actorHref(account.createdBy) },
    updated_by: { href: actorHref(account.updatedBy) },
  };
}
