import { ensureDatabase, openEventStore } from '@ringfence/event-store';
import { releasedEvents, startPostgres } from '@ringfence/testing';
import { describe, expect, it } from 'vitest';
import { ENTITIES, LABELS, PROFILES } from '../manifest.js';
import { MIGRATIONS } from '../migrations/migrations.js';
import { knownLabels } from '../read/labelled.js';
import { labelledConsumer } from './labelled.consumer.js';

describe('what label-resolver said', () => {
  it('is taken in from every version of its events that was ever released', async () => {
    const postgres = await startPostgres();
    const url = await ensureDatabase(postgres.url, 'inventory');
    const store = await openEventStore({
      url,
      service: 'inventory',
      migrations: MIGRATIONS,
      projections: [],
    });
    const take = labelledConsumer(store, LABELS.durable);
    let seq = 0;
    try {
      const released = releasedEvents([ENTITIES, LABELS, PROFILES].map(({ filter }) => filter));
      for (const message of released)
        await take([{ ...message, stream: 'EVENTS@1', seq: (seq += 1), ...AS_SENT }]);
      expect((await knownLabels(store.pool)).size).toBe(1);
    } finally {
      await store.close();
      await postgres.close();
    }
  });
});

const AS_SENT = { headers: {}, bytes: 0, storedAt: new Date(0), attempt: 1 };
