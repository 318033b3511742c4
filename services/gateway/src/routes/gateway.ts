/** What the gateway answers itself: health, keys, jobs, the audit trail, and what agents exchange. */
import { EMPTY_COLLECTIONS } from '@ringfence/contracts';
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';
import { peopleRoutes } from './people.js';

const ORG = '/orgs/{org}';

const { action, collection, single } = routesOf('gateway');

const EDGE = {
  exchange: 'Gives a cluster, for its token, the credential of its connection.',
  pair: 'Pairs a node by a pairing key and the proof of its cluster.',
};

export const gatewayRoutes: readonly Route[] = [
  action({
    method: 'GET',
    path: '/health',
    collection: 'health',
    op: 'get',
    needs: 'nothing',
    says: 'Tells how the whole is: `normal` only if every part has what it needs and policy is in force everywhere.',
  }),
  action({
    method: 'GET',
    path: `${ORG}/health`,
    collection: 'health',
    op: 'get',
    says: 'Is the same, for clients that ask for it below their organisation.',
  }),
  action({
    method: 'GET',
    path: '/node_available',
    collection: 'node_available',
    op: 'get',
    needs: 'nothing',
    says: 'Is 200 while this gateway takes requests, and 404 while it does not.',
  }),
  action({
    method: 'GET',
    path: '/noop',
    collection: 'noop',
    op: 'get',
    says: 'Answers nothing: whether credentials are good.',
  }),
  action({
    method: 'GET',
    path: '/product_version',
    collection: 'product_version',
    op: 'get',
    says: 'Tells the release of the API, which clients compare with, and that of Ringfence.',
  }),
  action({
    method: 'GET',
    path: '/openapi.json',
    collection: 'openapi',
    op: 'get',
    needs: 'nothing',
    says: 'Is the OpenAPI 3.1 document of everything here.',
  }),
  ...peopleRoutes,
  ...['/users/{user}/api_keys', `${ORG}/users/{user}/api_keys`].flatMap((path) =>
    collection('users/api_keys', path),
  ),
  ...collection('api_keys', `${ORG}/api_keys`, ['list', 'get', 'delete']),
  ...collection('service_accounts', `${ORG}/service_accounts`),
  ...collection('service_accounts/api_keys', `${ORG}/service_accounts/{service_account}/api_keys`, [
    'create',
    'get',
    'delete',
  ]),
  ...collection('access_restrictions', `${ORG}/access_restrictions`),
  ...single('settings/trusted_proxy_ips', `${ORG}/settings/trusted_proxy_ips`),
  ...single('settings', `${ORG}/settings`),
  ...single('authentication_settings', '/authentication_settings'),
  ...single('authentication_settings/password_policy', '/authentication_settings/password_policy'),
  ...collection('optional_features', `${ORG}/optional_features`, ['list']),
  action({
    method: 'PUT',
    path: `${ORG}/optional_features`,
    collection: 'optional_features',
    op: 'update',
    body: 'update',
    success: 204,
    says: 'Takes each feature as it is; to switch one is refused by its name: what is here is always on, and the rest is not here.',
  }),
  ...collection('jobs', `${ORG}/jobs`, ['list', 'get', 'delete']),
  ...collection('datafiles', `${ORG}/datafiles`, ['get']),
  ...collection('events', `${ORG}/events`, ['list', 'get']),
  ...collection('system_events', '/system_events', ['list', 'get']),
  ...EMPTY_COLLECTIONS.flatMap((each) => {
    const above = each === 'virtual_servers' ? `${ORG}/sec_policy/{pversion}` : ORG;
    return collection(each, `${above}/${each}`, ['list', 'get']);
  }),
  ...single('settings/events', `${ORG}/settings/events`),
  ...collection('settings/syslog/destinations', `${ORG}/settings/syslog/destinations`),
  action({
    method: 'GET',
    path: `${ORG}/stream`,
    collection: 'stream',
    op: 'follow',
    produces: ['text/event-stream'],
    says: 'Tells new flows (`flows`) and provisioned versions (`policy`) as they come, until whoever listens goes.',
  }),
  action({
    method: 'POST',
    path: `${ORG}/explain`,
    collection: 'explain',
    op: 'explain',
    body: 'action',
    needs: 'read',
    says: 'Says whether a connection is allowed, by which rule at each end, and whether that is in force.',
  }),
  action({
    method: 'POST',
    path: `${ORG}/resync`,
    collection: 'resync',
    op: 'resync',
    body: 'action',
    says: 'Has a service say all its facts again, or tells how far that is.',
  }),
  ...Object.entries(EDGE).map(([op, says]) =>
    action({
      method: 'POST',
      path: `/edge/${op}`,
      collection: 'edge',
      op,
      body: 'action',
      needs: 'cluster-token',
      says,
    }),
  ),
];
