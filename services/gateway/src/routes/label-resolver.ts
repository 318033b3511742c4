/** Labels, label types and what a cluster's namespaces are labelled with. */
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';

const ORG = '/orgs/{org}';
const PROFILES = 'container_clusters/container_workload_profiles';
const PROFILES_PATH = `${ORG}/container_clusters/{cluster}/container_workload_profiles`;

const { action, bulk, collection } = routesOf('label-resolver');

export const labelRoutes: readonly Route[] = [
  ...collection('labels', `${ORG}/labels`),
  ...bulk('labels', `${ORG}/labels`, ['bulk_create']),
  ...collection('label_dimensions', `${ORG}/label_dimensions`),
  ...collection(PROFILES, PROFILES_PATH),
  ...bulk(PROFILES, PROFILES_PATH, ['bulk_create']),
  action({
    method: 'PUT',
    path: `${PROFILES_PATH}/update`,
    collection: PROFILES,
    op: 'bulk_update',
    body: 'action',
    success: 204,
    says: 'Changes up to 1,000 profiles of a cluster in the same way: all of them, or none.',
  }),
];
