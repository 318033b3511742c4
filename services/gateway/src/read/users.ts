/** Users as they are shown, and when each of them logged in. Passwords are not here; see `adapters/people/passwords.store.ts`. */
import { documents, entitiesIn, WHOLE_NUMBER } from '@ringfence/event-store';
import type { Document, Projection } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { UserEvent, UserState } from '../domain/user.decider.js';

export const users = documents<UserState, UserEvent['type']>({
  name: 'users',
  indexed: ['username'],
  written: ['UserCreated', 'UserChanged'],
  deleted: 'UserDeleted',
});

export interface SignIns {
  readonly user: string;
  readonly count: number;
  readonly lastAt: Date;
  readonly lastAddress: string;
}
export type SessionEvent =
  | { readonly type: 'UserSignedIn'; readonly data: SignedIn }
  | { readonly type: 'UserSignedOut'; readonly data: Omit<SignedIn, 'address'> };
interface SignedIn {
  /** The session's. */
  readonly id: string;
  readonly user: string;
  readonly username: string;
  readonly address: string;
}

export const SignInsEntity = new EntitySchema<SignIns>({
  name: 'SignIns',
  tableName: 'sign_ins',
  columns: {
    user: { name: 'user_id', type: 'text', primary: true },
    count: WHOLE_NUMBER,
    lastAt: { name: 'last_at', type: 'timestamptz' },
    lastAddress: { name: 'last_address', type: 'text' },
  },
});

export const signInsProjection: Projection = {
  name: 'sign_ins',
  version: 1,
  tables: `create table if not exists sign_ins (
    user_id text primary key, count bigint not null, last_at timestamptz not null, last_address text not null)`,
  apply: async (tx, events) => {
    const signIns = entitiesIn(tx).getRepository(SignInsEntity);
    for (const event of events) {
      const { type, data } = { type: event.type, data: event.data } as SessionEvent;
      if (type !== 'UserSignedIn') continue;
      const before = await signIns.findOneBy({ user: data.user });
      const count = (before?.count ?? 0) + 1;
      await signIns.save({ user: data.user, count, lastAt: new Date(event.at), lastAddress: data.address });
    }
  },
};

export interface ShownUser {
  readonly user: Document<UserState>;
  readonly signIns: SignIns | undefined;
}

export async function findUser(entities: EntityManager, id: string): Promise<ShownUser | undefined> {
  const user = await users.get(entities, id);
  if (user === null || user.deletedAt !== null) return undefined;
  return { user, signIns: (await entities.findOneBy(SignInsEntity, { user: id })) ?? undefined };
}

export async function listUsers(entities: EntityManager): Promise<ShownUser[]> {
  const signIns = new Map((await entities.find(SignInsEntity)).map((each) => [each.user, each]));
  return (await users.live(entities)).map((user) => ({ user, signIns: signIns.get(user.id) }));
}

/** Names are kept in lower case. */
export async function userNamed(entities: EntityManager, name: string): Promise<UserState | undefined> {
  const [found] = await users.having(entities, 'username', [name.trim().toLowerCase()]);
  return found?.body;
}
