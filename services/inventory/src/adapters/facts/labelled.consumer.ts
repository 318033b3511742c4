/** Labels, profiles and entity labels from label-resolver → what REST shows. */
import { eventOf } from '@ringfence/bus';
import type { Message } from '@ringfence/bus';
import type { EventStore } from '@ringfence/event-store';
import { labelled } from '../../read/labelled.js';

export function labelledConsumer(store: EventStore): (messages: readonly Message[]) => Promise<void> {
  return async (messages) => {
    await store.transaction((tx) => labelled.take(tx, messages.map(eventOf)));
  };
}
