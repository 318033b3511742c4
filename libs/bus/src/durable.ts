/**
 * Reading a durable consumer in the stream's order. The server hands out newer messages before it repeats those that
 * were lost on a broken connection, so a reader that just goes on would see them swapped. Hence sessions: a session
 * begins when nothing is under way (or its time has run out), and ends at the first sign of a possible loss.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, NatsError } from 'nats';
import type { ConsumerConfig, ConsumerInfo } from 'nats';
import type { Consumption } from '@ringfence/contracts';
import { cameTrue } from '@ringfence/retrying';
import type { Link } from './link.js';

/** The server repeats what was not acknowledged for so long; a reader at work says so more often than that. */
const ACK_WAIT_MS = 5_000;
export const KEEP_ALIVE_MS = 1_500;
/** One pull; also the most that can be under way at once. */
export const MAX_UNDER_WAY = 512;
const NANOSECONDS = 1_000_000;
const CONSUMER_NOT_FOUND = 10_014;
const MARGIN_MS = 250;
/** To make a durable before its reader does. */
const ATTEMPTS = 5;
/** By whom it was taken away, or its reader makes one. */
const MADE_ANEW_WITHIN_MS = 1_000;

export interface Session {
  /** Name and birth of the stream: sequences of a stream made anew start again. */
  readonly stream: string;
  /** Of the last rewind; the durable's birth would do, but a server that is killed tells another one afterwards (2.9.10). */
  readonly rewind: string;
  /** Nobody had made it, or somebody took it away: it begins anew, and so does who reads through it. */
  readonly isMadeNow: boolean;
  /** Messages behind the durable's position. */
  readonly pending: number;
}

export interface SessionOptions {
  /** Where a durable that is missing begins. */
  readonly startAt: 'oldest' | 'newest';
  /** There was one before: who took it away is perhaps about to make another. */
  readonly isAgain: boolean;
  readonly signal: AbortSignal;
}

/** Makes the durable if it is missing and waits until nothing of a former session is under way. */
export async function beginSession(
  link: Link,
  consumption: Consumption,
  { startAt, isAgain, signal }: SessionOptions,
): Promise<Session> {
  const { stream } = consumption;
  const kept = await keptIn(link, stream);
  if (isAgain) await cameTrue(async () => (await find(link, consumption)) !== undefined, MADE_ANEW_WITHIN_MS);
  const { info, isMadeNow } = await ensureDurable(link, consumption, startAt);
  await untilNothingUnderWay(info, signal);
  const pending = info.num_pending + info.num_ack_pending;
  return { stream: kept.stream, rewind: info.config.description ?? '', isMadeNow, pending };
}

export async function keptIn(
  { manager }: Link,
  name: string,
): Promise<{ stream: string; first: number; last: number }> {
  const { created, state } = await manager.streams.info(name);
  return { stream: `${name}@${created}`, first: state.first_seq, last: state.last_seq };
}

/** Messages that the server has not yet had acknowledged, delivered or not. */
export async function waitingIn(link: Link, stream: string, consumer: string): Promise<number> {
  const info = await link.manager.consumers.info(stream, consumer);
  return info.num_pending + info.num_ack_pending;
}

/** Everything up to this place of the stream that the durable reads has been acknowledged. */
export async function hasPassed(
  { manager }: Link,
  { stream, durable }: Consumption,
  seq: number,
): Promise<boolean> {
  const info = await manager.consumers.info(stream, durable);
  return info.ack_floor.stream_seq >= seq || info.num_pending + info.num_ack_pending === 0;
}

/** The durable of one cluster; the filter's second token is the cluster. */
export const ofCluster = (consumption: Consumption, cluster: string): Consumption => ({
  ...consumption,
  durable: `${consumption.durable}-${cluster}`,
  filter: consumption.filter.replace('*', cluster),
});

/** One; or those of the clusters that are read. */
async function durablesOf({ manager }: Link, consumption: Consumption): Promise<Consumption[]> {
  if (consumption.perCluster !== true) return [consumption];
  const { stream, durable } = consumption;
  const found: Consumption[] = [];
  for await (const { name } of manager.consumers.list(stream))
    if (name.startsWith(`${durable}-`)) found.push(ofCluster(consumption, name.slice(durable.length + 1)));
  return found;
}

