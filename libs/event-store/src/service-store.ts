/** The one way in which a service comes to its store: a database of its own on the server of DATABASE_URL. */
import { ensureDatabase } from './database.js';
import type { WaitOptions } from './database.js';
import type { EventStore, ServiceDatabase } from './event-store.js';
import { openEventStore } from './open.js';

/** Of a service's process, which has more. */
export interface ServiceStoreOptions {
  readonly config: { readonly DATABASE_URL: string };
  /** Told while Postgres is away at the start, and when it is back. Absent: nobody is. */
  readonly logger?: Record<'info' | 'warn', (fields: object, words: string) => void>;
  readonly signal?: AbortSignal;
}

export async function openServiceStore(
  database: ServiceDatabase,
  { config, logger, signal }: ServiceStoreOptions,
): Promise<EventStore> {
  const wait: WaitOptions = {
    onState: ({ connected, detail }) => logger?.[connected ? 'info' : 'warn']({ detail }, 'Postgres'),
    ...(signal && { signal }),
  };
  const url = await ensureDatabase(config.DATABASE_URL, database.service, wait);
  return openEventStore({ ...database, url, ...wait });
}
