/** What exists: clusters, workloads, agents, and how nodes are paired. */
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';

const ORG = '/orgs/{org}';

const { action, bulk, collection, single } = routesOf('inventory');

export const inventoryRoutes: readonly Route[] = [
  ...collection('container_clusters', `${ORG}/container_clusters`),
  ...collection('pairing_profiles', `${ORG}/pairing_profiles`),
  action({
    method: 'POST',
    path: `${ORG}/pairing_profiles/{id}/pairing_key`,
    collection: 'pairing_profiles',
    op: 'pairing_key',
    body: 'action',
    success: 201,
    says: 'Makes a pairing key (`activation_code`); it is shown this once.',
  }),
  action({
    method: 'DELETE',
    path: `${ORG}/pairing_profiles/{id}/pairing_keys`,
    collection: 'pairing_profiles',
    op: 'delete_pairing_keys',
    success: 204,
    says: 'Revokes all keys of the profile: nobody is paired with them any more.',
  }),
  ...collection('workloads', `${ORG}/workloads`),
  ...bulk('workloads', `${ORG}/workloads`, ['bulk_create', 'bulk_update', 'bulk_delete']),
  ...collection('kubernetes_workloads', `${ORG}/kubernetes_workloads`, ['list', 'get']),
  ...collection('workloads/interfaces', `${ORG}/workloads/{workload}/interfaces`, ['list', 'get']),
  ...single('settings/workloads', `${ORG}/settings/workloads`),
  ...collection('vens', `${ORG}/vens`, ['list', 'get']),
];
