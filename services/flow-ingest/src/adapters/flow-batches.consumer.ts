/**
 * Takes decorated batches from the FLOWS stream, many in one transaction, and writes them. A batch that is not one is dead-lettered; one that
 * was written before changes nothing. What was stored and what was not, and why, is counted.
 */
import { PermanentError, TransientError } from '@ringfence/bus';
import type { Message } from '@ringfence/bus';
import { isPostgresAway } from '@ringfence/event-store';
import { DecoratedFlowBatch, subjects } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';
import type { TrafficCollector } from '../read/traffic-collector.store.js';
import type { FlowStore, Written } from '../store/port/flow-store.js';
import type { RecentFlows } from './recent-flows.js';
import { collected } from './uncollected.js';
import type { Collected } from './uncollected.js';

export type FlowBatchesHandler = (messages: readonly Message[]) => Promise<void>;

export interface FlowBatchParts {
  readonly store: FlowStore;
  readonly recent: RecentFlows;
  readonly collector: Pick<TrafficCollector, 'list'>;
}

export function flowBatchesHandler(parts: FlowBatchParts, metrics: Metrics): FlowBatchesHandler {
  const arrived = metrics.counter('flow_ingest_flows_total', 'Flow summaries that arrived');
  const stored = metrics.counter('flow_ingest_flows_stored_total', 'Flow summaries written');
  const dropped = metrics.counter('flow_ingest_flows_dropped_total', 'Flow summaries not written, by reason');
  const repeated = metrics.counter(
    'flow_ingest_batches_repeated_total',
    'Batches that had been written before',
  );
  const overflow = metrics.counter('flow_ingest_flows_overflow_total', 'Flows that a node could not itemise');
  const seconds = metrics.histogram('flow_ingest_write_seconds', 'One transaction of flow batches', {
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  });

  // Shown from the start: that nothing was dropped is worth seeing.
  for (const reason of ['malformed', 'outside-retention', 'not-collected']) dropped.add(0, { reason });

  return async (messages) => {
    const batches = messages.map(parseBatch);
    const began = performance.now();
    const { kept, written } = await write(parts, batches).catch((cause: unknown) => {
      throw isPostgresAway(cause) ? new TransientError('the database is away', { cause }) : cause;
    });
    seconds.record((performance.now() - began) / 1000);
    arrived.add(batches.reduce((sum, batch) => sum + batch.flows.length, 0));
    if (kept.dropped > 0) dropped.add(kept.dropped, { reason: 'not-collected' });
    stored.add(written.flows);
    repeated.add(written.repeatedBatches);
    if (written.malformed > 0) dropped.add(written.malformed, { reason: 'malformed' });
    if (written.tooOld > 0) dropped.add(written.tooOld, { reason: 'outside-retention' });
    overflow.add(batches.reduce((sum, batch) => sum + batch.overflow, 0));
    parts.recent.note(written.keys);
  };
}

async function write(
  { store, collector }: FlowBatchParts,
  batches: readonly DecoratedFlowBatch[],
): Promise<{ kept: Collected; written: Written }> {
  const kept = collected(batches, await collector.list());
  return { kept, written: await store.write(kept.batches, new Date().toISOString().slice(0, 10)) };
}

function parseBatch(message: Message): DecoratedFlowBatch {
  const parsed = DecoratedFlowBatch.safeParse(message.payload);
  if (!parsed.success)
    throw new PermanentError('not-a-flow-batch', parsed.error.issues[0]?.message ?? 'not a flow batch');
  // The subject is what the sender's credential allows; the payload is only what it says.
  const { cluster, node } = parsed.data;
  if (message.subject !== subjects.decorated(cluster, node))
    throw new PermanentError('foreign-sender', `a batch of node ${node} of ${cluster} on ${message.subject}`);
  return parsed.data;
}
