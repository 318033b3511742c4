/** What is in the database: tables by migration, read tables by projection, and the entities of both. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { ClusterTokenEntity, RefusedAttemptEntity } from './adapters/admission/cluster-tokens.store.js';
import { ObservationEpochEntity, ObservedEntity } from './adapters/facts/observed.store.js';
import { PairingKeyEntity } from './adapters/admission/pairing-keys.store.js';
import { SupportReportEntity } from './adapters/rest/support-reports.store.js';
import { WorkloadSettingsEntity } from './adapters/rest/workload-settings.resource.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { ConvergenceEntity, NodeAckEntity, WorkloadAckEntity } from './read/acks.js';
import { AgentEntity, ClusterSeenEntity } from './read/agents.js';
import { EnforcementAlarmEntity, NotInForceEntity, PulseEntity } from './read/enforcement.js';
import { DOCUMENTS } from './read/inventory-documents.js';
import { SuspensionEntity } from './read/suspensions.js';

export const DATABASE: ServiceDatabase = {
  service: 'inventory',
  migrations: MIGRATIONS,
  projections: DOCUMENTS.map(({ projection }) => projection),
  entities: [
    ...DOCUMENTS.map(({ entity }) => entity),
    ...[AgentEntity, ClusterSeenEntity, ObservationEpochEntity, ObservedEntity],
    ...[ConvergenceEntity, NodeAckEntity, NotInForceEntity, PulseEntity, WorkloadAckEntity],
    ClusterTokenEntity,
    EnforcementAlarmEntity,
    PairingKeyEntity,
    RefusedAttemptEntity,
    SupportReportEntity,
    SuspensionEntity,
    WorkloadSettingsEntity,
  ],
};
