/** Makes and changes users, and their passwords: events for what everybody may know, the hash beside them in the same transaction. */
import { isRejection } from '@ringfence/decider';
import { GLOBAL } from '@ringfence/contracts';
import type { Actor } from '@ringfence/contracts';
import { handleCommand, VersionConflict } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { refusalOf, refuse } from '../../domain/refusal.js';
import { userDecider } from '../../domain/user.decider.js';
import type { UserCommand, UserState } from '../../domain/user.decider.js';
import { users } from '../../read/users.js';
import { audited } from './audited-store.js';
import { hashPassword, isPassword } from './passwords.js';
import { endSessions } from './sessions.store.js';

export const FIRST_USER = '1';
const SYSTEM: Actor = { kind: 'system', id: 'gateway' };
const streamOf = (id: string): string => `user-${id}`;

export const PasswordEntity = new EntitySchema<{ readonly user: string; readonly hash: string }>({
  name: 'Password',
  tableName: 'user_passwords',
  columns: { user: { name: 'user_id', type: 'text', primary: true }, hash: { type: 'text' } },
});

/** Whoever has the product first; known already: left as he is. `password`: none, and the server's owner sets one (`ringfence-admin`). */
export async function ensureFirstUser(
  store: EventStore,
  username: string,
  password: string | undefined,
): Promise<boolean> {
  if ((await store.load(streamOf(FIRST_USER))).version > 0) return false;
  const user = { ...person(username), id: FIRST_USER, fullName: 'First administrator' };
  const hash = password === undefined ? undefined : await hashPassword(password);
  try {
    await keepNew(store, user, hash, SYSTEM);
    return true;
  } catch (error) {
    // Another process that starts with it was faster.
    if (error instanceof VersionConflict) return false;
    throw error;
  }
}

const person = (username: string): Omit<UserState, 'id' | 'fullName'> => ({
  username: username.trim().toLowerCase(),
  timeZone: 'UTC',
  locked: false,
});

async function keepNew(
  store: EventStore,
  user: UserState,
  hash: string | undefined,
  actor: Actor,
): Promise<void> {
  const decision = userDecider.decide(null, { kind: 'create', user });
  if (isRejection(decision)) throw new Error(decision.message);
  const withPassword = audited(store, async (entities) => {
    await onlyOfThatName(entities, user.username);
    if (hash !== undefined) await entities.insert(PasswordEntity, { user: user.id, hash });
  });
  await withPassword.append(streamOf(user.id), 0, decision, { actor, cluster: GLOBAL });
}

/** Inside the transaction that wrote it, and nobody else writes meanwhile. */
async function onlyOfThatName(entities: EntityManager, username: string): Promise<void> {
  const named = await users.having(entities, 'username', [username]);
  if (named.length > 1) throw refuse('username_not_unique', `a user "${username}" exists`);
}

export function changeUser(store: EventStore, id: string, command: UserCommand, actor: Actor): Promise<void> {
  return run(audited(store), id, command, actor);
}

/** Whoever was logged in with the old one is no more. */
export async function setPassword(
  store: EventStore,
  user: Pick<UserState, 'id' | 'username'>,
  { password, kind }: { readonly password: string; readonly kind: 'change-password' | 'reset-password' },
  actor: Actor,
): Promise<void> {
  await acceptable(store, user, password);
  const hash = await hashPassword(password);
  const withPassword = audited(store, async (entities) => {
    await entities.upsert(PasswordEntity, { user: user.id, hash }, ['user']);
    await endSessions(entities, user.id);
  });
  await run(withPassword, user.id, { kind }, actor);
}

async function run(store: EventStore, id: string, command: UserCommand, actor: Actor): Promise<void> {
  const meta = { actor, cluster: GLOBAL };
  const { rejected } = await handleCommand(store, userDecider, streamOf(id), command, meta);
  if (rejected === undefined) return;
  const { code = 'FAILED_PRECONDITION', reason: token, message } = rejected;
  throw refusalOf(code, [{ token, message }], '');
}

async function acceptable(
  store: EventStore,
  { id, username }: Pick<UserState, 'id' | 'username'>,
  password: string,
): Promise<void> {
  if (password.toLowerCase().includes(username))
    throw refuse('password_not_acceptable', 'password: it holds the user name; choose another');
  const old = await hashOf(store.entities, id);
  if (old !== undefined && (await isPassword(password, old)))
    throw refuse('password_not_acceptable', 'password: it is the old one; choose another');
}

export async function hashOf(entities: EntityManager, user: string): Promise<string | undefined> {
  return (await entities.findOneBy(PasswordEntity, { user }))?.hash;
}
