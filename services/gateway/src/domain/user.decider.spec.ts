import { specification } from '@ringfence/decider/testing';
import { describe, it } from 'vitest';
import { userDecider } from './user.decider.js';
import type { UserEvent, UserState } from './user.decider.js';

const ann: UserState = { id: '2', username: 'ann@shop', fullName: 'Ann', timeZone: 'UTC', locked: false };
const created: UserEvent = { type: 'UserCreated', data: ann };
const named = { id: '2', username: 'ann@shop' };

describe('a user', () => {
  const spec = specification(userDecider);

  it('is made once', () => {
    spec.given().when({ kind: 'create', user: ann }).then(created);
    spec.given(created).when({ kind: 'create', user: ann }).rejected('user-exists');
  });

  it('is changed, and stays quiet when nothing changes', () => {
    const changed: UserEvent = { type: 'UserChanged', data: { ...ann, fullName: 'Anne' } };
    spec
      .given(created)
      .when({ kind: 'change', change: { fullName: 'Anne' } })
      .then(changed);
    spec
      .given(created, changed)
      .when({ kind: 'change', change: { fullName: 'Anne' } })
      .nothing();
    spec.given().when({ kind: 'change', change: {} }).rejected('not_found_error');
  });

  it('gets another password, of which the event says nothing', () => {
    spec.given(created).when({ kind: 'change-password' }).then({ type: 'UserPasswordChanged', data: named });
    spec.given().when({ kind: 'change-password' }).rejected('not_found_error');
  });

  it('can log in again after a reset, also who was locked', () => {
    const locked: UserEvent = { type: 'UserChanged', data: { ...ann, locked: true } };
    const reset: UserEvent = { type: 'UserPasswordReset', data: named };
    spec.given(created).when({ kind: 'reset-password' }).then(reset);
    spec
      .given(created, locked)
      .when({ kind: 'reset-password' })
      .then({ type: 'UserChanged', data: ann }, reset);
  });
});
