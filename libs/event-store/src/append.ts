/** Writing events: the lock, the expected versions, the rows, and the read tables, in the caller's transaction. SQL: `npm run bench -- commit`. */
import { randomUUID } from 'node:crypto';
import { context, propagation, trace } from '@opentelemetry/api';
import { eventContract } from '@ringfence/contracts';
import type pg from 'pg';
import { VersionConflict } from './event-store.js';
import type { AppendBatch, EventMeta, Projection, StoredEvent } from './event-store.js';
import { lastPosition } from './read.js';
import { LOCKS } from './schema.js';
import { refuseOvertaken } from './unless-overtaken.js';
import type { OvertakenBy } from './unless-overtaken.js';
import { requestOfWork } from './written.js';

type EventRow = Omit<StoredEvent, 'position'>;

export async function appendEvents(
  tx: pg.PoolClient,
  projections: readonly Projection[],
  batches: readonly AppendBatch[],
  meta: EventMeta,
): Promise<StoredEvent[]> {
  if (batches.every((batch) => batch.events.length === 0)) return [];
  // From here to the commit writers go one by one: identity values are then given in commit order, and no reader
  // that keeps the last position can skip an event. It also makes the versions below final.
  await tx.query('select pg_advisory_xact_lock($1)', [LOCKS.append]);
  await refuseOvertaken((by) => lastPositionOf(tx, batches, by));
  const versions = await currentVersions(tx, batches);
  return inAppendSpan(batches, async () => {
    const rows = batches.flatMap((batch) => rowsOf(batch, versions, meta));
    const positions = await insert(tx, rows);
    const events = rows.map((row, index) => ({ ...row, position: positions[index] ?? 0 }));
    for (const projection of projections) await projection.apply(tx, events);
    return events;
  });
}

const tracer = trace.getTracer('@ringfence/event-store');

/** A step of the active trace, which the events carry on; outside of every trace nothing is recorded. */
async function inAppendSpan<T>(batches: readonly AppendBatch[], work: () => Promise<T>): Promise<T> {
  if (trace.getActiveSpan() === undefined) return work();
  const types = new Set(batches.flatMap(({ events }) => events.map(({ type }) => type)));
  const attributes = { 'ringfence.event_types': [...types].join(' ') };
  return tracer.startActiveSpan('append events', { attributes }, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}

async function lastPositionOf(
  tx: pg.PoolClient,
  batches: readonly AppendBatch[],
  by: OvertakenBy,
): Promise<number> {
  if (by === 'anything') return lastPosition(tx);
  const { rows } = await tx.query<{ last: string | null }>(
    `select max(e.position) as last from unnest($1::text[]) as s(stream),
       lateral (select position from events where stream = s.stream order by version desc limit 1) as e`,
    [batches.map(({ stream }) => stream)],
  );
  return Number(rows[0]?.last ?? 0);
}

async function currentVersions(
  tx: pg.PoolClient,
  batches: readonly AppendBatch[],
): Promise<Map<string, number>> {
  const streams = [...new Set(batches.map((batch) => batch.stream))];
  // One index probe per stream: with thousands of streams a `group by` would read all their events.
  const { rows } = await tx.query<{ stream: string; version: number }>(
    `select s.stream, coalesce((select e.version from events e where e.stream = s.stream order by e.version desc limit 1), 0) as version
       from unnest($1::text[]) as s(stream)`,
    [streams],
  );
  return new Map(rows.map((row) => [row.stream, row.version]));
}

function rowsOf(batch: AppendBatch, versions: Map<string, number>, meta: EventMeta): EventRow[] {
  const actual = versions.get(batch.stream) ?? 0;
  if (batch.expectedVersion !== 'any' && batch.expectedVersion !== actual) {
    throw new VersionConflict(batch.stream, batch.expectedVersion, actual);
  }
  versions.set(batch.stream, actual + batch.events.length);
  const { actor, cluster, correlation = requestOfWork(), causation } = batch.meta ?? meta;
  const trace: Record<string, string> = {};
  propagation.inject(context.active(), trace);
  const at = new Date().toISOString();
  return batch.events.map((event, index) => ({
    id: randomUUID(),
    type: event.type,
    // What is written is of the newest version; a type of this service alone has only one.
    v: eventContract(event.type)?.v ?? 1,
    stream: batch.stream,
    version: actual + index + 1,
    at,
    cluster,
    actor,
    ...(correlation !== undefined && { correlation }),
    ...(causation !== undefined && { causation }),
    data: event.data,
    trace,
  }));
}

async function insert(tx: pg.PoolClient, rows: readonly EventRow[]): Promise<number[]> {
  const column = (value: (row: EventRow) => unknown): unknown[] => rows.map(value);
  const { rows: inserted } = await tx.query<{ position: string }>(
    `insert into events (id, stream, version, type, v, at, cluster, actor, correlation, causation, trace, data)
     select * from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::int[], $6::timestamptz[], $7::text[],
       $8::jsonb[], $9::text[], $10::text[], $11::jsonb[], $12::jsonb[])
     returning position`,
    [
      column((row) => row.id),
      column((row) => row.stream),
      column((row) => row.version),
      column((row) => row.type),
      column((row) => row.v),
      column((row) => row.at),
      column((row) => row.cluster),
      column((row) => JSON.stringify(row.actor)),
      column((row) => row.correlation ?? null),
      column((row) => row.causation ?? null),
      column((row) => JSON.stringify(row.trace)),
      column((row) => JSON.stringify(row.data ?? null)),
    ],
  );
  return inserted.map((row) => Number(row.position));
}
