/** Bytes from one end of a stream to the other, no faster than they are taken. */
import type { Readable, Writable } from 'node:stream';
import type { StreamSession } from './sessions.js';

type Taker = (chunk: Buffer) => Promise<void>;

/** Resolves when the source has ended or either side has gone; which of them is seen where it matters, by the session. */
export async function copy(source: Readable, take: Taker, session: StreamSession): Promise<void> {
  try {
    // The other half of the stream goes on when this one has ended.
    for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      session.touch();
      await take(chunk);
    }
  } catch {
    // A stream that was broken off has no more bytes.
  }
}

export function into(target: Writable): Taker {
  return (chunk) =>
    new Promise((resolve, reject) => {
      target.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
}
