/** Publishing to JetStream: acknowledged, a bounded number in flight, in the order of the calls. */
import { NatsError } from 'nats';
import type { Publication, PublishOptions } from './bus.js';
import { PermanentError, TransientError } from './errors.js';
import type { Link } from './link.js';
import { attributesOfSubject, stepOfTrace, wordsOfSubject } from './trace.js';
import { encode, kindOfSubject, NOTHING, REMOVED, writeHeaders } from './wire.js';

const IN_FLIGHT = 512;
const ACKNOWLEDGED_WITHIN_MS = 5_000;

export interface Publisher {
  publish(subject: string, payload: unknown, options?: PublishOptions): Promise<void>;
  publishMany(publications: readonly Publication[]): Promise<void>;
  remove(subject: string, options?: PublishOptions): Promise<void>;
}

export function publisher(link: Link): Publisher {
  const places = gate(IN_FLIGHT);
  const store = intoStream(link, places);
  const publishMany = async (publications: readonly Publication[]): Promise<void> => {
    let failure: unknown;
    const running: Promise<void>[] = [];
    for (const { subject, payload, id, headers } of publications) {
      const data = encode(payload);
      await link.pace(subject, data.length);
      await places.free();
      // Nothing is sent after a failure, so that a repeat of the list cannot put an early message behind a later one.
      if (failure !== undefined) break;
      const options = { ...(id !== undefined && { id }), ...(headers !== undefined && { headers }) };
      running.push(store(subject, data, options).catch((error: unknown) => void (failure ??= error)));
    }
    await Promise.all(running);
    if (failure !== undefined) throw failure;
  };
  return {
    publish: async (subject, payload, options) => {
      const data = encode(payload);
      await link.pace(subject, data.length);
      return store(subject, data, options);
    },
    remove: (subject, options) =>
      store(subject, NOTHING, { ...options, headers: { ...options?.headers, ...REMOVED } }),
    publishMany,
  };
}

type Store = (subject: string, data: Uint8Array, options?: PublishOptions) => Promise<void>;

function intoStream(link: Link, places: Gate): Store {
  const published = link.metrics.counter('bus_published_total', 'Messages that a stream acknowledged');
  const failed = link.metrics.counter(
    'bus_publish_failures_total',
    'Messages that no stream acknowledged in time',
  );
  return async (subject, data, options = {}) => {
    await places.enter();
    const kind = { kind: kindOfSubject(subject), server: link.server };
    try {
      // The client would keep what is published while the connection is away, and send it after what came later.
      if (!link.isConnected()) throw away(link);
      await stepOfTrace(
        `publish ${wordsOfSubject(subject)}`,
        options.headers,
        () => acknowledged(link, subject, data, options),
        attributesOfSubject(subject),
      );
      link.storing.acknowledged();
      published.add(1, kind);
    } catch (error) {
      // While the connection is away its absence says enough.
      if (error instanceof TransientError && link.isConnected()) link.storing.unacknowledged(error);
      failed.add(1, kind);
      throw error;
    } finally {
      places.leave();
    }
  };
}

async function acknowledged(
  link: Link,
  subject: string,
  data: Uint8Array,
  options: PublishOptions,
): Promise<void> {
  const acknowledgement = link.jetstream.publish(subject, data, {
    timeout: ACKNOWLEDGED_WITHIN_MS,
    headers: writeHeaders(options.headers),
    ...(options.id !== undefined && { msgID: options.id }),
  });
  const lost = connectionLost(link);
  try {
    await Promise.race([acknowledgement, lost.happened]);
  } catch (error) {
    // The loser of the race has nobody else to look at its outcome.
    acknowledgement.catch(() => undefined);
    throw classified(subject, error);
  } finally {
    lost.forget();
  }
}

/** An acknowledgement cannot come over a connection that is gone: waiting for its time-out would only delay the repeat. */
function connectionLost(link: Link): { readonly happened: Promise<never>; forget(): void } {
  let forget: () => void = () => undefined;
  const happened = new Promise<never>((_, reject) => {
    forget = link.onDisconnect(() => reject(away(link)));
  });
  return { happened, forget };
}

/** One state, one text: whether the connection went before the message or after it makes no difference to a caller. */
const away = (link: Link): TransientError => new TransientError(`${link.server} NATS is away`);

/** A stream takes no message of this size. */
const MESSAGE_TOO_LARGE = 10_054;

function classified(subject: string, error: unknown): Error {
  if (error instanceof TransientError) return error;
  const code = error instanceof NatsError ? error.code : '';
  const message = error instanceof Error ? error.message : String(error);
  const isTooLarge = error instanceof NatsError && error.api_error?.err_code === MESSAGE_TOO_LARGE;
  if (isTooLarge || code === 'MAX_PAYLOAD_EXCEEDED' || code === 'PERMISSIONS_VIOLATION') {
    return new PermanentError('not-publishable', `${subject} cannot be published: ${message}`, {
      cause: error,
    });
  }
  return new TransientError(`no stream acknowledged ${subject}: ${message}`, { cause: error });
}

interface Gate {
  enter(): Promise<void>;
  free(): Promise<void>;
  leave(): void;
}

/** Lets at most `places` in; the others wait in the order in which they came. */
function gate(places: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const hasRoom = async (): Promise<void> => {
    while (inside >= places) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return {
    free: hasRoom,
    enter: async () => {
      if (inside >= places) await hasRoom();
      inside += 1;
    },
    leave: () => {
      inside -= 1;
      waiting.shift()?.();
    },
  };
}
