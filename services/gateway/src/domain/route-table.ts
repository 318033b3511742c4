/**
 * The REST API v2: every route, its owner and what it needs. Adding a collection is adding a line here and its bodies
 * in `@ringfence/contracts` (`api/`); the owner answers `collection` and `op` of the request.
 */
import { actionRoute, collectionRoutes } from './route.js';
import type { Route } from './route.js';

const ORG = '/orgs/{org}';
const POLICY = `${ORG}/sec_policy/{pversion}`;
const CLUSTERS = `${ORG}/container_clusters`;
const QUERIES = `${ORG}/traffic_flows/async_queries`;
const PROFILES = 'container_clusters/container_workload_profiles';

const labels: Route[] = [
  ...collectionRoutes('labels', 'labelResource', `${ORG}/labels`),
  ...collectionRoutes('label_dimensions', 'labelResource', `${ORG}/label_dimensions`),
  ...collectionRoutes(PROFILES, 'labelResource', `${CLUSTERS}/{cluster}/container_workload_profiles`),
  actionRoute({
    method: 'PUT',
    path: `${CLUSTERS}/{cluster}/container_workload_profiles/update`,
    collection: PROFILES,
    op: 'bulk_update',
    answerer: 'labelResource',
    body: 'action',
    success: 204,
  }),
];

const inventory: Route[] = [
  ...collectionRoutes('container_clusters', 'inventoryResource', CLUSTERS),
  ...collectionRoutes('pairing_profiles', 'inventoryResource', `${ORG}/pairing_profiles`),
  actionRoute({
    method: 'POST',
    path: `${ORG}/pairing_profiles/{id}/pairing_key`,
    collection: 'pairing_profiles',
    op: 'pairing_key',
    answerer: 'inventoryResource',
    body: 'action',
    success: 201,
  }),
  actionRoute({
    method: 'DELETE',
    path: `${ORG}/pairing_profiles/{id}/pairing_keys`,
    collection: 'pairing_profiles',
    op: 'delete_pairing_keys',
    answerer: 'inventoryResource',
    success: 204,
  }),
  ...collectionRoutes('workloads', 'inventoryResource', `${ORG}/workloads`),
  ...['bulk_create', 'bulk_update', 'bulk_delete'].map((op) =>
    actionRoute({
      method: 'PUT',
      path: `${ORG}/workloads/${op}`,
      collection: 'workloads',
      op,
      answerer: 'inventoryResource',
      body: 'action',
    }),
  ),
  ...collectionRoutes('kubernetes_workloads', 'inventoryResource', `${ORG}/kubernetes_workloads`, [
    'list',
    'get',
  ]),
  ...collectionRoutes('workloads/interfaces', 'inventoryResource', `${ORG}/workloads/{workload}/interfaces`, [
    'list',
    'get',
  ]),
  ...(['get', 'update'] as const).map((op) =>
    actionRoute({
      method: op === 'get' ? 'GET' : 'PUT',
      path: `${ORG}/settings/workloads`,
      collection: 'settings/workloads',
      op,
      answerer: 'inventoryResource',
      body: op === 'get' ? 'none' : 'update',
      success: op === 'get' ? 200 : 204,
    }),
  ),
  ...collectionRoutes('vens', 'inventoryResource', `${ORG}/vens`, ['list', 'get']),
];

