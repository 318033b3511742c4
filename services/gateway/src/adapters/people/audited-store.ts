/** The gateway's own events are published to nobody, so the audit trail cannot read them off the bus as it does all others: it is told with them. */
import { entitiesIn } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import type { EntityManager } from 'typeorm';
import { recordChange } from '../../read/audit-events.js';

/** `also`: what is written in the same transaction, with the read tables already current; it may refuse the whole. */
export function audited(store: EventStore, also?: (entities: EntityManager) => Promise<unknown>): EventStore {
  const appendMany: EventStore['appendMany'] = (batches, meta, inTransaction) =>
    store.transaction(async (tx) => {
      const stored = await store.appendIn(tx, batches, meta);
      for (const event of stored) await recordChange(entitiesIn(tx), event);
      await also?.(entitiesIn(tx));
      await inTransaction?.(tx);
      return stored;
    });
  return {
    ...store,
    appendMany,
    append: (...[stream, expectedVersion, events, meta, inTransaction]) =>
      appendMany([{ stream, expectedVersion, events }], meta, inTransaction),
  };
}
