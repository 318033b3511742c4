/**
 * What a service sees of NATS: the types of the bus. `connect.ts` builds it; one file per ability does the work.
 * Wire form everywhere: JSON, W3C trace context in headers, an empty payload is a tombstone.
 */
import type { CallContract, Consumption } from '@ringfence/contracts';
import type { z } from 'zod';
import type { BusMetrics } from './metrics.js';

/** A NATS user: JWT and the seed that proves it. */
export interface Credentials {
  readonly jwt: string;
  readonly seed: string;
}

export interface BusOptions {
  /** One URL or several, comma-separated. */
  readonly servers: string;
  /** Of the connection, as the server shows it; also `<service>` of dead letters and queue groups. */
  readonly name: string;
  readonly server: 'control' | 'cluster';
  /** A function is asked at every (re)connection, so that a renewed credential is taken up when the old one expires. */
  readonly credentials?: Credentials | (() => Credentials);
  /** Path of the CA that servers of `tls://` are verified by, read at every connection; empty or absent: the system's. */
  readonly caFile?: string | undefined;
  /** Must match the credential's permission; absent: the server's `_INBOX`. */
  readonly inboxPrefix?: string;
  readonly metrics?: BusMetrics;
  /** Told in words whenever the connection is away (and why), for logs. */
  readonly onState?: (state: { readonly connected: boolean; readonly detail: string }) => void;
  /** The server does not take the credential (any more): another attempt with the same one is in vain. */
  readonly onRefused?: () => void;
  /** Ends the wait for the first connection. */
  readonly signal?: AbortSignal;
  /** A lane that is done with nothing for so long, while messages wait, counts as standing still; absent: 30 s. */
  readonly standsAfterMs?: number;
  /** Waits before each publication, in their order: for who may say only so much. */
  readonly pace?: (subject: string, bytes: number) => Promise<void>;
}

export type TraceHeaders = Readonly<Record<string, string>>;

export interface PublishOptions {
  /** The server drops a repeat of an id within its window: publishing again after a doubt is safe. */
  readonly id?: string;
  /** `traceparent` in here wins over the active span. */
  readonly headers?: TraceHeaders;
}
export interface Publication extends PublishOptions {
  readonly subject: string;
  readonly payload: unknown;
}

interface Stored {
  readonly subject: string;
  /** Of the payload, as it came. */
  readonly bytes: number;
  /** When the server stored it. */
  readonly storedAt: Date;
}
/** What is known of a message before it is read. */
export interface Arrived extends Stored {
  /** Messages behind it in its durable. */
  readonly waiting: number;
}

/** A message of a durable consumer, in the stream's order. */
export interface Message extends Stored {
  /** Parsed JSON. */
  readonly payload: unknown;
  /** Name and birth of the stream: a stream that was made anew counts its messages from 1 again. */
  readonly stream: string;
  readonly seq: number;
  readonly headers: TraceHeaders;
  /** 1 at first; more after a crash or a retry. */
  readonly attempt: number;
}

/** A value of a last-value stream. `payload` null: it was removed. */
export interface LatestValue {
  readonly subject: string;
  readonly payload: unknown;
  /** Of the payload, as it came. */
  readonly bytes: number;
  readonly seq: number;
  readonly headers: TraceHeaders;
}
export interface LatestReader {
  /** All values that existed when the reading began have been handled. */
  readonly caughtUp: Promise<void>;
  /** Values that are not handled yet, on the server and here. */
  waiting(): Promise<number>;
  /** All values up to this place of the stream have been handled. */
  hasPassed(seq: number): Promise<boolean>;
  /** True, or in words that it stands still with values waiting. */
  progress(): true | string;
  close(): Promise<void>;
}
export interface LatestOptions {
  /** Read through this existing durable (an edge may not create its own); its owner has set filter and start. */
  readonly durable?: string;
  /** A handler that throws is called again with the same value; told here each time. */
  readonly onError?: (error: unknown, subject: string) => void;
  /** The stream is another one than before, or lost its end: it is read from its beginning, and may lack what was read. Told before its first value. */
  readonly onStreamMadeAnew?: () => void;
}

export interface Consumer {
  readonly durable: string;
  /** Messages that wait on the server, as it said a moment ago. */
  lag(): number;
  /** True, or in words that it stands still with messages waiting. */
  progress(): true | string;
  /** Stops taking messages, finishes the one in hand, leaves the others to the server. */
  close(): Promise<void>;
}
export interface ConsumerOptions {
  /** Told about every failed attempt and dead letter. */
  readonly onError?: (error: unknown, message: { readonly subject: string; readonly seq: number }) => void;
  /** Where a durable that does not exist yet begins; absent: at the oldest message. */
  readonly startAt?: 'oldest' | 'newest';
  /** True while whom it passes messages on to is away, where that is said elsewhere: standing still is no fault of the lane then. */
  readonly mayStand?: () => boolean;
  /** Asked once of each message as it comes: what it says no to is dropped, neither read nor buried. It may not throw. */
  readonly admits?: (arrived: Arrived) => boolean;
}
export interface BatchLimits {
  readonly maxMessages: number;
  readonly maxWaitMs: number;
}

