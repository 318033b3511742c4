/** Stores on a real Postgres for the specs of this package: each on a database of its own, all closed after the test. */
import { startPostgres } from '@ringfence/testing';
import type { PostgresServer } from '@ringfence/testing';
import { ensureDatabase } from '../database.js';
import type { EventMeta, EventStore, EventStoreOptions, Projection } from '../event-store.js';
import { openEventStore } from '../open.js';

export const meta: EventMeta = { actor: { kind: 'user', id: '1' }, cluster: 'global' };
export const happened = (n: number) => ({ type: 'Happened', data: { n } });

/** Adds up what happened, by stream. */
export const totals = (version: number, factor: number): Projection => ({
  name: 'totals',
  version,
  tables: 'create table if not exists totals (stream text primary key, total int not null)',
  apply: async (tx, events) => {
    for (const { stream, data } of events) {
      const { n } = data as { n: number };
      await tx.query(
        'insert into totals values ($1, $2) on conflict (stream) do update set total = totals.total + $2',
        [stream, n * factor],
      );
    }
  },
});

export const total = async (store: EventStore, stream: string): Promise<number | undefined> => {
  const { rows } = await store.pool.query<{ total: number }>('select total from totals where stream = $1', [
    stream,
  ]);
  return rows[0]?.total;
};

export interface Database {
  readonly service: string;
  readonly url: string;
}

export class StoreBed {
  private run = 0;
  private readonly stores: EventStore[] = [];

  private constructor(readonly postgres: PostgresServer) {}

  static async start(): Promise<StoreBed> {
    return new StoreBed(await startPostgres());
  }

  async database(service = `s${(this.run += 1)}`): Promise<Database> {
    return { service, url: await ensureDatabase(this.postgres.url, service) };
  }

  /** On a database of its own, unless a service is named. */
  async open(service?: string, projections: Projection[] = [totals(1, 1)]): Promise<EventStore> {
    return this.openOn(await this.database(service), { projections });
  }

  async openOn(database: Database, options: Omit<EventStoreOptions, keyof Database>): Promise<EventStore> {
    const store = await openEventStore({ ...database, ...options });
    this.stores.push(store);
    return store;
  }

  async closeStores(): Promise<void> {
    await Promise.all(this.stores.splice(0).map((store) => store.close()));
  }

  async close(): Promise<void> {
    await this.postgres.close();
  }
}
