/** TypeORM on the store's database, for read-model queries by EntitySchema. It never makes or changes a table. */
import { DataSource } from 'typeorm';
import type { EntitySchema } from 'typeorm';
import type { EventStore } from './event-store.js';

/** Connected; the caller ends it with `destroy()` before it closes the store. */
export async function dataSource(store: EventStore, entities: EntitySchema[]): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url: store.url,
    applicationName: `${store.service} read models`,
    entities,
    synchronize: false,
    migrationsRun: false,
    // A dropped idle connection is not an event; the next query opens another.
    poolErrorHandler: () => undefined,
    extra: { max: 5, connectionTimeoutMillis: 5_000, statement_timeout: 60_000 },
  });
  return source.initialize();
}
