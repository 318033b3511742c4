/** Makes and changes users, and their passwords: events for what everybody may know, the hash beside them in the same transaction. */
import { isRejection } from '@ringfence/decider';
import { GLOBAL } from '@ringfence/contracts';
import type { Actor } from '@ringfence/contracts';
import { handleCommand } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';
import { refusalOf, refuse } from '../../domain/refusal.js';
import { passwordProblem } from '../../domain/password-policy.js';
import { userDecider } from '../../domain/user.decider.js';
import type { UserCommand, UserState } from '../../domain/user.decider.js';
import { passwordPolicy } from '../../read/password-policy.js';
import { users } from '../../read/users.js';
import { audited } from './audited-store.js';
import { anOwnerRemains } from './grants.js';
import { refuseTooManyUsers } from './limits.js';
import { hashPassword, isPassword } from './passwords.js';
import { hashOf, PasswordEntity } from './passwords.store.js';
import { endSessions } from './sessions.store.js';

/** Made at the first start; whose the bootstrap API key is. */
export const FIRST_USER = '1';
export const streamOfUser = (id: string): string => `user-${id}`;

/** `password`: none, and nobody logs in as him until the server's owner has set one (`ringfence-admin`). */
export async function createUser(
  store: EventStore,
  user: Omit<UserState, 'locked'>,
  password: string | undefined,
  actor: Actor,
): Promise<void> {
  const hash = password === undefined ? undefined : await hashPassword(password);
  const named = { ...user, username: user.username.trim().toLowerCase(), locked: false };
  await keepNew(store, named, hash, actor);
}

/** The first one is there from the start. */
export async function nextUserId(store: EventStore): Promise<string> {
  const [drawn = ''] = await store.nextIds('user');
  return String(BigInt(drawn) + BigInt(FIRST_USER));
}

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
    await refuseTooManyUsers(entities);
    if (hash !== undefined) await entities.insert(PasswordEntity, { user: user.id, hash });
  });
  await withPassword.append(streamOfUser(user.id), 0, decision, { actor, cluster: GLOBAL });
}

/** Inside the transaction that wrote it, and nobody else writes meanwhile. */
async function onlyOfThatName(entities: EntityManager, username: string): Promise<void> {
  const named = await users.having(entities, 'username', [username]);
  if (named.length > 1) throw refuse('username_not_unique', `a user "${username}" exists`);
}

export function changeUser(store: EventStore, id: string, command: UserCommand, actor: Actor): Promise<void> {
  return run(audited(store), id, command, actor);
}

/** Whoever was logged in with the old one is no more. One that is reset was made here, at random: nobody has chosen it. */
export async function setPassword(
  store: EventStore,
  user: Pick<UserState, 'id' | 'username'>,
  { password, kind }: { readonly password: string; readonly kind: 'change-password' | 'reset-password' },
  actor: Actor,
): Promise<void> {
  if (kind === 'change-password') await acceptable(store, user, password);
  const hash = await hashPassword(password);
  const withPassword = audited(store, async (entities) => {
    await entities.upsert(PasswordEntity, { user: user.id, hash }, ['user']);
    await endSessions(entities, user.id);
  });
  await run(withPassword, user.id, { kind }, actor);
}

/** Nobody logs in as him from here on, and his keys are refused; a new password lets him in again. */
export async function lockOut(store: EventStore, id: string, actor: Actor): Promise<void> {
  const withoutSessions = audited(store, async (entities) => {
    await entities.delete(PasswordEntity, { user: id });
    await endSessions(entities, id);
    await anOwnerRemains(entities);
  });
  await run(withoutSessions, id, { kind: 'change', change: { locked: true } }, actor);
}

async function run(store: EventStore, id: string, command: UserCommand, actor: Actor): Promise<void> {
  const meta = { actor, cluster: GLOBAL };
  const { rejected } = await handleCommand(store, userDecider, streamOfUser(id), command, meta);
  if (rejected === undefined) return;
  const { code = 'FAILED_PRECONDITION', reason: token, message } = rejected;
  throw refusalOf(code, [{ token, message }], '');
}

async function acceptable(
  store: EventStore,
  { id, username }: Pick<UserState, 'id' | 'username'>,
  password: string,
): Promise<void> {
  await fitting(store.entities, username, password);
  const old = await hashOf(store.entities, id);
  if (old !== undefined && (await isPassword(password, old)))
    throw refuse('password_not_acceptable', 'password: it is the old one; choose another');
}

/** Of one that somebody has chosen. */
export async function fitting(entities: EntityManager, username: string, password: string): Promise<void> {
  const problem = password.toLowerCase().includes(username)
    ? 'it holds the user name; choose another'
    : passwordProblem(password, await passwordPolicy.get(entities));
  if (problem !== undefined) throw refuse('password_not_acceptable', `password: ${problem}`);
}
