/** What is in the database: tables by migration, read tables by projection, and the entities of both. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { SettingsPublishedEntity } from './adapters/policy/settings.publisher.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { HeadEntity, headsProjection } from './read/heads.js';
import { DOCUMENTS } from './read/resolver-documents.js';

export const DATABASE: ServiceDatabase = {
  service: 'label-resolver',
  migrations: MIGRATIONS,
  projections: [...DOCUMENTS.map(({ projection }) => projection), headsProjection],
  entities: [...DOCUMENTS.map(({ entity }) => entity), HeadEntity, SettingsPublishedEntity],
};
