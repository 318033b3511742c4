/** The life of an API key. The secret's hash is no part of it: events are kept for ever and read by many, a hash by one check. */
import { reject } from '@ringfence/decider';
import type { Decider } from '@ringfence/decider';

export type Role = 'owner' | 'read_only';
export interface ApiKeyState {
  readonly user: string;
  readonly username: string;
  readonly name: string;
  readonly description: string;
  readonly role: Role;
}
export type ApiKeyEvent =
  | { readonly type: 'ApiKeyCreated'; readonly data: ApiKeyState }
  | { readonly type: 'ApiKeyChanged'; readonly data: ApiKeyState }
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
  evolve: (_, event) => (event.type === 'ApiKeyRevoked' ? null : event.data),
};
