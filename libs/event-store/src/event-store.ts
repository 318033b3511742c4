/**
 * What a service sees of its store: the types. One database per service, one `events` table, which is also the
 * outbox. Read tables change in the transaction of the events: whoever appended reads own writes.
 */
import type { Actor, Envelope } from '@ringfence/contracts';
import type { DomainEvent } from '@ringfence/decider';
import type pg from 'pg';
import type { EntityManager, EntitySchema } from 'typeorm';
import type { MigrationClass } from './migration.js';

export type NewEvent = DomainEvent;

/** The envelope as published, and the trace that it was appended in. */
export interface StoredEvent extends Envelope {
  readonly trace: Readonly<Record<string, string>>;
}

export interface EventMeta {
  readonly actor: Actor;
  /** Cluster segment of the subject; `GLOBAL` for what belongs to none. */
  readonly cluster: string;
  readonly correlation?: string;
  readonly causation?: string;
}

export interface Projection {
  readonly name: string;
  /** Raise it when `tables` or `apply` change (`tools/checks` reminds): at the next start the tables are built anew beside the live ones and swapped. */
  readonly version: number;
  /** DDL, `create table if not exists …`, names without schema. */
  readonly tables: string;
  /** In their order, whatever they are of: thousands come at once. A fact is never refused: this throws for bugs only. */
  apply(tx: pg.PoolClient, events: readonly StoredEvent[]): Promise<void>;
}

/** What is in a service's database, as data: for the service, and for who migrates it by hand. */
export interface ServiceDatabase {
  readonly service: string;
  readonly migrations?: readonly MigrationClass[];
  readonly projections: readonly Projection[];
  /** Of the tables that the migrations and the projections make. */
  readonly entities?: readonly EntitySchema[];
}

export interface EventStoreOptions extends ServiceDatabase {
  readonly url: string;
  /** Told while Postgres is away at the start, and when it is back. */
  readonly onState?: (state: { readonly connected: boolean; readonly detail: string }) => void;
  readonly signal?: AbortSignal;
}

export interface AppendBatch {
  readonly stream: string;
  readonly expectedVersion: number | 'any';
  readonly events: readonly NewEvent[];
  /** Instead of the call's: one transaction may write for several clusters. */
  readonly meta?: EventMeta;
}

export interface EventStore {
  readonly service: string;
  readonly url: string;
  readonly pool: pg.Pool;
  /** Outside of transactions; within one, `entitiesIn(tx)`. */
  readonly entities: EntityManager;
  load(stream: string): Promise<{ events: StoredEvent[]; version: number }>;
  /** By stream; of one that does not exist there is nothing. */
  loadAll(streams: readonly string[]): Promise<Map<string, StoredEvent[]>>;
  /** By stream, the last event that it had at a moment; of one that was not there yet there is nothing. Costs a look-up for each. */
  lastUpTo(streams: readonly string[], at: string): Promise<Map<string, StoredEvent>>;
  /** When the first event was stored; null: there is none. Before it nothing is known. */
  beganAt(): Promise<string | null>;
  /** Throws VersionConflict. `inTransaction` runs last, with the read tables already current. */
  append(
    stream: string,
    expectedVersion: number | 'any',
    events: readonly NewEvent[],
    meta: EventMeta,
    inTransaction?: (tx: pg.PoolClient) => Promise<void>,
  ): Promise<StoredEvent[]>;
  appendMany(
    batches: readonly AppendBatch[],
    meta: EventMeta,
    inTransaction?: (tx: pg.PoolClient) => Promise<void>,
  ): Promise<StoredEvent[]>;
  /** The same inside a transaction that the caller holds (`transaction`). */
  appendIn(tx: pg.PoolClient, batches: readonly AppendBatch[], meta: EventMeta): Promise<StoredEvent[]>;
  transaction<T>(work: (tx: pg.PoolClient) => Promise<T>): Promise<T>;
  /** Of the newest event; 0: there is none. */
  lastPosition(): Promise<number>;
  /** Events above a position, in commit order; a reader that keeps the last position misses none. */
  follow(fromPosition: number, limit: number): Promise<StoredEvent[]>;
  /** Integer ids as text, rising, never given twice. */
  nextIds(sequence: string, count?: number): Promise<string[]>;
  /** Builds the read tables of one projection from the first event, beside the live ones, and swaps. */
  rebuild(projection: string): Promise<void>;
  /** Called after every commit that appended; returns the way to stop it. */
  onCommitted(listener: () => void): () => void;
  /** True, or what is missing in words: for `health.require`. */
  availability(): true | string;
  close(): Promise<void>;
}

/** Somebody else wrote to the stream first: load again and decide again. */
export class VersionConflict extends Error {
  override readonly name = 'VersionConflict';
  constructor(
    readonly stream: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`stream ${stream} is at version ${actual}, not ${expected}`);
  }
}
