/**
 * API keys over REST. `users/api_keys`: everyone manages the keys of the user whose key signs the request, and no others. `api_keys`: owners see
 * and revoke all there are.
 */
import { ApiKeyCreate, ApiKeyUpdate } from '@ringfence/contracts';
import type { AccountApiKey, ApiKey } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { byWord, page, partial } from '@ringfence/resources';
import type { Filters } from '@ringfence/resources';
import { actorOf, userOf } from '../../domain/rest-request.js';
import type { Account, RestReply, RestRequest } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import { refuse } from '../../domain/refusal.js';
import { allKeys, findKey, keysOf } from '../../read/api-keys.projection.js';
import type { KeyRow } from '../../read/api-keys.projection.js';
import type { ApiKeyCheck } from '../admission/api-key-check.js';
import { changeApiKey, createApiKey } from '../admission/api-keys.store.js';
import { accountsOf } from './account-views.js';
import type { ShownAccount } from './account-views.js';
import { shownKeys, shownNewKey } from './key-views.js';
import { called, collectionReply, maxResults } from './owner-answers.js';

export function apiKeyAnswers(store: EventStore, keys: ApiKeyCheck): Readonly<Record<string, Answer>> {
  const { entities } = store;
  return {
    ...organisationAnswers(store, keys),
    'users/api_keys list': async (request) =>
      collectionReply(
        { body: await shownKeys(entities, await keysOf(entities, itself(request))) },
        maxResults(request) ?? 500,
      ),
    'users/api_keys get': async (request) => ({
      status: 200,
      body: (await shownKeys(entities, [await existing(store, request)]))[0],
    }),
    'users/api_keys create': (request) => create(store, request),
    'users/api_keys update': async (request) => {
      const { name, description } = ApiKeyUpdate.parse(request.body);
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(typeof description === 'string' ? { description } : {}),
      };
      const { username } = await existing(store, request);
      await changeApiKey(store, username, { kind: 'change', ...change }, actorOf(request.caller));
      return { status: 204 };
    },
    'users/api_keys delete': async (request) => revoke(store, keys, await existing(store, request), request),
  };
}

/** Of every key, whoever's it is. */
export async function revoke(
  store: EventStore,
  keys: ApiKeyCheck,
  { username }: Pick<KeyRow, 'username'>,
  { caller }: RestRequest,
): Promise<RestReply> {
  const command = { kind: 'revoke', byUsername: caller?.username ?? '' } as const;
  await changeApiKey(store, username, command, actorOf(caller));
  keys.forget(username);
  return { status: 204 };
}

function organisationAnswers(store: EventStore, keys: ApiKeyCheck): Readonly<Record<string, Answer>> {
  const { entities } = store;
  const ofAccounts = async (rows: readonly KeyRow[]): Promise<AccountApiKey[]> => {
    const accounts = await accountsOf(entities);
    const shown = await shownKeys(entities, rows);
    return shown.flatMap((key) => {
      const account = accounts.get(key.href.slice(0, key.href.lastIndexOf('/api_keys/')));
      return account === undefined ? [] : [{ ...key, account }];
    });
  };
  return {
    'api_keys list': async (request) => {
      const all = await ofAccounts(await allKeys(entities));
      const { matched } = await called(request.id, async () => page(all, request.query, FILTERS));
      const reply = { body: matched, total: all.length, matched: matched.length };
      return collectionReply(reply, maxResults(request) ?? 500);
    },
    'api_keys get': async ({ match }) => {
      const [shown] = await ofAccounts([await keyOf(store, match.ids[0])]);
      if (shown === undefined) throw noSuchKey();
      return { status: 200, body: shown };
    },
    'api_keys delete': async (request) =>
      revoke(store, keys, await keyOf(store, request.match.ids[0]), request),
  };
}

type Shown = ApiKey & { readonly account: ShownAccount };
const ofType =
  (type: ShownAccount['type']) =>
  ({ account }: Shown): string | null =>
    account.type === type ? account.name : null;
const FILTERS: Filters<Shown> = {
  type: byWord('type', ['user', 'service_account'], ({ account }) => account.type),
  state: byWord('state', ['active', 'expired'], ({ state }) => state),
  name: partial(ofType('service_account')),
  username: partial(ofType('user')),
  role: ({ account }, wanted) => account.permissions.some(({ role }) => role.href === roleHref(wanted)),
};

/** Some clients send it as JSON text. */
export const roleHref = (wanted: string): string => wanted.replace(/^"(.*)"$/, '$1');

async function keyOf(store: EventStore, keyId = '', account?: Account): Promise<KeyRow> {
  const key = await findKey(store.entities, keyId, account);
  if (key === undefined) throw noSuchKey();
  return key;
}

const noSuchKey = (): Error => refuse('not_found_error', 'there is no such API key');

async function create(store: EventStore, request: RestRequest): Promise<RestReply> {
  const account = itself(request);
  const { name, description, role } = ApiKeyCreate.parse(request.body);
  const key = { account, name, description: description ?? '', role, expiresAt: null };
  const body = shownNewKey(account, await createApiKey(store, key, actorOf(request.caller)));
  return { status: 201, headers: { location: body.href }, body };
}

function itself({ match, caller }: RestRequest): Account {
  const id = match.ids[0] ?? '';
  if (id !== userOf(caller)) throw refuse('not_found_error', `there is no user ${id}`);
  return { kind: 'user', id };
}

const existing = (store: EventStore, request: RestRequest): Promise<KeyRow> =>
  keyOf(store, request.match.ids[1], itself(request));
