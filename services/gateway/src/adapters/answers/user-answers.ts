/** People over REST (`users`), and their way in and out (`login_users`, `users/login`, `…/logout`). */
import { PasswordChange, UserCreate, UserUpdate } from '@ringfence/contracts';
import type { Login, User } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import type { z } from 'zod';
import { refuse } from '../../domain/refusal.js';
import { actorOf, userOf } from '../../domain/rest-request.js';
import type { RestReply, RestRequest } from '../../domain/rest-request.js';
import { passwordPolicy } from '../../read/password-policy.js';
import { findUser, listUsers } from '../../read/users.js';
import type { ShownUser, SignIns } from '../../read/users.js';
import type { KnownGrants } from '../admission/known-grants.js';
import { newPassword } from '../people/passwords.js';
import { closeSession, issueLoginToken, openSession } from '../people/sessions.store.js';
import { changeUser, createUser, fitting, lockOut, nextUserId, setPassword } from '../people/users.store.js';
import { shownGrant } from '../people/given-grants.js';
import type { Answer } from './answer.js';
import { collectionReply, maxResults } from './owner-answers.js';
import { PRODUCT } from './product.js';

export function userAnswers(store: EventStore, grants: KnownGrants): Readonly<Record<string, Answer>> {
  return {
    ...logInAnswers(store),
    ...profileAnswers(store, grants),
    'users create': async (request) => create(store, request),
    'users list': async (request) => {
      const { name, username } = { name: request.query['name'], username: request.query['username'] };
      const all = (await listUsers(store.entities)).map(show);
      const matched = all.filter((each) => has(each.full_name, name) && has(each.username, username));
      const reply = { body: matched, total: all.length, matched: matched.length };
      return collectionReply(reply, maxResults(request) ?? 500);
    },
    'users get': async (request) => ({ status: 200, body: show(await existing(store, idOf(request))) }),
    'users update': async (request) => {
      const { full_name: fullName, time_zone: timeZone } = UserUpdate.parse(request.body);
      const change = {
        ...(fullName === undefined ? {} : { fullName: fullName ?? '' }),
        ...(timeZone === undefined ? {} : { timeZone }),
      };
      const { user } = await existing(store, idOf(request));
      await changeUser(store, user.id, { kind: 'change', change }, actorOf(request.caller));
      return { status: 204 };
    },
  };
}

/** A password that nobody has given is made, and shown this once. */
async function create(store: EventStore, { body, caller }: RestRequest): Promise<RestReply> {
  const wanted = UserCreate.parse(body);
  const made = wanted.password === undefined ? newPassword() : undefined;
  if (wanted.password !== undefined)
    await fitting(store.entities, wanted.username.trim().toLowerCase(), wanted.password);
  const id = await nextUserId(store);
  const { username, full_name: fullName, time_zone: timeZone = 'UTC' } = wanted;
  const user = { id, username, fullName: fullName ?? '', timeZone };
  await createUser(store, user, wanted.password ?? made ?? '', actorOf(caller));
  const shown = show(await existing(store, id));
  return {
    status: 201,
    headers: { location: shown.href },
    body: { ...shown, ...(made !== undefined && { ringfence_password: made }) },
  };
}

/** Of who forgot it, or shall be let in no more. */
function profileAnswers(store: EventStore, grants: KnownGrants): Readonly<Record<string, Answer>> {
  return {
    'users/orgs list': async (request) => {
      await existing(store, idOf(request));
      return collectionReply({ body: [{ href: '/orgs/1', org_id: 1, display_name: 'Ringfence' }] }, 500);
    },
    'users/local_profile create': async (request) => {
      const { user } = await existing(store, idOf(request));
      const password = newPassword();
      await setPassword(store, user.body, { password, kind: 'reset-password' }, actorOf(request.caller));
      await grants.renew();
      return { status: 201, body: { ringfence_password: password } };
    },
    'users/local_profile delete': async (request) => {
      const { user } = await existing(store, idOf(request));
      await lockOut(store, user.id, actorOf(request.caller));
      await grants.renew();
      return { status: 204 };
    },
  };
}

const has = (text: string, part = ''): boolean => text.toLowerCase().includes(part.toLowerCase());

function logInAnswers(store: EventStore): Readonly<Record<string, Answer>> {
  return {
    'login_users authenticate': async ({ caller }) => ({
      status: 200,
      body: { auth_token: await issueLoginToken(store.entities, userOf(caller) ?? '', caller?.proof ?? '') },
    }),
    'login_users change_password': async (request) => {
      const { password } = PasswordChange.parse(request.body);
      const { body } = (await itself(store, request)).user;
      await setPassword(store, body, { password, kind: 'change-password' }, actorOf(request.caller));
      return { status: 204 };
    },
    'users login': async (request) => ({ status: 200, body: await logIn(store, request) }),
    'users logout': async (request) => {
      const { user } = await itself(store, request);
      const session = request.caller?.session;
      if (session === undefined)
        throw refuse('session_required', 'an API key is not logged in; delete it to end it');
      await closeSession(store, session, user.body);
      return { status: 204 };
    },
  };
}

const idOf = ({ match }: RestRequest): string => match.ids[0] ?? '';

async function existing(store: EventStore, id: string): Promise<ShownUser> {
  const found = await findUser(store.entities, id);
  if (found === undefined) throw refuse('not_found_error', `there is no user ${id}`);
  return found;
}

/** Nobody does it for somebody else. A path that names nobody is himself. */
async function itself(store: EventStore, request: RestRequest): Promise<ShownUser> {
  const [id = userOf(request.caller) ?? ''] = request.match.ids;
  if (id !== userOf(request.caller)) throw refuse('not_found_error', `there is no user ${id}`);
  return existing(store, id);
}

/** Whoever comes with the token of a log-in is given a session; who asks with a key or a session learns who that is. */
async function logIn(store: EventStore, { caller, ip }: RestRequest): Promise<z.input<typeof Login>> {
  const found = await findUser(store.entities, userOf(caller) ?? '');
  if (caller === undefined || found === undefined)
    throw refuse('not_found_error', 'no person signs this request; a service account is not logged in');
  const { body } = found.user;
  const policy = await passwordPolicy.get(store.entities);
  const { logsIn } = caller;
  const token = logsIn && (await openSession(store, body, { address: ip, token: logsIn }));
  return {
    href: `/users/${body.id}`,
    auth_username: caller.username,
    ...(token === undefined ? {} : { session_token: token }),
    inactivity_expiration_minutes: policy.session_timeout_minutes,
    ...lastOf(found.signIns),
    full_name: body.fullName,
    type: 'local',
    time_zone: body.timeZone,
    product_version: PRODUCT,
    orgs: [
      {
        org_id: 1,
        org_href: '/orgs/1',
        display_name: 'Ringfence',
        role_scopes: caller.grants.map(shownGrant),
      },
    ],
  };
}

function show({ user, signIns }: ShownUser): User {
  const { body } = user;
  return {
    href: `/users/${user.id}`,
    id: Number(user.id),
    username: body.username,
    full_name: body.fullName,
    time_zone: body.timeZone,
    type: 'local',
    locked: body.locked,
    login_count: signIns?.count ?? 0,
    ...lastOf(signIns),
    effective_groups: [],
    local_profile: { pending_invitation: false },
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}

/** Of who was never here, nothing: clients read texts. */
const lastOf = (signIns: SignIns | undefined): Pick<User, 'last_login_on' | 'last_login_ip_address'> =>
  signIns === undefined
    ? {}
    : { last_login_on: signIns.lastAt.toISOString(), last_login_ip_address: signIns.lastAddress };
