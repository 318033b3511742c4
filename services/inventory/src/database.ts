/** What is in the database: tables by migration, read tables by projection, and the entities of both. */
import type { ServiceDatabase } from '@ringfence/event-store';
import { MIGRATIONS } from './migrations/migrations.js';
import { PROJECTIONS } from './read/inventory-documents.js';

export const DATABASE: ServiceDatabase = {
  service: 'inventory',
  migrations: MIGRATIONS,
  projections: PROJECTIONS,
};
