/**
 * Who is logged in. A password is exchanged for a token that lives half a minute and works once, that one for a session's, which ends when it
 * is not used. Both are random, so that their SHA-256 is all that is kept; every gateway sees them.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { GLOBAL } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { EntitySchema, LessThan, MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { refuse } from '../../domain/refusal.js';
import type { UserState } from '../../domain/user.decider.js';
import { passwordPolicy } from '../../read/password-policy.js';
import type { SessionEvent } from '../../read/users.js';
import { audited } from './audited-store.js';
import { isStillHis } from './passwords.store.js';

const TOKEN_LIVES_MS = 30_000;
/** How exactly it is known when a session was used last. */
const NOTED_EVERY_MS = 15_000;

interface LoginTokenRow {
  readonly hash: Buffer;
  readonly user: string;
  readonly at: Date;
}
export const LoginTokenEntity = new EntitySchema<LoginTokenRow>({
  name: 'LoginToken',
  tableName: 'login_tokens',
  columns: {
    hash: { type: 'bytea', primary: true },
    user: { name: 'user_id', type: 'text' },
    at: { type: 'timestamptz' },
  },
});

interface SessionRow {
  readonly hash: Buffer;
  readonly id: string;
  readonly user: string;
  readonly usedAt: Date;
}
export const SessionEntity = new EntitySchema<SessionRow>({
  name: 'Session',
  tableName: 'sessions',
  columns: {
    hash: { type: 'bytea', primary: true },
    id: { type: 'uuid' },
    user: { name: 'user_id', type: 'text' },
    usedAt: { name: 'used_at', type: 'timestamptz' },
  },
});

export interface Session {
  readonly id: string;
  readonly user: string;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
/** Whoever was not used since then is logged in no more. */
const idleSince = async (entities: EntityManager): Promise<Date> =>
  ago((await passwordPolicy.get(entities)).session_timeout_minutes * 60_000);
const ago = (milliseconds: number): Date => new Date(Date.now() - milliseconds);

/** `proof`: of the password that was shown. Checking it took a while, in which it may have been changed. */
export async function issueLoginToken(entities: EntityManager, user: string, proof: string): Promise<string> {
  const token = randomBytes(32).toString('hex');
  await entities.transaction(async (tx) => {
    if (!(await isStillHis(tx, user, proof)))
      throw refuse('authentication_failed', 'the password was changed');
    await tx.insert(LoginTokenEntity, { hash: hashOf(token), user, at: new Date() });
  });
  return token;
}

/** Whose it is; nobody's once a session was made of it. */
export async function userOfLoginToken(entities: EntityManager, token: string): Promise<string | undefined> {
  const at = MoreThan(ago(TOKEN_LIVES_MS));
  return (await entities.findOneBy(LoginTokenEntity, { hash: hashOf(token), at }))?.user;
}

export interface LogIn {
  readonly address: string;
  /** Of the log-in. */
  readonly token: string;
}

/** The session's token. Made in one step with the end of the log-in's: whoever changes the password ends the one or the other. */
export async function openSession(
  store: EventStore,
  user: UserState,
  { address, token: exchanged }: LogIn,
): Promise<string> {
  const token = randomBytes(32).toString('hex');
  const id = randomUUID();
  const row = { hash: hashOf(token), id, user: user.id, usedAt: new Date() };
  const event: SessionEvent = { type: 'UserSignedIn', data: { ...named(id, user), address } };
  await record(store, user.id, event, async (entities) => {
    const { affected } = await entities.delete(LoginTokenEntity, { hash: hashOf(exchanged) });
    if (affected !== 1) throw refuse('authentication_failed', 'the token was used, or the password changed');
    await entities.insert(SessionEntity, row);
  });
  return token;
}

export async function closeSession(store: EventStore, id: string, user: UserState): Promise<void> {
  const event: SessionEvent = { type: 'UserSignedOut', data: named(id, user) };
  await record(store, user.id, event, (entities) => entities.delete(SessionEntity, { id }));
}

const named = (id: string, user: UserState) => ({ id, user: user.id, username: user.username });

async function record(
  store: EventStore,
  user: string,
  event: SessionEvent,
  also: (entities: EntityManager) => Promise<unknown>,
): Promise<void> {
  const meta = { actor: { kind: 'user', id: user } as const, cluster: GLOBAL };
  await audited(store, also).append(`session-${event.data.id}`, 'any', [event], meta);
}

/** Undefined: there is none, or it was not used for too long. Asking uses it. */
export async function findSession(
  entities: EntityManager,
  user: string,
  token: string,
): Promise<Session | undefined> {
  const hash = hashOf(token);
  const row = await entities.findOneBy(SessionEntity, {
    hash,
    user,
    usedAt: MoreThan(await idleSince(entities)),
  });
  if (row === null) return undefined;
  if (row.usedAt < ago(NOTED_EVERY_MS))
    await entities.update(SessionEntity, { hash }, { usedAt: new Date() });
  return { id: row.id, user };
}

export async function endSessions(entities: EntityManager, user: string): Promise<void> {
  await entities.delete(SessionEntity, { user });
  await entities.delete(LoginTokenEntity, { user });
}

export async function pruneSessions(entities: EntityManager): Promise<void> {
  await entities.delete(SessionEntity, { usedAt: LessThan(await idleSince(entities)) });
  await entities.delete(LoginTokenEntity, { at: LessThan(ago(TOKEN_LIVES_MS)) });
}
