/** The streams that a client of `exec` or `attach` opens at once, each named by a header. */
import type { Duplex } from 'node:stream';
import type { StreamSession } from '../sessions.js';
import { serveSpdy } from './connection.js';

const openTimeoutMs = 30_000;

/** Resolves when all have been opened; ends the session when the client goes. */
export function openedStreams(
  transport: Duplex,
  names: readonly string[],
  session: StreamSession,
): Promise<ReadonlyMap<string, Duplex>> {
  const streams = new Map<string, Duplex>();
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => reject(new Error('the client opened too few streams')), openTimeoutMs);
    const onStream = ({ headers, bytes }: { headers: ReadonlyMap<string, string>; bytes: Duplex }): void => {
      const name = headers.get('streamtype') ?? '';
      if (!names.includes(name)) return void bytes.destroy();
      streams.set(name, bytes);
      if (names.every((expected) => streams.has(expected))) {
        clearTimeout(timeout);
        resolve(streams);
      }
    };
    void serveSpdy(transport, onStream)
      .catch(() => undefined)
      .then(() => {
        clearTimeout(timeout);
        session.end();
        reject(new Error('the client has gone'));
      });
  });
}
