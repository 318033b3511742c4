/**
 * The REST API v2: every route. A new one is a line in its owner's file beside this one, and its bodies in `@ringfence/contracts`
 * (`api/`); the owner answers `collection` and `op` of the request.
 */
import type { Route } from '../domain/route.js';
import { flowRoutes } from './flow-ingest.js';
import { gatewayRoutes } from './gateway.js';
import { inventoryRoutes } from './inventory.js';
import { labelRoutes } from './label-resolver.js';
import { policyRoutes } from './policy-compute.js';

export const ROUTES: readonly Route[] = [
  ...gatewayRoutes,
  ...labelRoutes,
  ...inventoryRoutes,
  ...policyRoutes,
  ...flowRoutes,
];
