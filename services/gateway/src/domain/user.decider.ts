/** The life of a person's account. The password's hash is no part of it: events are kept for ever and read by many, a hash by one check. */
import { isSameValue, reject } from '@ringfence/decider';
import type { Decider, Decision } from '@ringfence/decider';

export interface UserState {
  readonly id: string;
  /** In lower case. */
  readonly username: string;
  readonly fullName: string;
  readonly timeZone: string;
  /** Nobody logs in as him, and his keys are refused. */
  readonly locked: boolean;
}
interface Named {
  readonly id: string;
  readonly username: string;
}
export type UserEvent =
  | { readonly type: 'UserCreated'; readonly data: UserState }
  | { readonly type: 'UserChanged'; readonly data: UserState }
  | { readonly type: 'UserPasswordChanged'; readonly data: Named }
  | { readonly type: 'UserPasswordReset'; readonly data: Named }
  | { readonly type: 'UserDeleted'; readonly data: Named };
export type UserCommand =
  | { readonly kind: 'create'; readonly user: UserState }
  | { readonly kind: 'change'; readonly change: Partial<Omit<UserState, 'id' | 'username'>> }
  /** By himself, or by who has the server: a reset also unlocks. */
  | { readonly kind: 'change-password' | 'reset-password' };

export const userDecider: Decider<UserState | null, UserCommand, UserEvent> = {
  initial: null,
  decide: (state, command) => {
    if (command.kind === 'create') {
      if (state !== null) return reject('user-exists', 'a user of that id exists', 'ALREADY_EXISTS');
      return [{ type: 'UserCreated', data: command.user }];
    }
    if (state === null) return reject('not_found_error', 'there is no such user', 'NOT_FOUND');
    return decideExisting(state, command);
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'UserCreated':
      case 'UserChanged':
        return event.data;
      case 'UserDeleted':
        return null;
      default:
        return state;
    }
  },
};

function decideExisting(
  state: UserState,
  command: Exclude<UserCommand, { kind: 'create' }>,
): Decision<UserEvent> {
  const { id, username } = state;
  switch (command.kind) {
    case 'change': {
      const changed = { ...state, ...command.change };
      return isSameValue(changed, state) ? [] : [{ type: 'UserChanged', data: changed }];
    }
    case 'change-password':
      return [{ type: 'UserPasswordChanged', data: { id, username } }];
    case 'reset-password':
      return [
        ...(state.locked ? [{ type: 'UserChanged', data: { ...state, locked: false } } as const] : []),
        { type: 'UserPasswordReset', data: { id, username } },
      ];
  }
}
