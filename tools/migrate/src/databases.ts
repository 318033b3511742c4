/** Every service that has a database. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { DATABASE as flowIngest } from '@ringfence/flow-ingest/database';
import { DATABASE as gateway } from '@ringfence/gateway/database';
import { DATABASE as inventory } from '@ringfence/inventory/database';
import { DATABASE as labelResolver } from '@ringfence/label-resolver/database';
import { DATABASE as policyCompute } from '@ringfence/policy-compute/database';

export const DATABASES: readonly ServiceDatabase[] = [
  gateway,
  inventory,
  labelResolver,
  policyCompute,
  flowIngest,
];
