/** Who people are, and how they log in and out. */
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';

const { action, collection } = routesOf('gateway');

export const peopleRoutes: readonly Route[] = [
  action({
    method: 'POST',
    path: '/login_users/authenticate',
    collection: 'login_users',
    op: 'authenticate',
    body: 'action',
    needs: 'password',
  }),
  // The guide writes the user's href there, and clients its id.
  ...['/login_users/{user}/password', '/login_users/users/{user}/password'].map((path) =>
    action({
      method: 'PUT',
      path,
      collection: 'login_users',
      op: 'change_password',
      body: 'action',
      needs: 'password',
      success: 204,
    }),
  ),
  action({ method: 'GET', path: '/users/login', collection: 'users', op: 'login', needs: 'log-in' }),
  action({
    method: 'PUT',
    path: '/users/{user}/logout',
    collection: 'users',
    op: 'logout',
    body: 'action',
    needs: 'read',
    success: 204,
  }),
  ...collection('users', '/users', ['list', 'get', 'update']),
];
