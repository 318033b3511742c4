/** Who an authorization is: an API key, a session, or on the way to one a password or the token that it was exchanged for. */
import { actorHref } from '@ringfence/contracts';
import type { EntityManager } from 'typeorm';
import { refuse } from '../../domain/refusal.js';
import type { Refusal } from '../../domain/refusal.js';
import type { Caller } from '../../domain/rest-request.js';
import type { Need } from '../../domain/route.js';
import { userNamed } from '../../read/users.js';
import { barredFrom } from '../people/restrictions.js';
import { isPassword } from '../people/passwords.js';
import { hashOf, proofOf } from '../people/passwords.store.js';
import { findSession, userOfLoginToken } from '../people/sessions.store.js';
import type { ApiKeyCheck } from './api-key-check.js';
import type { Authorization } from './authorization.js';
import type { KnownGrants } from './known-grants.js';

export interface Identified {
  readonly caller: Caller;
  /** Why he is not let in, though he is who he says. */
  readonly barred?: Refusal;
}
/** `address`: where he comes from. */
export type Identify = (
  authorization: Authorization,
  need: Need,
  address: string,
) => Promise<Identified | undefined>;

/** Without what he was given. */
type Known = Omit<Caller, 'grants'> & { readonly expiresAt?: Date | null };

const SESSION_NAME = /^user_([1-9][0-9]{0,17})$/;

export function identity(entities: EntityManager, keys: ApiKeyCheck, grants: KnownGrants): Identify {
  return async (authorization, need, address) => {
    const known = await knownBy(entities, keys, authorization, need);
    if (known === undefined) return undefined;
    const { expiresAt, ...who } = known;
    const standing = await grants.of(actorHref(who.account));
    if (standing === undefined) return undefined;
    const caller = { ...who, grants: standing.grants };
    const barred =
      (expiresAt && expiredKey(who.username, expiresAt)) || barredFrom(standing.restriction, who, address);
    if (barred) return { caller, barred };
    if (expiresAt !== undefined) keys.used(who.username);
    return { caller };
  };
}

function expiredKey(username: string, expiresAt: Date): Refusal | undefined {
  if (expiresAt.getTime() > Date.now()) return undefined;
  return refuse('api_key_expired', `the key ${username} expired at ${expiresAt.toISOString()}; make another`);
}

async function knownBy(
  entities: EntityManager,
  keys: ApiKeyCheck,
  authorization: Authorization,
  need: Need,
): Promise<Known | undefined> {
  if (authorization.kind === 'token')
    return need === 'log-in' ? ofToken(entities, authorization.token) : undefined;
  const { name, secret } = authorization;
  if (need === 'password') return ofPassword(entities, name, secret);
  const [, user] = SESSION_NAME.exec(name) ?? [];
  return user === undefined ? ofKey(keys, name, secret) : ofSession(entities, user, secret);
}

async function ofPassword(entities: EntityManager, name: string, secret: string): Promise<Known | undefined> {
  const user = await userNamed(entities, name);
  const hash = user === undefined ? undefined : await hashOf(entities, user.id);
  if (!(await isPassword(secret, hash)) || user === undefined || hash === undefined) return undefined;
  return { ...person(user.id), proof: proofOf(hash) };
}

async function ofToken(entities: EntityManager, token: string): Promise<Known | undefined> {
  const user = await userOfLoginToken(entities, token);
  return user === undefined ? undefined : { ...person(user), logsIn: token };
}

async function ofSession(entities: EntityManager, user: string, token: string): Promise<Known | undefined> {
  const session = await findSession(entities, user, token);
  return session && { ...person(user), session: session.id };
}

async function ofKey(keys: ApiKeyCheck, username: string, secret: string): Promise<Known | undefined> {
  const key = await keys.check(username, secret);
  if (key === undefined) return undefined;
  const { account, role, expiresAt } = key;
  return { account, username, expiresAt, ...(role === 'read_only' && { readsOnly: true }) };
}

const person = (id: string): Known => ({ account: { kind: 'user', id }, username: `user_${id}` });
