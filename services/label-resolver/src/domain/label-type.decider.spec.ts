import { specification } from '@ringfence/decider/testing';
import { describe, it } from 'vitest';
import { labelTypeDecider, MAX_LABEL_TYPES } from './label-type.decider.js';
import type { LabelType, LabelTypeEvent } from './label-type.decider.js';

const tier: LabelType = {
  id: '11111111-1111-4111-8111-111111111111',
  key: 'tier',
  displayName: 'Tier',
  displayInfo: {},
  externalDataSet: null,
  externalDataReference: null,
  isBuiltIn: false,
};
const created: LabelTypeEvent = { type: 'LabelTypeCreated', data: tier };
const deleted: LabelTypeEvent = { type: 'LabelTypeDeleted', data: { id: tier.id, key: 'tier' } };
const spec = specification(labelTypeDecider);

describe('a label type', () => {
  it('is created under a key of its own', () => {
    spec
      .given()
      .when({ type: 'create', labelType: tier, liveKeys: ['role'] })
      .then(created);
    spec
      .given()
      .when({ type: 'create', labelType: tier, liveKeys: ['tier'] })
      .rejected('label-dimension-key-must-be-unique');
  });
  it('is refused beyond the most there can be', () => {
    const liveKeys = Array.from({ length: MAX_LABEL_TYPES }, (_, index) => `type${index}`);
    spec
      .given()
      .when({ type: 'create', labelType: tier, liveKeys })
      .rejected('label-dimension-limit-exceeded');
  });
  it('is quiet when it is created again, as the built-in ones are at every start', () => {
    spec
      .given(created)
      .when({ type: 'create', labelType: tier, liveKeys: ['tier'] })
      .nothing();
  });
  it('changes what it is called, never its key', () => {
    spec
      .given(created)
      .when({ type: 'change', labelType: { displayName: 'Stage' } })
      .then({ type: 'LabelTypeChanged', data: { ...tier, displayName: 'Stage' } });
    spec
      .given(created)
      .when({ type: 'change', labelType: { displayName: 'Tier' } })
      .nothing();
  });
  it('is deleted once, when no label is of it and it is not built in', () => {
    spec.given(created).when({ type: 'delete', liveLabels: 0 }).then(deleted);
    spec
      .given(created, deleted)
      .when({ type: 'delete', liveLabels: 0 })
      .rejected('label-dimension-already-deleted');
    spec.given(created).when({ type: 'delete', liveLabels: 2 }).rejected('label-dimension-has-labels');
    const builtIn: LabelTypeEvent = { type: 'LabelTypeCreated', data: { ...tier, isBuiltIn: true } };
    spec.given(builtIn).when({ type: 'delete', liveLabels: 0 }).rejected('label-dimension-built-in');
  });
});
