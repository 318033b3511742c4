/** Traffic queries, and which traffic is kept. */
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
    says: 'Starts a traffic query. Ask for its href until `status` is `completed`, then download its `result`.',
  }),
  action({
    method: 'GET',
    path: `${QUERIES}/{query_id}/download`,
    collection: 'traffic_flows/async_queries',
    op: 'download',
    // Chunk by chunk from the owner, as one file.
    answerer: 'gateway',
    produces: ['application/json', 'text/csv'],
    says: 'Downloads the flows that a completed query found: as JSON, or as CSV for whoever accepts no JSON.',
  }),
  action({
    method: 'POST',
    path: `${ORG}/traffic_flows/traffic_analysis_queries`,
    collection: 'traffic_flows/traffic_analysis_queries',
    op: 'find',
    body: 'action',
    needs: 'read',
    // A query in the background that is waited for.
    answerer: 'gateway',
    says: 'Finds flows at once: the older form of a traffic query, answered with what it finds.',
  }),
  action({
    method: 'POST',
    path: `${ORG}/traffic_flows/edges`,
    collection: 'traffic_flows/edges',
    op: 'find',
    body: 'action',
    needs: 'read',
    says: 'Adds up the flows that match by their ends and port, the busiest first: what `suggest` and `what_if` judge.',
  }),
  action({
    method: 'GET',
    path: `${ORG}/traffic_flows/database_metrics`,
    collection: 'traffic_flows/database_metrics',
    op: 'get',
    says: 'Tells how many flows are stored, of how many days, and how large they are.',
  }),
  action({
    method: 'POST',
    path: `${ORG}/agents/bulk_traffic_flows`,
    collection: 'agents/bulk_traffic_flows',
    op: 'upload',
    body: 'action',
    consumes: 'text/csv',
    success: 201,
    says: 'Takes flows that no agent saw, up to 1,000 lines `src,dst,port,proto`, under whatever content type. Traffic queries show them with who uploaded them; nothing is judged by them.',
  }),
  ...collection('settings/traffic_collector', `${ORG}/settings/traffic_collector`),
];
