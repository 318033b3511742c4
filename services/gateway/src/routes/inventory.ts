/** What exists: clusters, workloads, agents, and how nodes are paired. */
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';

const ORG = '/orgs/{org}';

const { action, bulk, collection, single } = routesOf('inventory');

const VEN_ACTIONS = {
  unpair:
    'Unpairs agents: they remove every rule that they made, and put back what they had removed. Only those that stay paired are answered, with the reason.',
  remote_action: 'Is refused: agents are restarted by Kubernetes, as any Pod is.',
  upgrade: 'Is refused: the image of their DaemonSet says which release agents are of.',
  authentication_recovery:
    'Lets a machine that lost its key pair with another one, once, for as long as the body says; or no longer. Only refusals are answered.',
} as const;

export const inventoryRoutes: readonly Route[] = [
  ...collection('container_clusters', `${ORG}/container_clusters`),
  ...collection(
    'container_clusters/service_backends',
    `${ORG}/container_clusters/{cluster}/service_backends`,
    ['list'],
  ),
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
  action({
    method: 'PUT',
    path: `${ORG}/workloads/unpair`,
    collection: 'workloads',
    op: 'unpair',
    body: 'action',
    says: 'Unpairs nodes: their agents remove every rule that they made. Only those that stay paired are answered, with the reason.',
  }),
  action({
    method: 'PUT',
    path: `${ORG}/workloads/bulk_import`,
    collection: 'workloads',
    op: 'bulk_import',
    body: 'action',
    consumes: 'text/csv',
    says: 'Labels workloads by a CSV file, all of it or nothing: columns `href` and `hostname`, then one per label type. An empty cell changes nothing.',
  }),
  ...collection('workloads/interfaces', `${ORG}/workloads/{workload}/interfaces`, [
    ...(['list', 'create', 'get', 'delete'] as const),
  ]),
  ...collection('kubernetes_workloads', `${ORG}/kubernetes_workloads`, ['list', 'get']),
  ...collection('container_workloads', `${ORG}/container_workloads`, ['list', 'get']),
  ...collection('networks', `${ORG}/networks`, ['list', 'get']),
  ...single('settings/workloads', `${ORG}/settings/workloads`),
  ...collection('vens', `${ORG}/vens`, ['list', 'get', 'update']),
  ...Object.entries(VEN_ACTIONS).map(([op, says]) =>
    action({ method: 'PUT', path: `${ORG}/vens/${op}`, collection: 'vens', op, body: 'action', says }),
  ),
  action({
    method: 'POST',
    path: `${ORG}/vens/statistics`,
    collection: 'vens',
    op: 'statistics',
    body: 'action',
    needs: 'read',
    says: 'Counts agents by their status, version, health and the like.',
  }),
  action({
    method: 'POST',
    path: `${ORG}/workloads/set_flow_reporting_frequency`,
    collection: 'workloads',
    op: 'set_flow_reporting_frequency',
    body: 'action',
    success: 204,
    says: 'Wants the flows of some nodes often for a while. Their agents report every few seconds in any case: only whether each has one is looked at.',
  }),
  ...collection('agents', `${ORG}/agents`, ['get', 'update']),
  action({
    method: 'PUT',
    path: `${ORG}/agents/{agent}/update`,
    collection: 'agents',
    op: 'reassign',
    body: 'action',
    success: 204,
    says: 'Is refused: an agent is of the cluster that vouches for its node, and of the server that this cluster is of.',
  }),
  action({
    method: 'GET',
    path: `${ORG}/agents/{agent}/compatibility_report`,
    collection: 'agents',
    op: 'compatibility_report',
    says: 'Says whether the node is fit for full enforcement: whether its agent is heard, what ails it, and whom full mode would cut off.',
  }),
  ...collection('support_report_requests', `${ORG}/support_report_requests`, ['list', 'create', 'get']),
  ...collection('support_reports', `${ORG}/support_reports`, ['list', 'get']),
  action({
    method: 'GET',
    path: `${ORG}/support_reports/{id}/download`,
    collection: 'support_reports',
    op: 'download',
    produces: ['application/gzip'],
    says: 'Downloads the report: JSON, compressed by gzip, without secrets.',
  }),
];
