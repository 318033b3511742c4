/**
 * One pull request of a consumer: up to `batch` messages as they come, until the batch is full or the time is over.
 * An inbox of its own per pull, so that between accounts the server can forget the answer's way afterwards.
 * A reader that only ever goes on after an end without a gap misses nothing; after any other end messages may be under way.
 */
import { createInbox } from 'nats';
import type { Msg } from 'nats';
import type { Link } from './link.js';

const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
const SILENT_AFTER_MS = 12_000;
const NANOSECONDS = 1_000_000;
/** What one pull may bring: every lane may have this in memory at once, whatever somebody fills its stream with. */
const MOST_BYTES = 4 * 1024 ** 2;
/**
 * The server says nothing when a pull is filled to the last byte, and whoever waits for the end of it waits until it counts
 * as silent: so nobody must be able to aim at that byte.
 */
const BYTES_OF_CHANCE = 64 * 1024;
const NO_MORE_FITS = /Size Exceeds MaxBytes/i;

/**
 * `cut`: no more fits in; `too-large`: not even the first, which must be pulled alone; `gone`: the consumer, its stream or
 * JetStream itself; `silent`: not even heartbeats.
 */
export type PullEnd =
  'full' | 'cut' | 'too-large' | 'expired' | 'gone' | 'silent' | 'disconnected' | 'cancelled';

/** A reader may go on after these. */
const WITHOUT_A_GAP: ReadonlySet<PullEnd> = new Set(['full', 'cut', 'too-large', 'expired']);

export const hasNoGap = (end: PullEnd): boolean => WITHOUT_A_GAP.has(end);

export interface PulledMessage {
  readonly raw: Msg;
  readonly seq: number;
  /** 1 at the first delivery. */
  readonly delivery: number;
  /** Counts the deliveries of this consumer. */
  readonly deliverySeq: number;
  readonly storedAt: Date;
  /** Waiting on the server behind this one. */
  readonly pending: number;
}

export interface Pull {
  readonly ended: Promise<PullEnd>;
  /** The server has answered it: a message has come, or a heartbeat. */
  isHeard(): boolean;
  cancel(): void;
}

export interface PullRequest {
  readonly stream: string;
  readonly consumer: string;
  /** One comes however large it is; several come only as far as they fit. */
  readonly batch: number;
  /** Only what is there now: ends with `expired` when that is less than the batch. */
  readonly noWait?: boolean;
}

export function startPull(
  link: Link,
  request: PullRequest,
  onMessage: (message: PulledMessage) => void,
): Pull {
  const { stream, consumer, batch } = request;
  const inbox = createInbox(link.inboxPrefix);
  let received = 0;
  let isHeard = false;
  let finish: (end: PullEnd) => void = () => undefined;
  const ended = new Promise<PullEnd>((resolve) => (finish = resolve));
  const silence = setTimeout(() => end('silent'), SILENT_AFTER_MS);
  const take = (raw: Msg): void => {
    silence.refresh();
    const status = statusOf(raw, inbox);
    isHeard = status === 'message' || status === 'heartbeat';
    if (status === 'heartbeat') return;
    if (status !== 'message') return end(status === 'cut' && received === 0 ? 'too-large' : status);
    received += 1;
    onMessage(pulled(raw));
    if (received === batch) end('full');
  };
  const subscription = link.connection.subscribe(inbox, {
    callback: (error, raw) => (error === null ? take(raw) : end('gone')),
  });
  const stopListening = link.onDisconnect(() => end('disconnected'));
  const end = (how: PullEnd): void => {
    clearTimeout(silence);
    stopListening();
    if (!subscription.isClosed()) subscription.unsubscribe();
    finish(how);
  };
  const bytes = MOST_BYTES + Math.floor(Math.random() * BYTES_OF_CHANCE);
  const terms = {
    batch,
    ...(batch > 1 && { max_bytes: bytes }),
    ...(request.noWait === true
      ? { no_wait: true }
      : { expires: EXPIRES_MS * NANOSECONDS, idle_heartbeat: HEARTBEAT_MS * NANOSECONDS }),
  };
  link.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(terms), {
    reply: inbox,
  });
  return { ended, isHeard: () => isHeard, cancel: () => end('cancelled') };
}

type Status = 'message' | 'heartbeat' | 'expired' | 'cut' | 'gone';
const STATUSES: ReadonlyMap<number, Status> = new Map([
  [0, 'message'],
  [100, 'heartbeat'],
  [404, 'expired'],
  [408, 'expired'],
]);

function statusOf({ subject, headers }: Msg, inbox: string): Status {
  // Only what the server itself says comes to the inbox as such.
  if (subject !== inbox || headers === undefined) return 'message';
  const { code, description } = headers;
  return STATUSES.get(code) ?? (NO_MORE_FITS.test(description) ? 'cut' : 'gone');
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivery>.<seq>.<delivery seq>.<nanoseconds>.<pending>[.<random>]` */
function pulled(raw: Msg): PulledMessage {
  const parts = (raw.reply ?? '').split('.');
  const first = parts.length > 9 ? 6 : 4;
  const number = (index: number): number => Number(parts[first + index]);
  return {
    raw,
    delivery: number(0),
    seq: number(1),
    deliverySeq: number(2),
    storedAt: new Date(Math.floor(number(3) / NANOSECONDS)),
    pending: number(4),
  };
}

export const ACK = '+ACK';
export const TERM = '+TERM';
/** "Still at it": the server waits as long again before it delivers once more. */
export const WORKING = '+WPI';

export function answer(
  link: Link,
  message: PulledMessage,
  word: typeof ACK | typeof TERM | typeof WORKING,
): void {
  const { reply } = message.raw;
  // After close there is nobody to tell; the server delivers again, and the reader recognises the repeat.
  if (reply !== undefined && reply !== '' && !link.connection.isClosed())
    link.connection.publish(reply, word);
}
