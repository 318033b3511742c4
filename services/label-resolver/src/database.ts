/** What is in the database: tables by migration, read tables by projection, and the entities of both. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { MIGRATIONS } from './migrations/migrations.js';
import { PROJECTIONS } from './read/resolver-documents.js';

export const DATABASE: ServiceDatabase = {
  service: 'label-resolver',
  migrations: MIGRATIONS,
  projections: PROJECTIONS,
};
