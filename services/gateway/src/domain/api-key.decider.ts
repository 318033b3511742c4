/** The life of an API key. The secret's hash is no part of it: events are kept for ever and read by many, a hash by one check. */
import { reject } from '@ringfence/decider';
import type { Decider } from '@ringfence/decider';
import type { Account } from './rest-request.js';

export type Role = 'owner' | 'read_only';
interface Key {
  readonly username: string;
  readonly name: string;
  readonly description: string;
  readonly role: Role;
}
export interface ApiKeyState extends Key {
  readonly account: Account;
  /** An instant; null: never. */
  readonly expiresAt: string | null;
}
/** As keys were written when all were people's, and lived for ever. */
export interface UserKeyState extends Key {
  readonly user: string;
}
export type ApiKeyEvent =
  | { readonly type: 'ApiKeyCreated' | 'ApiKeyChanged'; readonly data: ApiKeyState | UserKeyState }
  | { readonly type: 'ApiKeyRevoked'; readonly data: { readonly username: string } };
export type ApiKeyCommand =
  | { readonly kind: 'create'; readonly key: ApiKeyState }
  | { readonly kind: 'change'; readonly name?: string; readonly description?: string }
  | { readonly kind: 'revoke'; readonly byUsername: string };

export const apiKeyDecider: Decider<ApiKeyState | null, ApiKeyCommand, ApiKeyEvent> = {
  initial: null,
  decide: (state, command) => {
    if (command.kind === 'create') {
      if (state !== null) return reject('api-key-exists', 'a key of that id exists', 'ALREADY_EXISTS');
      return [{ type: 'ApiKeyCreated', data: command.key }];
    }
    if (state === null) return reject('not_found_error', 'there is no such API key', 'NOT_FOUND');
    if (command.kind === 'revoke') {
      // Whoever revokes the key that signs the request could be left without any.
      if (command.byUsername === state.username) {
        return reject(
          'cannot_delete_own_key',
          'a key cannot delete itself; use another key',
          'FAILED_PRECONDITION',
        );
      }
      return [{ type: 'ApiKeyRevoked', data: { username: state.username } }];
    }
    const changed = {
      ...state,
      name: command.name ?? state.name,
      description: command.description ?? state.description,
    };
    const isSame = changed.name === state.name && changed.description === state.description;
    return isSame ? [] : [{ type: 'ApiKeyChanged', data: changed }];
  },
  evolve: (_, event) => (event.type === 'ApiKeyRevoked' ? null : keyOf(event.data)),
};

export function keyOf(data: ApiKeyState | UserKeyState): ApiKeyState {
  if ('account' in data) return data;
  const { user, ...key } = data;
  return { ...key, account: { kind: 'user', id: user }, expiresAt: null };
}
