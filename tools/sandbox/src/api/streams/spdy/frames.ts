/**
 * SPDY/3.1 on the wire, as far as Kubernetes speaks it: streams that are opened, answered, written, half closed and reset, and
 * pings. Nobody there keeps flow control; window updates and settings are read and forgotten. Pure but for the reading itself.
 *
 *   control  1 version(15) type(16) flags(8) length(24) payload
 *   data     0 stream(31)           flags(8) length(24) payload
 */

export const frameTypes = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7 } as const;

export type Frame =
  | { kind: 'data'; stream: number; isLast: boolean; payload: Buffer }
  | { kind: 'control'; type: number; isLast: boolean; payload: Buffer };

const version = 3;
const finFlag = 1;
const headLength = 8;
/** Far above what clients write in one piece (32 KiB). */
const maxFrameBytes = 1 << 20;

/** Throws at a frame that is longer than anybody writes. */
export async function* readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let unread: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    while (unread.length >= headLength) {
      const length = unread.readUIntBE(5, 3);
      if (length > maxFrameBytes) throw new Error(`a SPDY frame of ${length} bytes`);
      if (unread.length < headLength + length) break;
      yield frameOf(unread, unread.subarray(headLength, headLength + length));
      unread = unread.subarray(headLength + length);
    }
  }
}

function frameOf(head: Buffer, payload: Buffer): Frame {
  const word = head.readUInt32BE(0);
  const isLast = (head.readUInt8(4) & finFlag) !== 0;
  if (word < 0x80000000) return { kind: 'data', stream: word, isLast, payload };
  return { kind: 'control', type: word & 0xffff, isLast, payload };
}

export function dataFrame(stream: number, payload: Buffer, isLast = false): Buffer {
  return Buffer.concat([headOf(stream, isLast, payload.length), payload]);
}

export function controlFrame(type: number, ...parts: readonly (number | Buffer)[]): Buffer {
  const payload = Buffer.concat(parts.map((part) => (typeof part === 'number' ? word(part) : part)));
  return Buffer.concat([headOf((0x80000000 | (version << 16) | type) >>> 0, false, payload.length), payload]);
}

function headOf(firstWord: number, isLast: boolean, length: number): Buffer {
  const head = Buffer.alloc(headLength);
  head.writeUInt32BE(firstWord, 0);
  head.writeUInt8(isLast ? finFlag : 0, 4);
  head.writeUIntBE(length, 5, 3);
  return head;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
