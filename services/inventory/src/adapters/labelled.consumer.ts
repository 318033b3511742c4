/** Labels, profiles and entity labels from label-resolver, and acknowledgements from the clusters → what REST shows. */
import { PermanentError } from '@ringfence/bus';
import type { BusMetrics, Message } from '@ringfence/bus';
import { ClusterAck, Envelope, subjectToken } from '@ringfence/contracts';
import { consumeOnce } from '@ringfence/event-store';
import type { EventStore } from '@ringfence/event-store';
import { applyAcks } from '../read/acks.js';
import { applyLabelled } from '../read/labelled.js';

/** One message or a batch of one durable: a transaction with the place of the last one. Values are whole, so a repeat in order ends alike. */
export function labelledConsumer(
  store: EventStore,
  durable: string,
): (messages: readonly Message[]) => Promise<void> {
  return async (messages) => {
    const events = messages.map(parse);
    const last = messages.at(-1);
    if (last === undefined) return;
    await consumeOnce(store, durable, last, async (tx) => {
      for (const event of events) await applyLabelled(tx, event);
    });
  };
}

function parse(message: Message): Envelope {
  const event = Envelope.safeParse(message.payload);
  if (event.success) return event.data;
  throw new PermanentError(
    'bad-event',
    `${message.subject}: ${event.error.issues[0]?.message ?? 'malformed'}`,
  );
}

/** Of the cluster and node that the subject names: what the payload says of them must be the same. */
export function acksConsumer(
  store: EventStore,
  metrics: BusMetrics,
): (messages: readonly Message[]) => Promise<void> {
  const refused = metrics.counter(
    'inventory_refused_claims_total',
    'What agents said that was not theirs to say',
  );
  return async (messages) => {
    const acks = messages.map((message) => {
      const ack = ClusterAck.safeParse(message.payload);
      if (!ack.success)
        throw new PermanentError(
          'bad-ack',
          `${message.subject}: ${ack.error.issues[0]?.message ?? 'malformed'}`,
        );
      const [, cluster = '', , token] = message.subject.split('.');
      if (subjectToken(ack.data.node) !== token) {
        refused.add(1, { kind: 'foreign' });
        throw new PermanentError('foreign-node', `${message.subject}: it is of ${ack.data.node}`);
      }
      return { cluster, ack: ack.data };
    });
    await store.transaction((tx) => applyAcks(tx, acks));
  };
}
