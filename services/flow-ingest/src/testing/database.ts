/** For specs: flow-ingest's database on a Postgres of its own. */
import { openServiceStore } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { startPostgres } from '@ringfence/testing';
import { DATABASE } from '../database.js';

export interface StartedDatabase {
  readonly database: EventStore;
  close(): Promise<void>;
}

export async function startDatabase(): Promise<StartedDatabase> {
  const postgres = await startPostgres();
  const database = await openServiceStore(DATABASE, { config: { DATABASE_URL: postgres.url } });
  return {
    database,
    close: async () => {
      await database.close();
      await postgres.close();
    },
  };
}
