/** API keys over REST (`users/api_keys`): everyone manages the keys of the user whose key signs the request, and no others. */
import { ApiKeyCreate, ApiKeyUpdate } from '@ringfence/contracts';
import type { ApiKey } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { actorOf } from '../../domain/rest-request.js';
import type { RestReply, RestRequest } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import { refuse } from '../../domain/refusal.js';
import { findApiKey, listApiKeys } from '../../read/api-keys.projection.js';
import type { ApiKeyCheck } from '../admission/api-key-check.js';
import { changeApiKey, createApiKey } from '../admission/api-keys.store.js';
import { collectionReply, maxResults } from './owner-answers.js';

export function apiKeyAnswers(store: EventStore, keys: ApiKeyCheck): Readonly<Record<string, Answer>> {
  return {
    'users/api_keys list': async (request) =>
      collectionReply(
        { body: await listApiKeys(store.entities, userOf(request)) },
        maxResults(request) ?? 500,
      ),
    'users/api_keys get': async (request) => ({ status: 200, body: await existing(store, request) }),
    'users/api_keys create': (request) => create(store, request),
    'users/api_keys update': async (request) => {
      const { name, description } = ApiKeyUpdate.parse(request.body);
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(typeof description === 'string' ? { description } : {}),
      };
      const { auth_username: username } = await existing(store, request);
      await changeApiKey(store, username, { kind: 'change', ...change }, actorOf(request.caller));
      return { status: 204 };
    },
    'users/api_keys delete': async (request) => {
      const { auth_username: username } = await existing(store, request);
      const command = { kind: 'revoke', byUsername: request.caller?.username ?? '' } as const;
      await changeApiKey(store, username, command, actorOf(request.caller));
      keys.forget(username);
      return { status: 204 };
    },
  };
}

async function create(store: EventStore, request: RestRequest): Promise<RestReply> {
  const user = userOf(request);
  const { name, description, role } = ApiKeyCreate.parse(request.body);
  const key = { user, name, description: description ?? '', role };
  const made = await createApiKey(store, key, actorOf(request.caller));
  const href = `/users/${user}/api_keys/${made.keyId}`;
  const body = { href, key_id: made.keyId, auth_username: made.username, secret: made.secret };
  return { status: 201, headers: { location: href }, body };
}

function userOf(request: RestRequest): string {
  const user = request.match.ids[0] ?? '';
  if (user !== request.caller?.user) throw refuse('not_found_error', `there is no user ${user}`);
  return user;
}

async function existing(store: EventStore, request: RestRequest): Promise<ApiKey> {
  const key = await findApiKey(store.entities, userOf(request), request.match.ids[1] ?? '');
  if (key === undefined) throw refuse('not_found_error', 'there is no such API key');
  return key;
}
