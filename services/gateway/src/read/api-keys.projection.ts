/** API keys as they are shown and looked up. Secrets are not here, nor when one was used last; see `adapters/admission/api-key-check.ts`. */
import { actorHref } from '@ringfence/contracts';
import { entitiesIn } from '@ringfence/event-store';
import type { Projection, StoredEvent } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager, Repository } from 'typeorm';
import { keyOf } from '../domain/api-key.decider.js';
import type { ApiKeyEvent, ApiKeyState, Role } from '../domain/api-key.decider.js';
import type { Account } from '../domain/rest-request.js';

export interface KeyRow {
  readonly username: string;
  readonly kind: Account['kind'];
  /** Of the account. */
  readonly account: string;
  readonly name: string;
  readonly description: string;
  readonly role: Role;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  /** An href. */
  readonly createdBy: string;
}

export const ApiKeyEntity = new EntitySchema<KeyRow>({
  name: 'ApiKey',
  tableName: 'api_keys',
  columns: {
    username: { type: 'text', primary: true },
    kind: { name: 'account_kind', type: 'text' },
    account: { name: 'account_id', type: 'text' },
    name: { type: 'text' },
    description: { type: 'text' },
    role: { type: 'text' },
    expiresAt: { name: 'expires_at', type: 'timestamptz', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    createdBy: { name: 'created_by', type: 'text' },
  },
});

export const apiKeysProjection: Projection = {
  name: 'api_keys',
  version: 2,
  tables: `create table if not exists api_keys (
    username text primary key, account_kind text not null, account_id text not null, name text not null,
    description text not null, role text not null, expires_at timestamptz, created_at timestamptz not null,
    created_by text not null)`,
  apply: async (tx, events) => {
    for (const event of events) await fold(entitiesIn(tx).getRepository(ApiKeyEntity), event);
  },
};

async function fold(keys: Repository<KeyRow>, event: StoredEvent): Promise<void> {
  const { type, data } = { type: event.type, data: event.data } as ApiKeyEvent;
  switch (type) {
    case 'ApiKeyCreated': {
      const made = { createdAt: new Date(event.at), createdBy: actorHref(event.actor) };
      await keys.insert({ ...rowOf(keyOf(data)), ...made });
      break;
    }
    case 'ApiKeyChanged':
      await keys.update(data.username, rowOf(keyOf(data)));
      break;
    case 'ApiKeyRevoked':
      await keys.delete(data.username);
      break;
    default:
  }
}

const rowOf = ({ account, expiresAt, ...key }: ApiKeyState): Omit<KeyRow, 'createdAt' | 'createdBy'> => ({
  ...key,
  ...{ kind: account.kind, account: account.id },
  expiresAt: expiresAt === null ? null : new Date(expiresAt),
});

export const accountOf = ({ kind, account }: Pick<KeyRow, 'kind' | 'account'>): Account => ({
  kind,
  id: account,
});
/** `api_…` without its beginning. */
export const keyIdOf = (username: string): string => username.slice('api_'.length);

export function keysOf(entities: EntityManager, { kind, id }: Account): Promise<KeyRow[]> {
  return entities.find(ApiKeyEntity, { where: { kind, account: id }, order: IN_ORDER });
}

export const allKeys = (entities: EntityManager): Promise<KeyRow[]> =>
  entities.find(ApiKeyEntity, { order: IN_ORDER });

const IN_ORDER = { createdAt: 'asc', username: 'asc' } as const;

/** `account`: no matter whose. */
export async function findKey(
  entities: EntityManager,
  keyId: string,
  account?: Account,
): Promise<KeyRow | undefined> {
  const whose = account && { kind: account.kind, account: account.id };
  const row = await entities.findOneBy(ApiKeyEntity, { ...whose, username: `api_${keyId}` });
  return row ?? undefined;
}
