/** What is in the database: tables by migration, read tables by projection, and the entities of both. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { MIGRATIONS } from './migrations/migrations.js';
import { FlowQueryChunkEntity, FlowQueryEntity } from './read/flow-queries.store.js';
import { TrafficCollectorEntity } from './read/traffic-collector.store.js';
import { KnownClusterEntity, KnownLabelEntity, KnownPolicyObjectEntity } from './read/names.projection.js';

export const DATABASE: ServiceDatabase = {
  service: 'flow-ingest',
  migrations: MIGRATIONS,
  projections: [],
  entities: [
    FlowQueryEntity,
    FlowQueryChunkEntity,
    KnownClusterEntity,
    KnownLabelEntity,
    KnownPolicyObjectEntity,
    TrafficCollectorEntity,
  ],
};
