import type { LabelState } from '@ringfence/contracts';
import { specification } from '@ringfence/decider/testing';
import { describe, it } from 'vitest';
import { labelDecider } from './label.decider.js';
import type { LabelEvent } from './label.decider.js';

const web: LabelState = {
  id: '7',
  key: 'role',
  value: 'Web',
  externalDataSet: null,
  externalDataReference: null,
};
const created: LabelEvent = { type: 'LabelCreated', data: web };
const deleted: LabelEvent = { type: 'LabelDeleted', data: { id: '7', key: 'role', value: 'Web' } };
const around = { typeExists: true, valueTaken: false, referenceTaken: false };
const spec = specification(labelDecider);

describe('a label', () => {
  it('is created with its type and value', () => {
    spec.given().when({ type: 'create', label: web, around }).then(created);
  });
  it('is refused when another live label has its key and value', () => {
    spec
      .given()
      .when({ type: 'create', label: web, around: { ...around, valueTaken: true } })
      .rejected('label-key-and-value-must-be-unique');
  });
  it('is refused for a type that does not exist, a reserved word, and half an external reference', () => {
    spec
      .given()
      .when({ type: 'create', label: web, around: { ...around, typeExists: false } })
      .rejected('input-validation-error');
    spec
      .given()
      .when({ type: 'create', label: { ...web, value: 'All Applications' }, around })
      .rejected('input-validation-error');
    spec
      .given()
      .when({ type: 'create', label: { ...web, externalDataSet: 'cmdb' }, around })
      .rejected('input-validation-error');
  });
  it('changes its value and external reference together', () => {
    const change = { value: 'WEB', externalDataSet: 'cmdb', externalDataReference: '1' };
    spec
      .given(created)
      .when({ type: 'change', label: change, around })
      .then({ type: 'LabelChanged', data: { ...web, ...change } });
  });
  it('is quiet when a change changes nothing', () => {
    spec
      .given(created)
      .when({ type: 'change', label: { value: 'Web' }, around })
      .nothing();
  });
  it('cannot be deleted while it is in use, with the token of that use', () => {
    const uses = [{ by: 'rule set 3', token: 'label_still_has_associated_rule_set' }];
    spec.given(created).when({ type: 'delete', uses }).rejected('label-still-has-associated-rule-set');
  });
  it('is deleted when nobody uses it, by name, and only once', () => {
    spec.given(created).when({ type: 'delete', uses: [] }).then(deleted);
    spec.given(created, deleted).when({ type: 'delete', uses: [] }).rejected('label-already-deleted');
  });
  it('cannot be changed or deleted before it exists', () => {
    spec
      .given()
      .when({ type: 'change', label: { value: 'x' }, around })
      .rejected('not-found-error');
  });
});
