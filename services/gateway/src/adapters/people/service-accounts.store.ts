/**
 * Service accounts: an auth security principal of that type, its permissions and its keys, made and deleted as one. A person's keys are made
 * beside this (`admission/api-keys.store.ts`): both are kept alike.
 */
import { randomUUID } from 'node:crypto';
import { isSameValue } from '@ringfence/decider';
import type { Actor } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Grant } from '../../domain/access/roles.js';
import { apiKeyDecider } from '../../domain/api-key.decider.js';
import { refuse } from '../../domain/refusal.js';
import type { Refusal } from '../../domain/refusal.js';
import type { Account } from '../../domain/rest-request.js';
import { PERMISSIONS, PRINCIPALS } from '../../read/access-documents.js';
import type { PermissionState, PrincipalState } from '../../read/access-documents.js';
import { keysOf } from '../../read/api-keys.projection.js';
import { ApiKeySecretEntity, hashSecret } from '../admission/api-key-check.js';
import { newApiKey, refuseTooManyKeys, streamOfKey } from '../admission/api-keys.store.js';
import type { NewApiKey } from '../admission/api-keys.store.js';
import { audited } from './audited-store.js';
import { noneIsLeft, permissionsOf } from './principals.store.js';
import { deciderOf, streamOfRecord } from './records.store.js';
import type { Check } from './records.store.js';
import { writtenTogether } from './written-together.js';
import type { Decide } from './written-together.js';

export interface NewAccount {
  readonly name: string;
  readonly description: string;
  readonly restriction: string | null;
  readonly permissions: readonly Grant[];
  /** Of its first key; null: never. */
  readonly expiresAt: string | null;
}
export interface AccountChange {
  readonly principal: Partial<Omit<PrincipalState, 'id' | 'type'>>;
  /** Instead of those that are there. */
  readonly permissions?: readonly Grant[] | undefined;
}
export interface ServiceAccounts {
  create(account: NewAccount): Promise<{ readonly id: string; readonly key: NewApiKey }>;
  change(id: string, change: AccountChange): Promise<void>;
  /** Answers the keys that are no more. */
  remove(id: string): Promise<readonly string[]>;
  addKey(id: string, expiresAt: string | null): Promise<NewApiKey>;
}
/** Who asks, and what must hold once it is done. */
export interface Asker {
  readonly actor: Actor;
  /** By which key or session. */
  readonly username: string;
  readonly check: Check;
}

const PRINCIPAL = deciderOf<PrincipalState>(PRINCIPALS);
const PERMISSION = deciderOf<PermissionState>(PERMISSIONS);

export function serviceAccounts(
  store: EventStore,
  { actor, username: byUsername, check }: Asker,
): ServiceAccounts {
  return {
    create: async ({ permissions, expiresAt, ...named }) => {
      const id = randomUUID();
      const key = newApiKey();
      const record = { ...named, id, displayName: '', type: 'service_account' } as const;
      await writtenTogether(withSecret(store, key, amongAsMany(check)), actor, async (decide) => {
        await decide(PRINCIPAL, streamOfRecord(PRINCIPALS, id), { kind: 'create', record });
        for (const grant of permissions) await give(decide, id, grant);
        await makeKey(decide, { id, name: named.name, key, expiresAt });
      });
      return { id, key };
    },
    change: (id, { principal, permissions }) =>
      writtenTogether(audited(store, check), actor, async (decide) => {
        await decide(PRINCIPAL, streamOfRecord(PRINCIPALS, id), { kind: 'change', change: principal });
        if (permissions !== undefined)
          await replace(decide, permissions, await permissionsOf(store.entities, id), id);
      }),
    remove: async (id) => {
      const usernames = (await keysOf(store.entities, accountOf(id))).map(({ username }) => username);
      const withoutKeys = audited(store, async (entities) => {
        await entities.delete(ApiKeySecretEntity, { username: In(usernames) });
        await noneIsLeft(entities, id);
        await check(entities);
      });
      await writtenTogether(withoutKeys, actor, async (decide) => {
        for (const username of usernames)
          await decide(apiKeyDecider, streamOfKey(username), { kind: 'revoke', byUsername });
        await replace(decide, [], await permissionsOf(store.entities, id), id);
        await decide(PRINCIPAL, streamOfRecord(PRINCIPALS, id), { kind: 'delete' });
      });
      return usernames;
    },
    addKey: async (id, expiresAt) => {
      const key = newApiKey();
      const ofLiving = withSecret(store, key, (entities) => mayHaveThatMany(entities, id));
      const name = (await PRINCIPALS.documents.get(store.entities, id))?.body.name ?? '';
      await writtenTogether(ofLiving, actor, (decide) => makeKey(decide, { id, name, key, expiresAt }));
      return key;
    },
  };
}

const MOST_ACCOUNTS = 1_000;

const amongAsMany =
  (check: Check): Check =>
  async (entities) => {
    const { length } = await PRINCIPALS.documents.having(entities, 'type', ['service_account']);
    if (length > MOST_ACCOUNTS)
      throw refuse(
        'service_account_limit_exceeded',
        `there are ${MOST_ACCOUNTS} service accounts: delete one`,
      );
    await check(entities);
  };

async function mayHaveThatMany(entities: EntityManager, id: string): Promise<void> {
  const found = await PRINCIPALS.documents.get(entities, id);
  if (found === null || found.deletedAt !== null) throw noSuchAccount();
  await refuseTooManyKeys(entities, accountOf(id));
}

export const noSuchAccount = (): Refusal => refuse('not_found_error', 'there is no such service account');
export const accountOf = (id: string): Account => ({ kind: 'service_account', id });

const withSecret = (store: EventStore, { username, secret }: NewApiKey, check: Check): EventStore =>
  audited(store, async (entities) => {
    await entities.insert(ApiKeySecretEntity, { username, hash: hashSecret(secret), usedAt: null });
    await check(entities);
  });

interface MadeKey {
  readonly id: string;
  readonly name: string;
  readonly key: NewApiKey;
  readonly expiresAt: string | null;
}

/** It may what its account may: the role of the key itself takes nothing away. */
function makeKey(decide: Decide, { id, name, key: { username }, expiresAt }: MadeKey): Promise<void> {
  const account = accountOf(id);
  const key = { account, username, name, description: '', role: 'owner', expiresAt } as const;
  return decide(apiKeyDecider, streamOfKey(username), { kind: 'create', key });
}

function give(decide: Decide, principal: string, grant: Grant): Promise<void> {
  const record = { ...grant, id: randomUUID(), principal };
  return decide(PERMISSION, streamOfRecord(PERMISSIONS, record.id), { kind: 'create', record });
}

/** What is there and wanted stays as it is, under its href. */
async function replace(
  decide: Decide,
  wanted: readonly Grant[],
  current: readonly PermissionState[],
  principal: string,
): Promise<void> {
  const isSame = (one: Grant, other: Grant): boolean =>
    isSameValue([one.role, one.scope], [other.role, other.scope]);
  for (const permission of current)
    if (!wanted.some((each) => isSame(each, permission)))
      await decide(PERMISSION, streamOfRecord(PERMISSIONS, permission.id), { kind: 'delete' });
  for (const grant of wanted)
    if (!current.some((each) => isSame(each, grant))) await give(decide, principal, grant);
}