async function untilNothingUnderWay(info: ConsumerInfo, signal: AbortSignal): Promise<void> {
  if (info.num_ack_pending === 0) return;
  const ackWaitMs = (info.config.ack_wait ?? 0) / NANOSECONDS;
  await sleep(ackWaitMs + MARGIN_MS, undefined, { signal });
}

/** For a reader that may not look: long enough for the server to count as lost what it sent before. */
export function untilRepeatsAreDue(signal: AbortSignal): Promise<void> {
  return sleep(ACK_WAIT_MS + MARGIN_MS, undefined, { signal });
}

function find({ manager }: Link, { stream, durable }: Consumption): Promise<ConsumerInfo | undefined> {
  return manager.consumers.info(stream, durable).catch((error: unknown) => {
    if (error instanceof NatsError && error.api_error?.err_code === CONSUMER_NOT_FOUND) return undefined;
    throw error;
  });
}

async function ensureDurable(
  link: Link,
  consumption: Consumption,
  startAt: 'oldest' | 'newest',
): Promise<{ info: ConsumerInfo; isMadeNow: boolean }> {
  const { stream, durable, filter } = consumption;
  const found = await find(link, consumption);
  if (found !== undefined) {
    if (found.config.filter_subject === filter) return { info: found, isMadeNow: false };
    throw new Error(
      `durable ${durable} on ${stream} reads ${found.config.filter_subject}, not ${filter}: delete it or name another`,
    );
  }
  const info = await addDurable(link, consumption, {
    deliver_policy: startAt === 'oldest' ? DeliverPolicy.All : DeliverPolicy.New,
  });
  return { info, isMadeNow: true };
}

type Start = Pick<ConsumerConfig, 'deliver_policy'> &
  Partial<Pick<ConsumerConfig, 'opt_start_time' | 'description'>>;

const addDurable = (
  link: Link,
  { stream, durable, filter }: Pick<Consumption, 'stream' | 'durable' | 'filter'>,
  start: Start,
): Promise<ConsumerInfo> =>
  link.manager.consumers.add(stream, {
    durable_name: durable,
    filter_subject: filter,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ACK_WAIT_MS * NANOSECONDS,
    max_ack_pending: MAX_UNDER_WAY,
    max_deliver: -1,
    ...start,
  });

export async function dropDurable(link: Link, stream: string, durable: string): Promise<void> {
  await link.manager.consumers.delete(stream, durable).catch((error: unknown) => {
    if (!(error instanceof NatsError && error.api_error?.err_code === CONSUMER_NOT_FOUND)) throw error;
  });
}

/** In one durable, or in those of all clusters. */
export async function waitingOf(link: Link, consumption: Consumption): Promise<number> {
  const durables = await durablesOf(link, consumption);
  const waiting = durables.map(({ stream, durable }) => waitingIn(link, stream, durable));
  return (await Promise.all(waiting)).reduce((sum, each) => sum + each, 0);
}

/** Makes a durable anew, further back; or those of all clusters. Who reads through one notices, and begins anew. */
export async function rewindDurable(
  link: Link,
  consumption: Consumption,
  since?: Date,
): Promise<{ oldest: Date | null }> {
  const { state } = await link.manager.streams.info(consumption.stream);
  const start: Start =
    since === undefined
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() };
  for (const each of await durablesOf(link, consumption))
    await makeAnew(link, each, { description: `rewound ${randomUUID()}`, ...start });
  return { oldest: state.messages === 0 ? null : new Date(state.first_ts) };
}

/** Whoever reads through it may be quicker, and have made one of his own as soon as the old one was gone. */
async function makeAnew(link: Link, consumption: Consumption, start: Start): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Under load a server says that it could not remove all files of what it did remove.
      await dropDurable(link, consumption.stream, consumption.durable);
      return void (await addDurable(link, consumption, start));
    } catch (error) {
      if (!(error instanceof NatsError) || error.api_error === undefined || attempt === ATTEMPTS) throw error;
    }
  }
}

/** A durable that an edge reads last values through; made anew, it gives every current value first. */
export async function remakeLatestDurable(
  link: Link,
  stream: string,
  durable: string,
  filter: string,
): Promise<void> {
  await dropDurable(link, stream, durable);
  await addDurable(link, { stream, durable, filter }, { deliver_policy: DeliverPolicy.LastPerSubject });
}
