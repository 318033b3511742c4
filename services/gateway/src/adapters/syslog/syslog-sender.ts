/**
 * Lines to one syslog server, over TCP or TLS (each counted, RFC 6587 and 5425) or UDP (RFC 5426). What waits for a server that is away is
 * bounded: beyond it the oldest are dropped and counted. A line is gone from here when the system has taken it.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SyslogDestination } from '@ringfence/contracts';
import { retrying } from '@ringfence/retrying';

export type Remote = NonNullable<SyslogDestination['remote_syslog']>;

export interface Sender {
  send(line: string): void;
  isAway(): boolean;
  close(): Promise<void>;
}

const MOST_WAITING = 10_000;
const CONNECT_WITHIN_MS = 5_000;
const LONGEST_PAUSE_MS = 10_000;
/** A server that takes a connection and reads nothing is away, too. */
const STALLED_AFTER_MS = 30_000;
const TCP = 6;

/** A way to the server, for as long as there is one. */
interface Way {
  /** Fails when it is over. */
  readonly over: Promise<never>;
  /** The system has taken it. */
  take(line: string): Promise<void>;
  end(): void;
}

export interface SenderParts {
  readonly onDropped: (lines: number) => void;
  /** Told once each time that it goes away, with why. */
  readonly onAway: (reason: string) => void;
  /** A line that was not taken for so long ends the connection. */
  readonly stalledAfterMs?: number;
}

export function syslogSender(remote: Remote, parts: SenderParts): Sender {
  const { onDropped, onAway, stalledAfterMs = STALLED_AFTER_MS } = parts;
  const waiting: string[] = [];
  const closing = new AbortController();
  const { signal } = closing;
  let wake = (): void => undefined;
  let isAway = false;
  const woken = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  /** Until the way is over. */
  const sendAll = async (): Promise<void> => {
    const way = await (remote.protocol === TCP ? streamTo(remote, signal) : datagramsTo(remote, signal));
    // Where lines wait, a connection alone says little.
    isAway &&= waiting.length > 0;
    try {
      for (;;) {
        const [line] = waiting;
        const progress = line === undefined ? woken() : taken(way, line, stalledAfterMs);
        await Promise.race([way.over, progress]);
        isAway = false;
        // It may have been dropped meanwhile.
        if (line !== undefined && waiting[0] === line) waiting.shift();
      }
    } finally {
      way.end();
    }
  };
  const running = retrying(sendAll, {
    ...{ signal, longestPauseMs: LONGEST_PAUSE_MS },
    onError: (error) => {
      if (!isAway && !signal.aborted) onAway(error instanceof Error ? error.message : String(error));
      isAway = true;
    },
  });
  return {
    send: (line) => {
      waiting.push(line);
      if (waiting.length > MOST_WAITING) onDropped(waiting.splice(0, waiting.length - MOST_WAITING).length);
      wake();
    },
    isAway: () => isAway,
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

function taken(way: Way, line: string, withinMs: number): Promise<void> {
  const stalled = AbortSignal.timeout(withinMs);
  return new Promise((resolve, reject) => {
    stalled.onabort = () => reject(new Error('the server reads nothing'));
    way
      .take(line)
      .finally(() => (stalled.onabort = null))
      .then(resolve, reject);
  });
}

async function streamTo(remote: Remote, signal: AbortSignal): Promise<Way> {
  const socket = open(remote);
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_WITHIN_MS)]);
  try {
    await once(socket, remote.tls_enabled ? 'secureConnect' : 'connect', { signal: giveUp });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setKeepAlive(true, CONNECT_WITHIN_MS);
  // Read, so that its end is noticed.
  socket.resume();
  return {
    over: ended(socket, signal),
    take: (line) =>
      new Promise((resolve, reject) =>
        socket.write(`${Buffer.byteLength(line)} ${line}`, (error) => (error ? reject(error) : resolve())),
      ),
    end: () => socket.destroy(),
  };
}

function open({
  address,
  port,
  tls_enabled: isTls,
  tls_ca_bundle: ca,
  tls_verify_cert: verify,
}: Remote): Socket {
  const place = { host: address, port };
  if (!isTls) return connectPlain(place);
  return connectTls({
    ...{ ...place, rejectUnauthorized: verify },
    ...(typeof ca === 'string' && ca !== '' && { ca }),
    // A name for an address is none.
    ...(isIP(address) === 0 && { servername: address }),
  });
}

async function datagramsTo({ address, port }: Remote, signal: AbortSignal): Promise<Way> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    socket.connect(port, address);
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.close();
    throw error;
  }
  return {
    over: ended(socket, signal),
    take: (line) =>
      new Promise((resolve, reject) => socket.send(line, (error) => (error ? reject(error) : resolve()))),
    end: () => socket.close(),
  };
}

/** Fails with what ended it. */
function ended(socket: NodeJS.EventEmitter, signal: AbortSignal): Promise<never> {
  const over = new Promise<never>((_, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the connection')));
    socket.on('end', () => reject(new Error('the server closed the connection')));
    signal.addEventListener('abort', () => reject(new Error('closing')), { once: true });
  });
  // Also when nobody waits for it any more.
  over.catch(() => undefined);
  return over;
}
