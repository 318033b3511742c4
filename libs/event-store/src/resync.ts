/**
 * Saying again what is so now, for copies that were lost or are new while the stream has forgotten: the last word on each
 * thing that others mirror, and the whole history of what they fold. Only the relay says it, between two rounds of its own, so that
 * nothing newer is ever followed by something older. How far it is stands in the database: a crash goes on, and whoever relays does it.
 * SQL: on the relay's session, and events in pages (`npm run bench -- rows`).
 */
import { randomUUID } from 'node:crypto';
import { FOLDED, MIRRORED } from '@ringfence/contracts';
import type pg from 'pg';
import type { StoredEvent } from './event-store.js';
import { storedEvents } from './read.js';

/** Positions that are looked through at a time. */
const PAGE = 5_000;

const LAST_WORDS: readonly string[] = Object.values(MIRRORED).flatMap(({ written, deleted }) => [
  ...written,
  deleted,
]);

export interface ResyncProgress {
  /** Events said again so far. */
  readonly said: number;
  /** How far the store is looked through, of how much; equal: done, or never begun. */
  readonly position: number;
  readonly upto: number;
}
interface ResyncPage {
  readonly run: string;
  readonly from: number;
  readonly to: number;
  readonly events: readonly StoredEvent[];
}
interface ResyncRow {
  readonly run: string;
  readonly said: number;
  readonly position: string;
  readonly upto: string;
}
type Queryable = Pick<pg.ClientBase, 'query'>;

/** From the first event; one that is under way goes on instead. */
export async function beginResync(db: Queryable): Promise<ResyncProgress> {
  await db.query(
    `insert into resync select 1, $1, 0, 0, coalesce(max(position), 0) from events
     on conflict (id) do update set run = excluded.run, said = 0, position = 0, upto = excluded.upto
     where resync.position = resync.upto`,
    [randomUUID()],
  );
  return resyncProgress(db);
}

export async function resyncProgress(db: Queryable): Promise<ResyncProgress> {
  const row = await current(db);
  return { said: row?.said ?? 0, position: Number(row?.position ?? 0), upto: Number(row?.upto ?? 0) };
}

/** What is to be said again next; null: no resync is under way. */
export async function nextPage(db: Queryable): Promise<ResyncPage | null> {
  const row = await current(db);
  const from = Number(row?.position ?? 0);
  const to = Math.min(from + PAGE, Number(row?.upto ?? 0));
  if (row === undefined || from === to) return null;
  // What a later event of its stream overrides is left out; the later one has its own turn, here or in the relay.
  const events = await storedEvents(
    db,
    `position > $1 and position <= $2 and (type = any($3) or type = any($4) and not exists (
       select 1 from events later where later.stream = events.stream and later.version > events.version
         and later.type = any($4)))
     order by position`,
    [from, to, FOLDED, LAST_WORDS],
  );
  return { run: row.run, from, to, events };
}

export async function pageIsSaid(db: Queryable, { run, from, to, events }: ResyncPage): Promise<void> {
  await db.query('update resync set position = $3, said = said + $4 where run = $1 and position = $2', [
    run,
    from,
    to,
    events.length,
  ]);
}

async function current(db: Queryable): Promise<ResyncRow | undefined> {
  const { rows } = await db.query<ResyncRow>('select run, said, position, upto from resync');
  return rows[0];
}
