/** Puts the abilities of the bus together on one connection. */
import { watchBirth } from './births.js';
import type { BatchLimits, Bus, BusOptions, Consumer, LatestReader, Message, Subscription } from './bus.js';
import { makeCall, serveCall } from './calls.js';
import { startConsumer } from './consume.js';
import { hasPassed, keptIn, rewindDurable, waitingOf } from './durable.js';
import { lastIn } from './last.js';
import { startLatest } from './latest.js';
import { openLink } from './link.js';
import type { Link } from './link.js';
import { publisher } from './publish.js';
import { attributesOfSubject, continueTrace, wordsOfSubject } from './trace.js';
import { decode, encode, kindOfSubject, readHeaders, writeHeaders } from './wire.js';

type Lane = Consumer | LatestReader;

const links = new WeakMap<Bus, Link>();
const ONE_BY_ONE: BatchLimits = { maxMessages: 1, maxWaitMs: 0 };

/** The connection behind a bus, for this library's own parts. */
export function linkOf(bus: Bus): Link {
  const link = links.get(bus);
  if (link === undefined) throw new Error('not a bus of connectBus');
  return link;
}

export async function connectBus(options: BusOptions): Promise<Bus> {
  const link = await openLink(options);
  const lanes = new Set<Lane>();
  const kept = <T extends Lane>(lane: T): T => {
    lanes.add(lane);
    return { ...lane, close: () => lane.close().finally(() => void lanes.delete(lane)) };
  };
  const bus: Bus = {
    ...publisher(link),
    name: link.name,
    server: link.server,
    send: (subject, payload) =>
      link.connection.publish(subject, encode(payload), { headers: writeHeaders(undefined) }),
    subscribe: (subject, handler, { queue } = {}) => subscribe(link, subject, handler, queue),
    latest: async (stream, filter, handler, latest = {}) =>
      kept(startLatest(link, { stream, filter, handler, options: latest })),
    consume: (consumption, handler, consumer = {}) =>
      kept(
        startConsumer(link, {
          consumption,
          limits: ONE_BY_ONE,
          handler: oneByOne(handler),
          options: consumer,
        }),
      ),
    consumeBatches: (consumption, limits, handler, consumer = {}) =>
      kept(startConsumer(link, { consumption, limits, handler, options: consumer })),
    ...lookingAt(link),
    onMadeAnew: (stream, listener) => watchBirth(link, stream, listener),
    onReconnect: (listener) => ({ close: link.onReconnect(listener) }),
    call: (contract, request, call) => makeCall(link, contract, request, call),
    serve: (contract, handler, serve) => serveCall(link, contract, handler, serve),
    isConnected: link.isConnected,
    availability: link.availability,
    progress: () =>
      [...lanes]
        .flatMap((lane) => lane.progress())
        .filter((state) => state !== true)
        .join('; ') || true,
    close: async () => {
      await Promise.all([...lanes].map((lane) => lane.close()));
      await endConnection(link);
    },
  };
  links.set(bus, link);
  return bus;
}

/** Streams and durables, whoever reads them. */
const lookingAt = (link: Link): Pick<Bus, 'rewind' | 'kept' | 'last' | 'waiting' | 'hasPassed'> => ({
  rewind: (consumption, since) => rewindDurable(link, consumption, since),
  kept: (stream) => keptIn(link, stream),
  last: (stream, filter) => lastIn(link, stream, filter),
  waiting: (consumption) => waitingOf(link, consumption),
  hasPassed: (consumption, seq) => hasPassed(link, consumption, seq),
});

function oneByOne(
  handler: (message: Message) => Promise<void>,
): (messages: readonly Message[]) => Promise<void> {
  return async (messages) => {
    for (const message of messages) await handler(message);
  };
}

async function endConnection(link: Link): Promise<void> {
  if (link.connection.isClosed()) return;
  // Draining needs a server that answers.
  if (link.isConnected()) await link.connection.drain().catch(() => undefined);
  await link.connection.close();
}

function subscribe(
  link: Link,
  subject: string,
  handler: Parameters<Bus['subscribe']>[1],
  queue?: string,
): Subscription {
  const subscription = link.connection.subscribe(subject, queue === undefined ? {} : { queue });
  const failures = link.metrics.counter(
    'bus_subscription_failures_total',
    'Core messages whose handler failed',
  );
  const read = async (): Promise<void> => {
    for await (const message of subscription) {
      const headers = readHeaders(message.headers);
      try {
        await continueTrace(
          `receive ${wordsOfSubject(message.subject)}`,
          headers,
          async () => handler({ subject: message.subject, payload: decode(message.data), headers }),
          attributesOfSubject(message.subject),
        );
      } catch {
        // Core messages are not repeated: whoever needs every one of them reads a stream.
        failures.add(1, { subject: kindOfSubject(message.subject) });
      }
    }
  };
  void read();
  return { close: () => subscription.unsubscribe() };
}
