/** Reading events back, in the form in which they are published. Rows are never rewritten: older versions are upcast here, for all. SQL: `npm run bench -- rows`. */
import { readEvent } from '@ringfence/contracts';
import type { Actor } from '@ringfence/contracts';
import type pg from 'pg';
import type { StoredEvent } from './event-store.js';

interface EventRow {
  position: string;
  id: string;
  stream: string;
  version: number;
  type: string;
  v: number;
  at: Date;
  cluster: string;
  actor: Actor;
  correlation: string | null;
  causation: string | null;
  trace: Record<string, string>;
  data: unknown;
}
type Queryable = Pick<pg.ClientBase, 'query'>;

export async function loadStream(
  db: Queryable,
  stream: string,
): Promise<{ events: StoredEvent[]; version: number }> {
  const { rows } = await db.query<EventRow>('select * from events where stream = $1 order by version', [
    stream,
  ]);
  return { events: rows.map(storedEvent), version: rows.at(-1)?.version ?? 0 };
}

/** By stream, in their order; of a stream that does not exist there is nothing. */
export async function loadStreams(
  db: Queryable,
  streams: readonly string[],
): Promise<Map<string, StoredEvent[]>> {
  const histories = new Map<string, StoredEvent[]>();
  for (const event of await storedEvents(db, 'stream = any($1) order by stream, version', [streams])) {
    const history = histories.get(event.stream);
    if (history === undefined) histories.set(event.stream, [event]);
    else history.push(event);
  }
  return histories;
}

/** By the index of streams and versions, newest first: what a stream has had since is passed over. */
export async function lastUpTo(
  db: Queryable,
  streams: readonly string[],
  at: string,
): Promise<Map<string, StoredEvent>> {
  const { rows } = await db.query<EventRow>(
    `select last.* from unnest($1::text[]) as asked (stream), lateral (
       select * from events where events.stream = asked.stream and events.at <= $2 order by version desc limit 1) as last`,
    [[...new Set(streams)], at],
  );
  return new Map(rows.map((row) => [row.stream, storedEvent(row)]));
}

/** When the first event was stored; null: there is none. */
export async function beganAt(db: Queryable): Promise<string | null> {
  const { rows } = await db.query<{ at: Date }>('select at from events order by position limit 1');
  return rows[0]?.at.toISOString() ?? null;
}

export const eventsAbove = (db: Queryable, position: number, limit: number): Promise<StoredEvent[]> =>
  storedEvents(db, 'position > $1 order by position limit $2', [position, limit]);

/** Of the newest event; 0: there is none. */
export async function lastPosition(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ last: string }>('select coalesce(max(position), 0) as last from events');
  return Number(rows[0]?.last ?? 0);
}

export async function storedEvents(
  db: Queryable,
  where: string,
  values: readonly unknown[],
): Promise<StoredEvent[]> {
  const { rows } = await db.query<EventRow>(`select * from events where ${where}`, [...values]);
  return rows.map(storedEvent);
}

function storedEvent(row: EventRow): StoredEvent {
  return readEvent({
    id: row.id,
    type: row.type,
    v: row.v,
    stream: row.stream,
    version: row.version,
    position: Number(row.position),
    at: row.at.toISOString(),
    cluster: row.cluster,
    actor: row.actor,
    ...(row.correlation !== null && { correlation: row.correlation }),
    ...(row.causation !== null && { causation: row.causation }),
    data: row.data,
    trace: row.trace,
  });
}
