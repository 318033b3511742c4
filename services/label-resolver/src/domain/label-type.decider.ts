/** One label type ("dimension"). role, app, env and loc are built in: they exist from the start and stay. */
import { isSameValue, reject } from '@ringfence/decider';
import type { Decider, Decision } from '@ringfence/decider';

/** Contracts' LabelTypeState and, beyond it, what only the REST answer shows. */
export interface LabelType {
  readonly id: string;
  readonly key: string;
  readonly displayName: string;
  readonly displayInfo: Readonly<Record<string, unknown>>;
  readonly externalDataSet: string | null;
  readonly externalDataReference: string | null;
  readonly isBuiltIn: boolean;
}
export type LabelTypeEvent =
  | { readonly type: 'LabelTypeCreated'; readonly data: LabelType }
  | { readonly type: 'LabelTypeChanged'; readonly data: LabelType }
  | { readonly type: 'LabelTypeDeleted'; readonly data: { readonly id: string; readonly key: string } };
export type LabelTypeCommand =
  | { readonly type: 'create'; readonly labelType: LabelType; readonly liveKeys: readonly string[] }
  | { readonly type: 'change'; readonly labelType: Partial<Omit<LabelType, 'id' | 'key' | 'isBuiltIn'>> }
  | { readonly type: 'delete'; readonly liveLabels: number };
export interface LabelTypeAggregate {
  readonly labelType: LabelType | null;
  readonly isDeleted: boolean;
}

export const MAX_LABEL_TYPES = 20;
export const BUILT_IN_TYPES = [
  {
    key: 'role',
    displayName: 'Role',
    displayInfo: { initial: 'R', icon: 'role', sort_ordinal: 1, display_name_plural: 'Roles' },
  },
  {
    key: 'app',
    displayName: 'Application',
    displayInfo: { initial: 'A', icon: 'app', sort_ordinal: 2, display_name_plural: 'Applications' },
  },
  {
    key: 'env',
    displayName: 'Environment',
    displayInfo: { initial: 'E', icon: 'env', sort_ordinal: 3, display_name_plural: 'Environments' },
  },
  {
    key: 'loc',
    displayName: 'Location',
    displayInfo: { initial: 'L', icon: 'loc', sort_ordinal: 4, display_name_plural: 'Locations' },
  },
] as const;

function create(labelType: LabelType, liveKeys: readonly string[]): Decision<LabelTypeEvent> {
  if (liveKeys.includes(labelType.key)) {
    return reject(
      'label-dimension-key-must-be-unique',
      `a label type "${labelType.key}" exists`,
      'ALREADY_EXISTS',
    );
  }
  if (liveKeys.length >= MAX_LABEL_TYPES) {
    return reject(
      'label-dimension-limit-exceeded',
      `there are ${MAX_LABEL_TYPES} label types already, which is the most there can be`,
    );
  }
  return [{ type: 'LabelTypeCreated', data: labelType }];
}

function remove(labelType: LabelType, liveLabels: number): Decision<LabelTypeEvent> {
  if (labelType.isBuiltIn)
    return reject('label-dimension-built-in', `the label type "${labelType.key}" is built in and stays`);
  if (liveLabels > 0)
    return reject('label-dimension-has-labels', `${liveLabels} labels are of this type; delete them first`);
  return [{ type: 'LabelTypeDeleted', data: { id: labelType.id, key: labelType.key } }];
}

function decide(state: LabelTypeAggregate, command: LabelTypeCommand): Decision<LabelTypeEvent> {
  if (command.type === 'create') {
    // The built-in types are created at every start; the second time changes nothing.
    return state.labelType === null ? create(command.labelType, command.liveKeys) : [];
  }
  if (state.labelType === null) return reject('not-found-error', 'there is no such label type', 'NOT_FOUND');
  if (state.isDeleted)
    return reject('label-dimension-already-deleted', 'the label type has been deleted already');
  if (command.type === 'delete') return remove(state.labelType, command.liveLabels);
  const changed = { ...state.labelType, ...command.labelType };
  return isSameValue(changed, state.labelType) ? [] : [{ type: 'LabelTypeChanged', data: changed }];
}

export const labelTypeDecider: Decider<LabelTypeAggregate, LabelTypeCommand, LabelTypeEvent> = {
  initial: { labelType: null, isDeleted: false },
  decide,
  evolve: (state, event) =>
    event.type === 'LabelTypeDeleted'
      ? { ...state, isDeleted: true }
      : { labelType: event.data, isDeleted: false },
};
