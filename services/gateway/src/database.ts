/** What is in the database: tables by migration, read tables by projection, and the entities of both. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { ApiKeySecretEntity } from './adapters/admission/api-key-check.js';
import { LoginTokenEntity, SessionEntity } from './adapters/people/sessions.store.js';
import { PasswordEntity } from './adapters/people/passwords.store.js';
import { OwnWriteEntity } from './adapters/answers/own-writes.store.js';
import { AuditedEntity } from './adapters/audit/audited.js';
import { SyslogDestinationEntity } from './adapters/syslog/destinations.store.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { ACCESS_DOCUMENTS } from './read/access-documents.js';
import { ApiKeyEntity, apiKeysProjection } from './read/api-keys.projection.js';
import { AuditEventEntity } from './read/audit-events.js';
import { ClusterNameEntity } from './read/cluster-names.js';
import { SettingsEntity } from './read/settings.js';
import { JobEntity } from './read/jobs.store.js';
import { SignInsEntity, signInsProjection, users } from './read/users.js';

export const DATABASE: ServiceDatabase = {
  service: 'gateway',
  migrations: MIGRATIONS,
  projections: [
    ...[apiKeysProjection, users.projection, signInsProjection],
    ...ACCESS_DOCUMENTS.map(({ projection }) => projection),
  ],
  entities: [
    ...[ApiKeyEntity, ApiKeySecretEntity, AuditEventEntity, AuditedEntity, JobEntity, OwnWriteEntity],
    ...ACCESS_DOCUMENTS.map(({ entity }) => entity),
    ...[users.entity, SignInsEntity, PasswordEntity, LoginTokenEntity, SessionEntity],
    SettingsEntity,
    ClusterNameEntity,
    SyslogDestinationEntity,
  ],
};
