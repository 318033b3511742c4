/** The life of what is made, changed and deleted, and no more: its fields are checked where they come in. */
import { isSameValue, reject } from '@ringfence/decider';
import type { Decider } from '@ringfence/decider';

export interface Identified {
  readonly id: string;
}
/** `W`: what it is, as its events are called. */
export type RecordEvent<T extends Identified, W extends string> =
  | { readonly type: `${W}Created` | `${W}Changed`; readonly data: T }
  | { readonly type: `${W}Deleted`; readonly data: T };
export type RecordCommand<T extends Identified> =
  | { readonly kind: 'create'; readonly record: T }
  | { readonly kind: 'change'; readonly change: Partial<Omit<T, 'id'>> }
  | { readonly kind: 'delete' };

export function recordDecider<T extends Identified, W extends string>(
  word: W,
  inWords: string,
): Decider<T | null, RecordCommand<T>, RecordEvent<T, W>> {
  return {
    initial: null,
    decide: (state, command) => {
      if (command.kind === 'create') {
        if (state !== null)
          return reject('record-exists', `a ${inWords} of that id exists`, 'ALREADY_EXISTS');
        return [{ type: `${word}Created`, data: command.record }];
      }
      if (state === null) return reject('not_found_error', `there is no such ${inWords}`, 'NOT_FOUND');
      if (command.kind === 'delete') return [{ type: `${word}Deleted`, data: state }];
      const changed = { ...state, ...command.change };
      return isSameValue(changed, state) ? [] : [{ type: `${word}Changed`, data: changed }];
    },
    evolve: (_, event) => (event.type === `${word}Deleted` ? null : event.data),
  };
}
