/** Who people are, how they log in and out, and who may what. */
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';

const ORG = '/orgs/{org}';

const { action, collection } = routesOf('gateway');

/** The guide writes the user's href there, and clients his id, or that it is himself. */
const OWN_PASSWORD = [
  ...['/login_users/{user}/password', '/login_users/users/{user}/password', '/login_users/me/password'],
  '/users/{user}/local_profile/password',
];

export const peopleRoutes: readonly Route[] = [
  action({
    method: 'POST',
    path: '/login_users/authenticate',
    collection: 'login_users',
    op: 'authenticate',
    body: 'action',
    needs: 'password',
    says: 'Exchanges user name and password for a token that lives half a minute: `GET /users/login` makes a session of it.',
  }),
  ...OWN_PASSWORD.map((path) =>
    action({
      method: 'PUT',
      path,
      collection: 'login_users',
      op: 'change_password',
      body: 'action',
      needs: 'password',
      success: 204,
      says: 'Changes the own password, by user name and old password; every session of the user ends.',
    }),
  ),
  action({
    method: 'GET',
    path: '/users/login',
    collection: 'users',
    op: 'login',
    needs: 'log-in',
    says: 'Makes a session of the token of a log-in (`session_token`, shown this once); for a key or a session, tells who that is.',
  }),
  action({
    method: 'PUT',
    path: '/users/{user}/logout',
    collection: 'users',
    op: 'logout',
    body: 'action',
    needs: 'read',
    success: 204,
    says: 'Ends the session that asks.',
  }),
  ...collection('users', '/users', ['list', 'create', 'get', 'update']),
  ...collection('users/orgs', '/users/{user}/orgs', ['list']),
  ...collection('users/local_profile', '/users/{user}/local_profile', ['create']),
  action({
    method: 'DELETE',
    path: '/users/{user}/local_profile',
    collection: 'users/local_profile',
    op: 'delete',
    success: 204,
    says: 'Lets the user in no more: the password, its sessions and keys are refused until another password is made.',
  }),
  ...collection('roles', `${ORG}/roles`, ['list', 'get']),
  ...collection('permissions', `${ORG}/permissions`),
  ...collection('auth_security_principals', `${ORG}/auth_security_principals`),
];
