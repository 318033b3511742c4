/** API keys as they are shown. */
import { actorHref } from '@ringfence/contracts';
import type { ApiKey } from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import { In } from 'typeorm';
import { accountOf, keyIdOf } from '../../read/api-keys.projection.js';
import type { KeyRow } from '../../read/api-keys.projection.js';
import { ApiKeySecretEntity } from '../admission/api-key-check.js';
import type { NewApiKey } from '../admission/api-keys.store.js';
import type { Account } from '../../domain/rest-request.js';
import { organisationSettings } from '../../read/organisation-settings.js';

export const hrefOfKey = (account: Account, keyId: string): string =>
  `${actorHref(account)}/api_keys/${keyId}`;

export async function shownKeys(entities: EntityManager, keys: readonly KeyRow[]): Promise<ApiKey[]> {
  const usernames = keys.map(({ username }) => username);
  const used = await entities.find(ApiKeySecretEntity, {
    select: { username: true, usedAt: true },
    where: { username: In(usernames) },
  });
  const usedAt = new Map(used.map((each) => [each.username, each.usedAt]));
  return keys.map((key) => show(key, usedAt.get(key.username)));
}

/** The secret is shown this once. */
export const shownNewKey = (account: Account, { keyId, username, secret }: NewApiKey) => ({
  href: hrefOfKey(account, keyId),
  ...{ key_id: keyId, auth_username: username, secret },
});

export const isExpired = ({ expiresAt }: Pick<KeyRow, 'expiresAt'>): boolean =>
  expiresAt !== null && expiresAt.getTime() <= Date.now();

function show(key: KeyRow, usedAt: Date | null | undefined): ApiKey {
  const { username, name, description, role, createdAt, expiresAt, createdBy } = key;
  const keyId = keyIdOf(username);
  return {
    href: hrefOfKey(accountOf(key), keyId),
    ...{ key_id: keyId, auth_username: username, name, description, role },
    state: isExpired(key) ? 'expired' : 'active',
    expires_in_seconds:
      expiresAt === null ? -1 : Math.round((expiresAt.getTime() - createdAt.getTime()) / 1_000),
    created_at: createdAt.toISOString(),
    created_by: { href: createdBy },
    ...(usedAt && { last_login_on: usedAt.toISOString() }),
  };
}

/** `default`: as the settings say; -1: never. */
export async function expiryOf(entities: EntityManager, wanted: 'default' | number): Promise<string | null> {
  const byDefault = (await organisationSettings.get(entities)).max_api_key_expiration_in_seconds;
  const seconds = wanted === 'default' ? byDefault : wanted;
  return seconds < 0 ? null : new Date(Date.now() + seconds * 1_000).toISOString();
}
