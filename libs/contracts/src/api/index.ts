/**
 * Every collection of the REST API by its word. A collection's file (`api/<collection>.ts`) exports its own part as
 * `…Collections satisfies CollectionContracts`; this list joins them.
 */
import { apiKeyCollections } from './api-keys.js';
import type { CollectionContracts } from './collection.js';
import { gatewayCollections } from './health.js';
import { trafficFlowCollections } from './traffic-flows.js';

export const API: CollectionContracts = {
  ...gatewayCollections,
  ...apiKeyCollections,
  ...trafficFlowCollections,
};
