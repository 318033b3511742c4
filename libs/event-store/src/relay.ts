/**
 * The outbox relay: follows the events in commit order and publishes each with its id as message id, then moves its
 * checkpoint. A crash between the two publishes again, and the server drops the repeats. One relay per database runs
 * at a time (a session lock), because two would undo each other's order. SQL: on that session, and events in pages (`npm run bench -- rows`).
 */
import { eventContract, subjects } from '@ringfence/contracts';
import { cameTrue, retrying } from '@ringfence/retrying';
import type pg from 'pg';
import type { EventStore, StoredEvent } from './event-store.js';
import { beginResync, nextPage, pageIsSaid, resyncProgress } from './resync.js';
import type { ResyncProgress } from './resync.js';
import { LOCKS } from './schema.js';

const BATCH = 500;
/** Commits of this process wake the relay at once; those of another are found by looking. */
const LOOK_EVERY_MS = 500;

/** The bus, as far as the relay needs it. */
export interface EventPublisher {
  publishMany(
    publications: readonly {
      subject: string;
      payload: unknown;
      id: string;
      headers: Readonly<Record<string, string>>;
    }[],
  ): Promise<void>;
}

export interface RelayOptions {
  readonly onError?: (error: unknown) => void;
}

export interface Relay {
  /** Events that are stored and not yet published, as of the last look. */
  lag(): number;
  /** Says again what is so now (see resync.ts), or all that came after a position, or only tells how far that is. */
  resync(request: { readonly begin: boolean; readonly after?: number | undefined }): Promise<ResyncProgress>;
  /** When all up to a position is published, whichever process does it; false: not within that time. */
  said(position: number, withinMs: number): Promise<boolean>;
  /** Publishes again from a position: for a NATS server that lost its files. */
  rewind(position: number): Promise<void>;
  close(): Promise<void>;
}

/** `evt.<cluster>.<entity>.<id>` of a stream `<entity>-<id>`; both parts may have dashes of their own. */
export function eventSubject(event: Pick<StoredEvent, 'type' | 'cluster' | 'stream'>): string {
  const contract = eventContract(event.type);
  if (contract === null) throw new Error(`event type ${event.type} is not in the contracts`);
  const prefix = `${contract.entity}-`;
  if (!event.stream.startsWith(prefix))
    throw new Error(`${event.type} is in the stream ${event.stream}, which is no ${contract.entity}'s`);
  return subjects.event(event.cluster, contract.entity, event.stream.slice(prefix.length));
}

export function startRelay(store: EventStore, bus: EventPublisher, options: RelayOptions = {}): Relay {
  const ended = new AbortController();
  const wake = wakeUp();
  const stopListening = store.onCommitted(wake.now);
  const state = { lag: 0 };
  const running = runUntil(
    ended.signal,
    async () => {
      const client = await store.pool.connect();
      // A broken session is noticed by the next query; the event itself must not end the process.
      client.on('error', wake.now);
      try {
        await relayWhileLeading(client, { store, bus, options, wake, state, signal: ended.signal });
      } finally {
        // The lock belongs to the session, so the session ends with it.
        client.release(true);
      }
    },
    options.onError,
  );
  const rewind = async (position: number): Promise<void> => {
    await rewindRelay(store.pool, store.service, position);
    wake.now();
  };
  return {
    lag: () => state.lag,
    resync: async ({ begin, after }) => {
      if (begin && after !== undefined) await rewind(after);
      if (!begin || after !== undefined) return resyncProgress(store.pool);
      const progress = await beginResync(store.pool);
      wake.now();
      return progress;
    },
    said: (position, withinMs) =>
      cameTrue(async () => (await relayed(store.pool, store.service)) >= position, withinMs),
    rewind,
    close: async () => {
      ended.abort();
      wake.now();
      stopListening();
      await running;
    },
  };
}

/** Never forward: what was not published yet would be passed over. */
export async function rewindRelay(db: Queryable, service: string, position: number): Promise<void> {
  await db.query('update relayed set position = $2 where relay = $1 and position > $2', [service, position]);
}

/** How far the relay is. */
export async function relayed(db: Queryable, service: string): Promise<number> {
  const { rows } = await db.query<{ position: string }>('select position from relayed where relay = $1', [
    service,
  ]);
  return Number(rows[0]?.position ?? 0);
}

type Queryable = Pick<pg.ClientBase, 'query'>;

interface Round {
  readonly store: EventStore;
  readonly bus: EventPublisher;
  readonly options: RelayOptions;
  readonly wake: ReturnType<typeof wakeUp>;
  readonly state: { lag: number };
  readonly signal: AbortSignal;
}

async function relayWhileLeading(client: pg.PoolClient, round: Round): Promise<void> {
  const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [
    LOCKS.relay,
  ]);
  if (rows[0]?.leads !== true) return round.wake.within(LOOK_EVERY_MS);
  await client.query('insert into relayed (relay, position) values ($1, 0) on conflict do nothing', [
    round.store.service,
  ]);
  while (!round.signal.aborted) {
    const published = await publishNext(client, round);
    const isSayingAgain = await sayPageAgain(client, round);
    if (published < BATCH && !isSayingAgain) await round.wake.within(LOOK_EVERY_MS);
  }
}

/** Under ids of this run: the server would drop what it has heard of late. */
async function sayPageAgain(client: pg.PoolClient, { bus }: Round): Promise<boolean> {
  const page = await nextPage(client);
  if (page === null) return false;
  await bus.publishMany(page.events.map((event) => publicationOf(event, `${event.id}-${page.run}`)));
  await pageIsSaid(client, page);
  return true;
}

const publicationOf = ({ trace, ...envelope }: StoredEvent, id: string) => ({
  subject: eventSubject(envelope),
  payload: envelope,
  id,
  headers: trace,
});

async function publishNext(client: pg.PoolClient, { store, bus, state }: Round): Promise<number> {
  const from = await relayed(client, store.service);
  const events = await store.follow(from, BATCH);
  const last = events.at(-1);
  state.lag = events.length;
  if (last === undefined) return 0;
  await bus.publishMany(events.map((event) => publicationOf(event, event.id)));
  // Guarded by the old value: a rewind that came meanwhile is not undone.
  await client.query('update relayed set position = $2 where relay = $1 and position = $3', [
    store.service,
    last.position,
    from,
  ]);
  state.lag = 0;
  return events.length;
}

async function runUntil(
  signal: AbortSignal,
  round: () => Promise<void>,
  onError: (error: unknown) => void = () => undefined,
): Promise<void> {
  while (!signal.aborted) await retrying(round, { signal, onError });
}

/** One waiter that can be woken; a call that comes while nobody waits is not lost. */
function wakeUp(): { now(): void; within(ms: number): Promise<void> } {
  let pending = false;
  let resume: (() => void) | undefined;
  return {
    now: () => {
      pending = true;
      resume?.();
    },
    within: async (ms) => {
      if (!pending) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      pending = false;
      resume = undefined;
    },
  };
}
