import { specification } from '@ringfence/decider/testing';
import { describe, it } from 'vitest';
import { pairingProfileDecider } from './pairing-profile.decider.js';
import type { PairingProfile, PairingProfileEvent } from './pairing-profile.decider.js';

const profile: PairingProfile = {
  id: '3',
  name: 'nodes',
  description: '',
  enabled: true,
  mode: 'visibility_only',
  visibilityLevel: 'flow_summary',
  allowedUsesPerKey: 'unlimited',
  keyLifespan: 'unlimited',
  labels: ['1'],
  isDefault: false,
  externalDataSet: null,
  externalDataReference: null,
  uninterpreted: {},
};
const keyOf = { '1': 'role', '2': 'role' };
const created: PairingProfileEvent = { type: 'PairingProfileCreated', data: profile };
const at = '2026-01-01T00:00:00.000Z';
const spec = specification(pairingProfileDecider);

describe('a pairing profile', () => {
  it('is created with labels that exist, one per type', () => {
    spec.given().when({ type: 'create', profile, keyOf }).then(created);
    spec
      .given()
      .when({ type: 'create', profile: { ...profile, labels: ['9'] }, keyOf })
      .rejected('input-validation-error');
    spec
      .given()
      .when({ type: 'create', profile: { ...profile, labels: ['1', '2'] }, keyOf })
      .rejected('input-validation-error');
  });
  it('changes only what differs', () => {
    spec
      .given(created)
      .when({ type: 'change', change: { enabled: false }, keyOf })
      .then({ type: 'PairingProfileChanged', data: { ...profile, enabled: false } });
    spec
      .given(created)
      .when({ type: 'change', change: { enabled: true }, keyOf })
      .nothing();
  });
  it('issues keys while it is enabled', () => {
    spec
      .given(created)
      .when({ type: 'issue-key', key: 'k1', at })
      .then({ type: 'PairingKeyIssued', data: { id: '3', key: 'k1', at } });
    const disabled: PairingProfileEvent = {
      type: 'PairingProfileChanged',
      data: { ...profile, enabled: false },
    };
    spec
      .given(created, disabled)
      .when({ type: 'issue-key', key: 'k1', at })
      .rejected('pairing-profile-disabled');
  });
  it('stays when it is the default', () => {
    spec
      .given(created)
      .when({ type: 'delete' })
      .then({ type: 'PairingProfileDeleted', data: { id: '3' } });
    const standard: PairingProfileEvent = {
      type: 'PairingProfileCreated',
      data: { ...profile, isDefault: true },
    };
    spec.given(standard).when({ type: 'delete' }).rejected('pairing-profile-is-default');
    spec
      .given(standard)
      .when({ type: 'create', profile: { ...profile, isDefault: true }, keyOf })
      .nothing();
  });
});
