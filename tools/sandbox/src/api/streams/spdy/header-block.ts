/**
 * The headers of SPDY streams: names and values, compressed by one zlib stream per direction and connection that begins with a
 * dictionary which the protocol lays down.
 */
import { constants, createInflate, type Inflate } from 'node:zlib';
import { headerDictionary } from './header-dictionary.js';

export type Headers = ReadonlyMap<string, string>;

const maxHeaderBytes = 64 * 1024;

/** Reads blocks in the order in which they came: each needs what was read before. */
export class HeaderReader {
  private readonly inflate: Inflate = createInflate({
    dictionary: headerDictionary,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  private plain = Buffer.alloc(0);

  constructor() {
    this.inflate.on('error', () => undefined);
    this.inflate.on('data', (piece: Buffer) => {
      this.plain = Buffer.concat([this.plain, piece]);
      // A small block may hold any number of zeros.
      if (this.plain.length > maxHeaderBytes) this.inflate.destroy(new Error('SPDY headers are too long'));
    });
  }

  /** Throws when it is no block of headers. */
  async read(block: Buffer): Promise<Headers> {
    await this.write(block);
    const { plain } = this;
    this.plain = Buffer.alloc(0);
    return headersOf(plain);
  }

  close(): void {
    this.inflate.destroy();
  }

  private write(block: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.inflate.once('error', reject);
      this.inflate.write(block, () => {
        this.inflate.off('error', reject);
        resolve();
      });
    });
  }
}

function headersOf(plain: Buffer): Headers {
  let at = 0;
  const number = (): number => {
    at += 4;
    return plain.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    at += length;
    return plain.toString('utf8', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left--) {
    const name = text();
    headers.set(name, text());
  }
  return headers;
}

const zlibHeader = Buffer.from([0x78, 0x01]);
/** "No headers", stored as it is, and an empty block behind it, by which readers know that a block ends here. */
const noHeaders = Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);

/** Nothing here answers with headers, so that writing needs no compression. */
export function emptyHeaderBlock(isFirst: boolean): Buffer {
  return isFirst ? Buffer.concat([zlibHeader, noHeaders]) : noHeaders;
}
