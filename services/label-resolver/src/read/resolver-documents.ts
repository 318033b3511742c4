/** The read models that are folded from label-resolver's own events. */
import type { EntityLabelsState, LabelState } from '@ringfence/contracts';
import { documents } from '@ringfence/event-store';
import type { LabelType } from '../domain/label-type.decider.js';
import type { Profile } from '../domain/profile.decider.js';

export const labels = documents<LabelState>({
  name: 'labels',
  indexed: ['value', 'externalDataReference'],
  written: ['LabelCreated', 'LabelChanged'],
  deleted: 'LabelDeleted',
});
export const labelTypes = documents<LabelType>({
  name: 'label_types',
  written: ['LabelTypeCreated', 'LabelTypeChanged'],
  deleted: 'LabelTypeDeleted',
});
export const profiles = documents<Profile>({
  name: 'profiles',
  written: ['ProfileCreated', 'ProfileChanged'],
  deleted: 'ProfileDeleted',
});
export const entities = documents<EntityLabelsState>({
  name: 'entities',
  written: ['EntityLabelled'],
  deleted: 'EntityUnlabelled',
});

export const DOCUMENTS = [labels, labelTypes, profiles, entities] as const;
