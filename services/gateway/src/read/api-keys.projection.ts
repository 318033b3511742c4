/** API keys as they are shown and looked up. Secrets are not here; see `adapters/api-key-check.ts`. */
import type { ApiKey } from '@ringfence/contracts';
import { entitiesIn } from '@ringfence/event-store';
import type { Projection, StoredEvent } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager, Repository } from 'typeorm';
import type { ApiKeyEvent, ApiKeyState, Role } from '../domain/api-key.decider.js';

interface KeyRow {
  readonly username: string;
  readonly user: string;
  readonly name: string;
  readonly description: string;
  readonly role: Role;
  readonly createdAt: Date;
}

export const ApiKeyEntity = new EntitySchema<KeyRow>({
  name: 'ApiKey',
  tableName: 'api_keys',
  columns: {
    username: { type: 'text', primary: true },
    user: { name: 'user_id', type: 'text' },
    name: { type: 'text' },
    description: { type: 'text' },
    role: { type: 'text' },
    createdAt: { name: 'created_at', type: 'timestamptz' },
  },
});

export const apiKeysProjection: Projection = {
  name: 'api_keys',
  version: 1,
  tables: `create table if not exists api_keys (
    username text primary key, user_id text not null, name text not null, description text not null,
    role text not null, created_at timestamptz not null)`,
  apply: async (tx, events) => {
    for (const event of events) await fold(entitiesIn(tx).getRepository(ApiKeyEntity), event);
  },
};

async function fold(keys: Repository<KeyRow>, event: StoredEvent): Promise<void> {
  const { type, data } = { type: event.type, data: event.data } as ApiKeyEvent;
  switch (type) {
    case 'ApiKeyCreated':
      await keys.insert({ ...rowOf(data), createdAt: new Date(event.at) });
      break;
    case 'ApiKeyChanged':
      await keys.update(data.username, rowOf(data));
      break;
    case 'ApiKeyRevoked':
      await keys.delete(data.username);
      break;
    default:
  }
}

const rowOf = ({ username, user, name, description, role }: ApiKeyState): Omit<KeyRow, 'createdAt'> => ({
  ...{ username, user, name, description, role },
});

export async function listApiKeys(entities: EntityManager, user: string): Promise<ApiKey[]> {
  const order = { createdAt: 'asc', username: 'asc' } as const;
  return (await entities.find(ApiKeyEntity, { where: { user }, order })).map(view);
}

export async function findApiKey(
  entities: EntityManager,
  user: string,
  keyId: string,
): Promise<ApiKey | undefined> {
  const row = await entities.findOneBy(ApiKeyEntity, { user, username: `api_${keyId}` });
  return row === null ? undefined : view(row);
}

function view(row: KeyRow): ApiKey {
  const keyId = row.username.replace(/^api_/, '');
  return {
    href: `/users/${row.user}/api_keys/${keyId}`,
    key_id: keyId,
    auth_username: row.username,
    name: row.name,
    description: row.description,
    role: row.role,
    created_at: row.createdAt.toISOString(),
  };
}
