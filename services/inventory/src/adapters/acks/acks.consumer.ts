/**
 * What clas-caches say of their clusters: per node what is in force and what is not, and that they live. Kept as last said;
 * where other places are not in force than before, alarms begin or end in the same transaction.
 */
import { PermanentError } from '@ringfence/bus';
import type { BusMetrics, Message } from '@ringfence/bus';
import { ClusterAck, ClusterPulse, parseSubject, subjectToken } from '@ringfence/contracts';
import { entitiesIn } from '@ringfence/event-store';
import type { EventStore, OneAtATime } from '@ringfence/event-store';
import type { z } from 'zod';
import { applyAcks } from '../../read/acks.js';
import type { NodeAcked } from '../../read/acks.js';
import { notePulse } from '../../read/enforcement.js';
import { changeAlarms } from './enforcement-alarms.js';

export interface AckParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly metrics: BusMetrics;
}

export function acksConsumer({
  store,
  oneAtATime,
  metrics,
}: AckParts): (messages: readonly Message[]) => Promise<void> {
  const refused = metrics.counter(
    'inventory_refused_claims_total',
    'What agents said that was not theirs to say',
  );
  return async (messages) => {
    const acks = messages
      .filter((message) => kindOf(message) === 'node')
      .map((message) => nodeAcked(message, () => refused.add(1, { kind: 'foreign' })));
    const pulses = messages.filter((message) => kindOf(message) === 'pulse');
    await oneAtATime(() =>
      store.transaction(async (tx) => {
        for (const message of pulses)
          await notePulse(entitiesIn(tx), clusterOf(message), read(ClusterPulse, message), message.storedAt);
        const changed = await applyAcks(tx, acks);
        for (const cluster of changed) await changeAlarms(store, tx, cluster);
      }),
    );
  };
}

const kindOf = ({ subject }: Message): string => parseSubject(subject).kind;
const clusterOf = ({ subject }: Message): string => parseSubject(subject).cluster;

/** Of the cluster and node that the subject names: what the payload says of them must be the same. */
function nodeAcked(message: Message, onForeign: () => void): NodeAcked {
  const ack = read(ClusterAck, message);
  if (parseSubject(message.subject).token !== subjectToken(ack.node)) {
    onForeign();
    throw new PermanentError('foreign-node', `${message.subject}: it is of ${ack.node}`);
  }
  return { cluster: clusterOf(message), ack };
}

function read<T>(schema: z.ZodType<T>, { subject, payload }: Message): T {
  const result = schema.safeParse(payload);
  if (result.success) return result.data;
  throw new PermanentError('bad-ack', `${subject}: ${result.error.issues[0]?.message ?? 'malformed'}`);
}
