/** What all services decide, into the audit trail; in one process at a time. */
import { eventOf } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { ownDurables } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { pause, retrying } from '@ringfence/retrying';
import type { Forwarding } from '../syslog/forwarding.js';
import { AUDIT, manifest } from '../../manifest.js';
import { endUnanswered, recordChange } from '../../read/audit-events.js';
import { AuditedEvents } from './audited.js';

const SETTLE_EVERY_MS = 5_000;
/** Longer than any request takes. */
const UNANSWERED_MS = 120_000;

export interface AuditParts {
  readonly store: EventStore;
  readonly bus: Bus;
  readonly forwarding: Pick<Forwarding, 'event'>;
  readonly onError: (error: unknown) => void;
}

export async function readAudit({
  store,
  bus,
  forwarding,
  onError,
}: AuditParts): Promise<{ close(): Promise<void> }> {
  await ownDurables(store, bus, manifest);
  const audited = await AuditedEvents.open(store.entities, bus);
  const closing = new AbortController();
  const { signal } = closing;
  const consumer = bus.consume(
    AUDIT,
    async (message) => {
      const event = eventOf(message);
      forwarding.event(await recordChange(store.entities, event));
      audited.reached(event, message);
    },
    { onError },
  );
  const settling = (async () => {
    while (!signal.aborted) {
      await retrying(() => audited.settle(), { signal, onError });
      const before = new Date(Date.now() - UNANSWERED_MS);
      const ended = await retrying(() => endUnanswered(store.entities, before), { signal, onError });
      ended?.forEach(forwarding.event);
      await pause(SETTLE_EVERY_MS, signal);
    }
  })();
  return {
    close: async () => {
      closing.abort();
      await Promise.all([settling, consumer.close()]);
      await audited.keep().catch(onError);
    },
  };
}