export interface Subscription {
  close(): void;
}
export interface CallContext {
  /** As called: a wildcard of the served subject is filled in here. */
  readonly subject: string;
  readonly headers: TraceHeaders;
}
export interface ServeOptions {
  /** Serve `cmd.<service>.<method>.<suffix>` instead (`*` for a wildcard): permissions can name the caller. */
  readonly suffix?: string;
}
export interface CallOptions {
  readonly suffix?: string;
  /** Instead of the contract's. */
  readonly deadlineMs?: number;
}

export interface Bus {
  /** JetStream, acknowledged. Waits for a free place when too many are in flight; throws TransientError when nobody acknowledges. */
  publish(subject: string, payload: unknown, options?: PublishOptions): Promise<void>;
  /** In flight together; done when all are acknowledged. Order on the stream is the order of the list. */
  publishMany(publications: readonly Publication[]): Promise<void>;
  /** Tombstone on a last-value stream. */
  remove(subject: string, options?: PublishOptions): Promise<void>;
  /** Core NATS: whoever listens gets it, nobody acknowledges. */
  send(subject: string, payload: unknown): void;
  /** Core NATS; one at a time, in order. A queue group shares the messages out. */
  subscribe(
    subject: string,
    handler: (message: { subject: string; payload: unknown; headers: TraceHeaders }) => Promise<void> | void,
    options?: { readonly queue?: string },
  ): Subscription;
  latest(
    stream: string,
    filter: string,
    handler: (value: LatestValue) => Promise<void> | void,
    options?: LatestOptions,
  ): Promise<LatestReader>;
  consume(
    consumption: Consumption,
    handler: (message: Message) => Promise<void>,
    options?: ConsumerOptions,
  ): Consumer;
  /**
   * Reads again what the stream keeps, or what it was given since then: whoever reads through this durable, here or elsewhere.
   * Answers when the oldest message that the stream keeps was stored; null: it keeps none.
   */
  rewind(consumption: Consumption, since?: Date): Promise<{ readonly oldest: Date | null }>;
  /** What a stream keeps: its name and birth, and the sequences of its first and last message. */
  kept(stream: string): Promise<{ readonly stream: string; readonly first: number; readonly last: number }>;
  /** The payload of the newest message of these subjects; undefined: the stream keeps none. */
  last(stream: string, filter: string): Promise<unknown>;
  /** Told when the server has lost the stream and it was made anew: what was said on it must be said again. */
  onMadeAnew(stream: string, listener: () => void): Subscription;
  /** Told whenever the connection is back, never of the first one. */
  onReconnect(listener: () => void): Subscription;
  /** Messages that wait in a durable, whoever reads through it. */
  waiting(consumption: Consumption): Promise<number>;
  /** Everything up to this place of its stream that the durable reads has been handled, by whoever reads through it. */
  hasPassed(consumption: Consumption, seq: number): Promise<boolean>;
  /** Acknowledged together after the handler; a batch that fails is tried again, then message by message. */
  consumeBatches(
    consumption: Consumption,
    limits: BatchLimits,
    handler: (messages: readonly Message[]) => Promise<void>,
    options?: ConsumerOptions,
  ): Consumer;
  /** Throws CallError. The response is parsed with the contract. */
  call<Req extends z.ZodType, Res extends z.ZodType>(
    contract: CallContract<Req, Res>,
    request: z.input<Req>,
    options?: CallOptions,
  ): Promise<z.output<Res>>;
  /** Answers calls in a process without Nest's transport. The request is parsed; throw CallError to refuse. */
  serve<Req extends z.ZodType, Res extends z.ZodType>(
    contract: CallContract<Req, Res>,
    handler: (request: z.output<Req>, context: CallContext) => Promise<z.input<Res>>,
    options?: ServeOptions,
  ): Subscription;
  isConnected(): boolean;
  /** True, or what is missing in words: for `health.require`. */
  availability(): true | string;
  /** True, or in words which of its readers stand still with messages waiting: for `health.require`. */
  progress(): true | string;
  readonly server: 'control' | 'cluster';
  readonly name: string;
  /** Finishes what is in hand, flushes, disconnects. */
  close(): Promise<void>;
}
