import { specification } from '@ringfence/decider/testing';
import { describe, it } from 'vitest';
import { apiKeyDecider } from './api-key.decider.js';
import type { ApiKeyEvent, ApiKeyState } from './api-key.decider.js';

const named = { username: 'api_1', name: 'ci', description: '', role: 'owner' } as const;
const key: ApiKeyState = { ...named, account: { kind: 'user', id: '1' }, expiresAt: null };
const created: ApiKeyEvent = { type: 'ApiKeyCreated', data: key };

describe('an API key', () => {
  const spec = specification(apiKeyDecider);

  it('is made once', () => {
    spec.given().when({ kind: 'create', key }).then(created);
    spec.given(created).when({ kind: 'create', key }).rejected('api-key-exists');
  });

  it('is renamed, and stays quiet when nothing changes', () => {
    spec
      .given(created)
      .when({ kind: 'change', name: 'cd' })
      .then({ type: 'ApiKeyChanged', data: { ...key, name: 'cd' } });
    spec.given(created).when({ kind: 'change', name: 'ci' }).nothing();
    spec.given().when({ kind: 'change', name: 'cd' }).rejected('not_found_error');
  });

  it('that was written when all were of people is read as one that never ends', () => {
    spec
      .given({ type: 'ApiKeyCreated', data: { ...named, user: '1' } })
      .when({ kind: 'change', name: 'cd' })
      .then({ type: 'ApiKeyChanged', data: { ...key, name: 'cd' } });
  });

  it('is revoked by another key, not by itself, and then is gone', () => {
    const revoked: ApiKeyEvent = { type: 'ApiKeyRevoked', data: { username: 'api_1' } };
    spec.given(created).when({ kind: 'revoke', byUsername: 'api_2' }).then(revoked);
    spec.given(created).when({ kind: 'revoke', byUsername: 'api_1' }).rejected('cannot_delete_own_key');
    spec.given(created, revoked).when({ kind: 'revoke', byUsername: 'api_2' }).rejected('not_found_error');
  });
});
