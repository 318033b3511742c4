/**
 * The server's side of a SPDY connection: every stream that the client opens is answered and handed on as a Duplex with its
 * headers. A stream whose reader is slow holds up the whole connection, as in Kubernetes itself: nobody there keeps flow control.
 */
import { Duplex } from 'node:stream';
import { controlFrame, dataFrame, type Frame, frameTypes, readFrames } from './frames.js';
import { emptyHeaderBlock, HeaderReader, type Headers } from './header-block.js';

export interface SpdyStream {
  readonly headers: Headers;
  /** Both halves end by themselves; destroying it resets the stream. */
  readonly bytes: Duplex;
}

const maxStreams = 512;
const cancelled = 5;

/** Resolves when the client has gone; fails with what it did wrong. `transport` is destroyed in either case. */
export async function serveSpdy(transport: Duplex, onStream: (stream: SpdyStream) => void): Promise<void> {
  const connection = new SpdyConnection(transport, onStream);
  try {
    for await (const frame of readFrames(transport as AsyncIterable<Buffer>)) await connection.take(frame);
  } finally {
    connection.close();
    transport.destroy();
  }
}

interface OpenStream {
  bytes: Duplex;
  hasEnded: boolean;
  /** Lets the connection read on when the stream's reader has caught up. */
  onRoom: () => void;
}

class SpdyConnection {
  private readonly headers = new HeaderReader();
  private readonly streams = new Map<number, OpenStream>();
  private hasAnswered = false;

  constructor(
    private readonly transport: Duplex,
    private readonly onStream: (stream: SpdyStream) => void,
  ) {}

  take(frame: Frame): Promise<void> | void {
    if (frame.kind === 'data') return this.receive(frame.stream, frame.payload, frame.isLast);
    const { type, payload, isLast } = frame;
    if (type === frameTypes.synStream) return this.open(payload, isLast);
    if (type === frameTypes.ping) void this.write(controlFrame(frameTypes.ping, payload));
    if (type === frameTypes.reset) this.streams.get(streamOf(payload))?.bytes.destroy();
  }

  close(): void {
    this.headers.close();
    for (const { bytes } of this.streams.values()) bytes.destroy();
  }

  private async open(payload: Buffer, isLast: boolean): Promise<void> {
    const id = streamOf(payload);
    const headers = await this.headers.read(payload.subarray(10));
    if (this.streams.size >= maxStreams) return this.write(controlFrame(frameTypes.reset, id, cancelled));
    const stream = { bytes: this.duplex(id), hasEnded: false, onRoom: () => undefined };
    this.streams.set(id, stream);
    void this.write(controlFrame(frameTypes.synReply, id, emptyHeaderBlock(!this.hasAnswered)));
    this.hasAnswered = true;
    if (isLast) endInput(stream);
    this.onStream({ headers, bytes: stream.bytes });
  }

  private duplex(id: number): Duplex {
    const bytes = new Duplex({
      read: () => this.streams.get(id)?.onRoom(),
      write: (chunk: Buffer, _encoding, done) => void this.write(dataFrame(id, chunk)).then(() => done()),
      final: (done) => void this.write(dataFrame(id, Buffer.alloc(0), true)).then(() => done()),
      destroy: (error, done) => {
        this.streams.get(id)?.onRoom();
        this.streams.delete(id);
        if (!bytes.writableFinished) void this.write(controlFrame(frameTypes.reset, id, cancelled));
        done(error);
      },
    });
    bytes.on('error', () => undefined);
    return bytes;
  }

  private receive(id: number, payload: Buffer, isLast: boolean): Promise<void> | void {
    const stream = this.streams.get(id);
    // What is still under way for a stream that was reset is for nobody.
    if (stream === undefined || stream.hasEnded) return;
    const hasRoom = payload.length === 0 || stream.bytes.push(payload);
    if (isLast) return endInput(stream);
    if (hasRoom) return;
    return new Promise((resolve) => {
      stream.onRoom = resolve;
    });
  }

  /** Resolves when the client has taken it or is gone. */
  private write(frame: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.transport.writable) this.transport.write(frame, () => resolve());
      else resolve();
    });
  }
}

function endInput(stream: OpenStream): void {
  stream.hasEnded = true;
  stream.bytes.push(null);
}

function streamOf(payload: Buffer): number {
  return payload.readUInt32BE(0) & 0x7fffffff;
}
