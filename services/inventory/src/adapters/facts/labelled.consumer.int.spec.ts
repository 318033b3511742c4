import { openServiceStore } from '@ringfence/event-store';
import { releasedEvents, startPostgres } from '@ringfence/testing';
import { describe, expect, it } from 'vitest';
import { DATABASE } from '../../database.js';
import { ENTITIES, LABELS, PROFILES } from '../../manifest.js';
import { labelled } from '../../read/labelled.js';
import { labelledConsumer } from './labelled.consumer.js';

describe('what label-resolver said', () => {
  it('is taken in from every version of its events that was ever released', async () => {
    const postgres = await startPostgres();
    const store = await openServiceStore(DATABASE, { config: { DATABASE_URL: postgres.url } });
    const take = labelledConsumer(store);
    try {
      const released = releasedEvents([ENTITIES, LABELS, PROFILES].map(({ filter }) => filter));
      await take(released.map((message, index) => ({ ...message, seq: index + 1, ...AS_SENT })));
      for (const kind of ['label', 'profile', 'entity'] as const)
        expect((await labelled.rows(store.entities)).map((row) => row.kind)).toContain(kind);
    } finally {
      await store.close();
      await postgres.close();
    }
  });
});

const AS_SENT = { stream: 'EVENTS@1', headers: {}, bytes: 0, storedAt: new Date(0), attempt: 1 };
