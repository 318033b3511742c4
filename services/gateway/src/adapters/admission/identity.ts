/** Who an authorization is: an API key, a session, or on the way to one a password or the token that it was exchanged for. */
import type { EntityManager } from 'typeorm';
import type { Caller } from '../../domain/rest-request.js';
import type { Need } from '../../domain/route.js';
import { findUser, userNamed } from '../../read/users.js';
import { isPassword } from '../people/passwords.js';
import { findSession, redeemLoginToken } from '../people/sessions.store.js';
import { hashOf } from '../people/users.store.js';
import type { ApiKeyCheck } from './api-key-check.js';
import type { Authorization } from './authorization.js';

export type Identify = (authorization: Authorization, need: Need) => Promise<Caller | undefined>;

const SESSION_NAME = /^user_([1-9][0-9]{0,17})$/;

export function identity(entities: EntityManager, keys: ApiKeyCheck): Identify {
  return async (authorization, need) => {
    if (authorization.kind === 'token')
      return need === 'log-in' ? ofToken(entities, authorization.token) : undefined;
    const { name, secret } = authorization;
    if (need === 'password') return ofPassword(entities, name, secret);
    const [, user] = SESSION_NAME.exec(name) ?? [];
    return user === undefined ? keys.check(name, secret) : ofSession(entities, user, secret);
  };
}

async function ofPassword(
  entities: EntityManager,
  name: string,
  secret: string,
): Promise<Caller | undefined> {
  const user = await userNamed(entities, name);
  const hash = user === undefined ? undefined : await hashOf(entities, user.id);
  const isRight = await isPassword(secret, hash);
  return isRight && user?.locked === false ? callerOf(user.id) : undefined;
}

async function ofToken(entities: EntityManager, token: string): Promise<Caller | undefined> {
  const id = await redeemLoginToken(entities, token);
  const found = id === undefined ? undefined : await findUser(entities, id);
  return found?.user.body.locked === false ? { ...callerOf(found.user.id), logsIn: true } : undefined;
}

async function ofSession(entities: EntityManager, user: string, token: string): Promise<Caller | undefined> {
  const session = await findSession(entities, user, token);
  return session === undefined ? undefined : { ...callerOf(user), session: session.id };
}

const callerOf = (user: string): Caller => ({ user, username: `user_${user}`, role: 'owner' });
