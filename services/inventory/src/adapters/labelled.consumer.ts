/** Labels, profiles and entity labels from label-resolver → what REST shows. */
import { eventOf } from '@ringfence/bus';
import type { Message } from '@ringfence/bus';
import { consumeOnce } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { applyLabelled } from '../read/labelled.js';

/** One message or a batch of one durable: a transaction with the place of the last one. Values are whole, so a repeat in order ends alike. */
export function labelledConsumer(
  store: EventStore,
  durable: string,
): (messages: readonly Message[]) => Promise<void> {
  return async (messages) => {
    const events = messages.map(eventOf);
    const last = messages.at(-1);
    if (last === undefined) return;
    await consumeOnce(store, durable, last, async (tx) => {
      for (const event of events) await applyLabelled(tx, event);
    });
  };
}
