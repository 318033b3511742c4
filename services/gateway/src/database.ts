/** What is in the database: tables by migration, read tables by projection, and the entities of both. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { ApiKeySecretEntity } from './adapters/admission/api-key-check.js';
import { OwnWriteEntity } from './adapters/answers/own-writes.store.js';
import { AuditedEntity } from './adapters/audit/audited.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { ApiKeyEntity, apiKeysProjection } from './read/api-keys.projection.js';
import { AuditEventEntity } from './read/audit-events.js';
import { JobEntity } from './read/jobs.store.js';

export const DATABASE: ServiceDatabase = {
  service: 'gateway',
  migrations: MIGRATIONS,
  projections: [apiKeysProjection],
  entities: [ApiKeyEntity, ApiKeySecretEntity, AuditEventEntity, AuditedEntity, JobEntity, OwnWriteEntity],
};
