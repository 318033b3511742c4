/** API keys as they are shown and looked up. Secrets are not here; see `adapters/api-key-check.ts`. */
import type { ApiKey } from '@ringfence/contracts';
import type { Projection } from '@ringfence/event-store';
import type pg from 'pg';
import type { ApiKeyEvent, Role } from '../domain/api-key.decider.js';

interface KeyRow {
  readonly username: string;
  readonly user_id: string;
  readonly name: string;
  readonly description: string;
  readonly role: Role;
  readonly created_at: Date;
}

export const apiKeysProjection: Projection = {
  name: 'api_keys',
  version: 1,
  tables: `create table if not exists api_keys (
    username text primary key, user_id text not null, name text not null, description text not null,
    role text not null, created_at timestamptz not null)`,
  apply: async (tx, event) => {
    const fact = { type: event.type, data: event.data } as ApiKeyEvent;
    if (fact.type === 'ApiKeyRevoked') {
      await tx.query('delete from api_keys where username = $1', [fact.data.username]);
      return;
    }
    if (fact.type !== 'ApiKeyCreated' && fact.type !== 'ApiKeyChanged') return;
    const { username, user, name, description, role } = fact.data;
    await tx.query(
      `insert into api_keys (username, user_id, name, description, role, created_at) values ($1, $2, $3, $4, $5, $6)
       on conflict (username) do update set name = excluded.name, description = excluded.description`,
      [username, user, name, description, role, event.at],
    );
  },
};

export async function listApiKeys(pool: pg.Pool, user: string): Promise<ApiKey[]> {
  const found = await pool.query<KeyRow>(
    'select * from api_keys where user_id = $1 order by created_at, username',
    [user],
  );
  return found.rows.map(view);
}

export async function findApiKey(pool: pg.Pool, user: string, keyId: string): Promise<ApiKey | undefined> {
  const found = await pool.query<KeyRow>('select * from api_keys where user_id = $1 and username = $2', [
    user,
    `api_${keyId}`,
  ]);
  return found.rows.map(view)[0];
}

function view(row: KeyRow): ApiKey {
  const keyId = row.username.replace(/^api_/, '');
  return {
    href: `/users/${row.user_id}/api_keys/${keyId}`,
    key_id: keyId,
    auth_username: row.username,
    name: row.name,
    description: row.description,
    role: row.role,
    created_at: row.created_at.toISOString(),
  };
}
