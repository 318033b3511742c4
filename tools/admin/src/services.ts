/** Every service that has a database. */
import type { ServiceDatabase } from '@ringfence/event-store';
import type { ServiceManifest } from '@ringfence/contracts';
import { DATABASE as flowIngest } from '@ringfence/flow-ingest/database';
import { manifest as flowIngestManifest } from '@ringfence/flow-ingest/manifest';
import { DATABASE as gateway } from '@ringfence/gateway/database';
import { manifest as gatewayManifest } from '@ringfence/gateway/manifest';
import { DATABASE as inventory } from '@ringfence/inventory/database';
import { manifest as inventoryManifest } from '@ringfence/inventory/manifest';
import { DATABASE as labelResolver } from '@ringfence/label-resolver/database';
import { manifest as labelResolverManifest } from '@ringfence/label-resolver/manifest';
import { DATABASE as policyCompute } from '@ringfence/policy-compute/database';
import { manifest as policyComputeManifest } from '@ringfence/policy-compute/manifest';

export interface Service {
  readonly database: ServiceDatabase;
  readonly manifest: ServiceManifest;
}

export const SERVICES: readonly Service[] = [
  { database: gateway, manifest: gatewayManifest },
  { database: inventory, manifest: inventoryManifest },
  { database: labelResolver, manifest: labelResolverManifest },
  { database: policyCompute, manifest: policyComputeManifest },
  { database: flowIngest, manifest: flowIngestManifest },
];

export const isOwner = ({ manifest }: Service): boolean =>
  manifest.serves.includes(`${manifest.service}.resync`);