const policy: Route[] = [
  ...['label_groups', 'ip_lists', 'services', 'rule_sets', 'enforcement_boundaries'].flatMap((collection) =>
    collectionRoutes(collection, 'policyResource', `${POLICY}/${collection}`),
  ),
  ...['member_of', 'all_labels'].map((op) =>
    actionRoute({
      method: 'GET',
      path: `${POLICY}/label_groups/{id}/${op}`,
      collection: 'label_groups',
      op,
      answerer: 'policyResource',
      many: true,
    }),
  ),
  ...['sec_rules', 'deny_rules'].flatMap((rules) =>
    collectionRoutes(`rule_sets/${rules}`, 'policyResource', `${POLICY}/rule_sets/{rule_set}/${rules}`),
  ),
  ...collectionRoutes('sec_policy', 'policyResource', `${ORG}/sec_policy`, ['list', 'get']),
  actionRoute({
    method: 'POST',
    path: `${ORG}/sec_policy`,
    collection: 'sec_policy',
    op: 'provision',
    answerer: 'policyResource',
    body: 'action',
    success: 201,
  }),
  actionRoute({
    method: 'GET',
    path: `${ORG}/sec_policy/pending`,
    collection: 'sec_policy',
    op: 'pending',
    answerer: 'policyResource',
  }),
  actionRoute({
    method: 'DELETE',
    path: `${ORG}/sec_policy/pending`,
    collection: 'sec_policy',
    op: 'revert_pending',
    answerer: 'policyResource',
    success: 204,
  }),
  actionRoute({
    method: 'PUT',
    path: `${ORG}/sec_policy/delete`,
    collection: 'sec_policy',
    op: 'revert',
    answerer: 'policyResource',
    body: 'action',
    success: 204,
  }),
  actionRoute({
    method: 'POST',
    path: `${POLICY}/dependencies`,
    collection: 'sec_policy',
    op: 'dependencies',
    answerer: 'policyResource',
    body: 'action',
    needs: 'read',
    anyVersion: true,
  }),
  actionRoute({
    method: 'POST',
    path: `${ORG}/sec_policy/impact`,
    collection: 'sec_policy',
    op: 'impact',
    answerer: 'policyResource',
    body: 'action',
    needs: 'read',
  }),
  actionRoute({
    method: 'POST',
    path: `${POLICY}/restore`,
    collection: 'sec_policy',
    op: 'restore',
    answerer: 'policyResource',
    body: 'action',
    success: 201,
    anyVersion: true,
  }),
  actionRoute({
    method: 'GET',
    path: `${POLICY}/modified_objects`,
    collection: 'sec_policy',
    op: 'modified_objects',
    answerer: 'policyResource',
    many: true,
  }),
];

const flows: Route[] = [
  ...collectionRoutes('traffic_flows/async_queries', 'flowResource', QUERIES, [
    'list',
    'get',
    'update',
    'delete',
  ]),
  actionRoute({
    method: 'POST',
    path: QUERIES,
    collection: 'traffic_flows/async_queries',
    op: 'create',
    answerer: 'flowResource',
    body: 'create',
    needs: 'read',
    success: 202,
  }),
  actionRoute({
    method: 'GET',
    path: `${QUERIES}/{query_id}/download`,
    collection: 'traffic_flows/async_queries',
    op: 'download',
    answerer: 'gateway',
  }),
  actionRoute({
    method: 'GET',
    path: `${ORG}/traffic_flows/database_metrics`,
    collection: 'traffic_flows/database_metrics',
    op: 'get',
    answerer: 'flowResource',
  }),
];

const own = { answerer: 'gateway' } as const;
const gateway: Route[] = [
  actionRoute({ ...own, method: 'GET', path: '/health', collection: 'health', op: 'get', needs: 'nothing' }),
  actionRoute({
    ...own,
    method: 'GET',
    path: '/node_available',
    collection: 'node_available',
    op: 'get',
    needs: 'nothing',
  }),
  actionRoute({ ...own, method: 'GET', path: '/noop', collection: 'noop', op: 'get' }),
  actionRoute({ ...own, method: 'GET', path: '/product_version', collection: 'product_version', op: 'get' }),
  actionRoute({
    ...own,
    method: 'GET',
    path: '/openapi.json',
    collection: 'openapi',
    op: 'get',
    needs: 'nothing',
  }),
  actionRoute({ ...own, method: 'GET', path: '/users/login', collection: 'users', op: 'login' }),
  ...['/users/{user}/api_keys', `${ORG}/users/{user}/api_keys`].flatMap((path) =>
    collectionRoutes('users/api_keys', 'gateway', path),
  ),
  ...collectionRoutes('jobs', 'gateway', `${ORG}/jobs`, ['list', 'get', 'delete']),
  ...collectionRoutes('datafiles', 'gateway', `${ORG}/datafiles`, ['get']),
  ...collectionRoutes('events', 'gateway', `${ORG}/events`, ['list', 'get']),
  actionRoute({ ...own, method: 'GET', path: `${ORG}/stream`, collection: 'stream', op: 'follow' }),
  actionRoute({
    ...own,
    method: 'POST',
    path: `${ORG}/explain`,
    collection: 'explain',
    op: 'explain',
    body: 'action',
    needs: 'read',
  }),
  ...['exchange', 'pair'].map((op) =>
    actionRoute({
      ...own,
      method: 'POST',
      path: `/edge/${op}`,
      collection: 'edge',
      op,
      body: 'action',
      needs: 'cluster-token',
    }),
  ),
];

export const ROUTES: readonly Route[] = [...gateway, ...labels, ...inventory, ...policy, ...flows];
