/**
 * Who is logged in. A password is exchanged for a token that lives half a minute and works once, that one for a session's, which ends when it
 * is not used. Both are random, so that their SHA-256 is all that is kept; every gateway sees them.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { GLOBAL } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { EntitySchema, LessThan, MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { UserState } from '../../domain/user.decider.js';
import { passwordPolicy } from '../../read/password-policy.js';
import type { SessionEvent } from '../../read/users.js';
import { audited } from './audited-store.js';

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

export async function issueLoginToken(entities: EntityManager, user: string): Promise<string> {
  const token = randomBytes(32).toString('hex');
  await entities.insert(LoginTokenEntity, { hash: hashOf(token), user, at: new Date() });
  return token;
}

/** Whose it was. A second time it is nobody's. */
export async function redeemLoginToken(entities: EntityManager, token: string): Promise<string | undefined> {
  const hash = hashOf(token);
  const row = await entities.findOneBy(LoginTokenEntity, { hash, at: MoreThan(ago(TOKEN_LIVES_MS)) });
  const { affected } = await entities.delete(LoginTokenEntity, { hash });
  return row !== null && affected === 1 ? row.user : undefined;
}

/** The session's token. */
export async function openSession(store: EventStore, user: UserState, address: string): Promise<string> {
  const token = randomBytes(32).toString('hex');
  const id = randomUUID();
  const row = { hash: hashOf(token), id, user: user.id, usedAt: new Date() };
  const event: SessionEvent = { type: 'UserSignedIn', data: { ...named(id, user), address } };
  await record(store, user.id, event, (entities) => entities.insert(SessionEntity, row));
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
