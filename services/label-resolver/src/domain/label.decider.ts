/**
 * One label. That key and value are unique, that the type exists and that nobody uses the label are facts of other
 * aggregates: whoever sends the command has looked them up and says so in it.
 */
import type { LabelState, RemovedLabel } from '@ringfence/contracts';
import { isSameValue, reject } from '@ringfence/decider';
import type { Decider, Decision } from '@ringfence/decider';

export type LabelEvent =
  | { readonly type: 'LabelCreated'; readonly data: LabelState }
  | { readonly type: 'LabelChanged'; readonly data: LabelState }
  | { readonly type: 'LabelDeleted'; readonly data: RemovedLabel };

/** What other aggregates say about the label as it would be. */
export interface LabelSurroundings {
  readonly typeExists: boolean;
  /** Another live label has this key and value. */
  readonly valueTaken: boolean;
  /** Another live label has this external reference. */
  readonly referenceTaken: boolean;
}
/** Who still refers to a label; `token` is the refusal that clients know for that kind of use. */
export interface LabelUse {
  readonly by: string;
  readonly token: string;
  /** Where in a policy object, in the API's words. */
  readonly as?: readonly string[] | undefined;
}
export type LabelCommand =
  | { readonly type: 'create'; readonly label: LabelState; readonly around: LabelSurroundings }
  | {
      readonly type: 'change';
      readonly label: Partial<Omit<LabelState, 'id' | 'key'>>;
      readonly around: LabelSurroundings;
    }
  | { readonly type: 'delete'; readonly uses: readonly LabelUse[] };

export interface LabelAggregate {
  readonly label: LabelState | null;
  readonly isDeleted: boolean;
}

/** Words that the API's clients use for "no label of this type". */
const RESERVED_VALUES = ['All Roles', 'All Applications', 'All Environments', 'All Locations'];

function refuse(label: LabelState, around: LabelSurroundings): ReturnType<typeof reject> | null {
  if (!around.typeExists)
    return reject('input-validation-error', `key: there is no label type "${label.key}"`, 'INVALID_ARGUMENT');
  if (RESERVED_VALUES.includes(label.value))
    return reject('input-validation-error', `value: "${label.value}" is reserved`, 'INVALID_ARGUMENT');
  if ((label.externalDataSet === null) !== (label.externalDataReference === null)) {
    return reject(
      'input-validation-error',
      'external_data_set and external_data_reference: give both or none',
      'INVALID_ARGUMENT',
    );
  }
  if (around.valueTaken) {
    return reject(
      'label-key-and-value-must-be-unique',
      `Label key and value must be unique: ${label.key} "${label.value}" exists`,
      'ALREADY_EXISTS',
    );
  }
  if (around.referenceTaken) {
    return reject(
      'external-reference-not-unique',
      'external_data_set and external_data_reference must be unique',
      'ALREADY_EXISTS',
    );
  }
  return null;
}

function decide(state: LabelAggregate, command: LabelCommand): Decision<LabelEvent> {
  if (command.type === 'create') {
    if (state.label !== null) return reject('label-exists', 'a label of this id exists', 'ALREADY_EXISTS');
    return refuse(command.label, command.around) ?? [{ type: 'LabelCreated', data: command.label }];
  }
  if (state.label === null) return reject('not-found-error', 'there is no such label', 'NOT_FOUND');
  if (state.isDeleted) return reject('label-already-deleted', 'the label has been deleted already');
  if (command.type === 'change') {
    const changed = { ...state.label, ...command.label };
    const refusal = refuse(changed, command.around);
    if (refusal !== null) return refusal;
    return isSameValue(changed, state.label) ? [] : [{ type: 'LabelChanged', data: changed }];
  }
  const use = command.uses[0];
  if (use !== undefined)
    return reject(
      use.token.replaceAll('_', '-'),
      `the label is in use: ${command.uses.map((each) => each.by).join(', ')}`,
    );
  const { id, key, value } = state.label;
  return [{ type: 'LabelDeleted', data: { id, key, value } }];
}

export const labelDecider: Decider<LabelAggregate, LabelCommand, LabelEvent> = {
  initial: { label: null, isDeleted: false },
  decide,
  evolve: (state, event) =>
    event.type === 'LabelDeleted' ? { ...state, isDeleted: true } : { label: event.data, isDeleted: false },
};
