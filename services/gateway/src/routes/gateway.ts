/** What the gateway answers itself: health, keys, jobs, the audit trail, and what agents exchange. */
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';
import { peopleRoutes } from './people.js';

const ORG = '/orgs/{org}';

const { action, collection } = routesOf('gateway');

export const gatewayRoutes: readonly Route[] = [
  action({ method: 'GET', path: '/health', collection: 'health', op: 'get', needs: 'nothing' }),
  action({
    method: 'GET',
    path: '/node_available',
    collection: 'node_available',
    op: 'get',
    needs: 'nothing',
  }),
  action({ method: 'GET', path: '/noop', collection: 'noop', op: 'get' }),
  action({ method: 'GET', path: '/product_version', collection: 'product_version', op: 'get' }),
  action({
    method: 'GET',
    path: '/openapi.json',
    collection: 'openapi',
    op: 'get',
    needs: 'nothing',
  }),
  ...peopleRoutes,
  ...['/users/{user}/api_keys', `${ORG}/users/{user}/api_keys`].flatMap((path) =>
    collection('users/api_keys', path),
  ),
  ...collection('jobs', `${ORG}/jobs`, ['list', 'get', 'delete']),
  ...collection('datafiles', `${ORG}/datafiles`, ['get']),
  ...collection('events', `${ORG}/events`, ['list', 'get']),
  action({ method: 'GET', path: `${ORG}/stream`, collection: 'stream', op: 'follow' }),
  action({
    method: 'POST',
    path: `${ORG}/explain`,
    collection: 'explain',
    op: 'explain',
    body: 'action',
    needs: 'read',
  }),
  action({
    method: 'POST',
    path: `${ORG}/resync`,
    collection: 'resync',
    op: 'resync',
    body: 'action',
  }),
  ...['exchange', 'pair'].map((op) =>
    action({
      method: 'POST',
      path: `/edge/${op}`,
      collection: 'edge',
      op,
      body: 'action',
      needs: 'cluster-token',
    }),
  ),
];
