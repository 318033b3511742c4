/**
 * Makes, changes and revokes API keys: events for what everybody may know, the hash and the line of the audit trail beside them in
 * the same transaction.
 */
import { randomBytes } from 'node:crypto';
import { isRejection } from '@ringfence/decider';
import { GLOBAL } from '@ringfence/contracts';
import type { Actor } from '@ringfence/contracts';
import { handleCommand, VersionConflict } from '@ringfence/event-store';
import type { EventMeta, EventStore } from '@ringfence/event-store';
import { apiKeyDecider } from '../../domain/api-key.decider.js';
import type { ApiKeyCommand, ApiKeyEvent, ApiKeyState } from '../../domain/api-key.decider.js';
import { refusalOf, refuse } from '../../domain/refusal.js';
import type { Refusal } from '../../domain/refusal.js';
import type { Account } from '../../domain/rest-request.js';
import { LessThan, LessThanOrEqual } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ApiKeyEntity } from '../../read/api-keys.projection.js';
import { organisationSettings } from '../../read/organisation-settings.js';
import { audited } from '../people/audited-store.js';
import type { Check } from '../people/records.store.js';
import { ApiKeySecretEntity, hashSecret } from './api-key-check.js';

const GATEWAY: Actor = { kind: 'system', id: 'gateway' };
export const streamOfKey = (username: string): string => `api_key-${username}`;
const metaOf = (actor: Actor): EventMeta => ({ actor, cluster: GLOBAL });

export interface NewApiKey {
  readonly keyId: string;
  readonly username: string;
  readonly secret: string;
}

export function newApiKey(): NewApiKey {
  const keyId = randomBytes(9).toString('hex');
  return { keyId, username: `api_${keyId}`, secret: randomBytes(32).toString('hex') };
}

export async function createApiKey(
  store: EventStore,
  key: Omit<ApiKeyState, 'username'>,
  actor: Actor,
): Promise<NewApiKey> {
  const made = newApiKey();
  const bounded: Check = (entities) => refuseTooManyKeys(entities, key.account);
  await storeKey(store, { ...key, username: made.username }, hashSecret(made.secret), {
    actor,
    check: bounded,
  });
  return made;
}

/** Of one user or service account: whose time is not over, and with those whose time is over. Programs that make one each hour stay below. */
const MOST_KEYS = 100;
const MOST_WITH_EXPIRED = 3_000;

/** Inside the transaction that makes one: who makes another meanwhile comes before or after. */
export async function refuseTooManyKeys(entities: EntityManager, { kind, id }: Account): Promise<void> {
  const whose = { kind, account: id };
  const all = await entities.countBy(ApiKeyEntity, whose);
  const over = await entities.countBy(ApiKeyEntity, { ...whose, expiresAt: LessThanOrEqual(new Date()) });
  if (all - over > MOST_KEYS || all > MOST_WITH_EXPIRED)
    throw refuse(
      'api_key_limit_exceeded',
      `there are ${MOST_KEYS} keys, or ${MOST_WITH_EXPIRED} with those whose time is over: delete some`,
    );
}

/** The key that the operator gave in the environment. Known already, revoked or not: left as it is. */
export async function ensureBootstrapKey(store: EventStore, pair: string | undefined): Promise<boolean> {
  if (pair === undefined) return false;
  const colon = pair.indexOf(':');
  const username = pair.slice(0, colon);
  const { version } = await store.load(streamOfKey(username));
  if (version > 0) return false;
  const key = {
    account: { kind: 'user', id: '1' },
    username,
    expiresAt: null,
    name: 'bootstrap',
    description: 'given to the gateway at its start',
    role: 'owner',
  } as const;
  return storeKey(store, key, hashSecret(pair.slice(colon + 1)), { actor: GATEWAY }).then(
    () => true,
    (error: unknown) => {
      // Another process that starts with it was faster.
      if (error instanceof VersionConflict) return false;
      throw error;
    },
  );
}

interface Storing {
  readonly actor: Actor;
  readonly check?: Check;
}

async function storeKey(
  store: EventStore,
  key: ApiKeyState,
  hash: Buffer,
  { actor, check }: Storing,
): Promise<void> {
  const withSecret = audited(store, async (entities) => {
    await entities.insert(ApiKeySecretEntity, { username: key.username, hash });
    await check?.(entities);
  });
  await withSecret.append(streamOfKey(key.username), 0, keyCreated(key), metaOf(actor));
}

export function keyCreated(key: ApiKeyState): readonly ApiKeyEvent[] {
  const decision = apiKeyDecider.decide(null, { kind: 'create', key });
  if (isRejection(decision)) throw new Error(decision.message);
  return decision;
}

export async function changeApiKey(
  store: EventStore,
  username: string,
  command: ApiKeyCommand,
  actor: Actor,
): Promise<void> {
  const { rejected } = await handleCommand(
    audited(store),
    apiKeyDecider,
    streamOfKey(username),
    command,
    metaOf(actor),
  );
  if (rejected !== undefined)
    throw rejection(rejected.code ?? 'FAILED_PRECONDITION', rejected.reason, rejected.message);
  if (command.kind === 'revoke') await store.entities.delete(ApiKeySecretEntity, username);
}

/** Keys whose time has been over for as long as the settings have them shown. */
export async function forgetExpired(store: EventStore): Promise<void> {
  const { expired_api_keys_retention_in_seconds: kept } = await organisationSettings.get(store.entities);
  const before = new Date(Date.now() - kept * 1_000);
  const over = await store.entities.findBy(ApiKeyEntity, { expiresAt: LessThan(before) });
  for (const { username } of over)
    await changeApiKey(store, username, { kind: 'revoke', byUsername: '' }, GATEWAY);
}

function rejection(code: Parameters<typeof refusalOf>[0], token: string, message: string): Refusal {
  return refusalOf(code, [{ token, message }], '');
}
