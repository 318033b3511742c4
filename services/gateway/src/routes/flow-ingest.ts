/** Traffic queries. */
import { routesOf } from '../domain/route.js';
import type { Route } from '../domain/route.js';

const ORG = '/orgs/{org}';
const QUERIES = `${ORG}/traffic_flows/async_queries`;

const { action, collection } = routesOf('flow-ingest');

export const flowRoutes: readonly Route[] = [
  ...collection('traffic_flows/async_queries', QUERIES, ['list', 'get', 'update', 'delete']),
  action({
    method: 'POST',
    path: QUERIES,
    collection: 'traffic_flows/async_queries',
    op: 'create',
    body: 'create',
    needs: 'read',
    success: 202,
  }),
  action({
    method: 'GET',
    path: `${QUERIES}/{query_id}/download`,
    collection: 'traffic_flows/async_queries',
    op: 'download',
    // Chunk by chunk from the owner, as one file.
    answerer: 'gateway',
  }),
  action({
    method: 'POST',
    path: `${ORG}/traffic_flows/edges`,
    collection: 'traffic_flows/edges',
    op: 'find',
    body: 'action',
    needs: 'read',
  }),
  action({
    method: 'GET',
    path: `${ORG}/traffic_flows/database_metrics`,
    collection: 'traffic_flows/database_metrics',
    op: 'get',
  }),
];
