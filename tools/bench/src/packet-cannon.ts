/**
 * A node's end of a Pod's interface that fires ready-made frames, many with one call: what a packet costs is told by how long
 * the call takes, because the kernel carries each of them to its socket within it.
 */
import koffi from 'koffi';
import { entered } from './kernel-bed.js';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
const close = libc.func('int close(int fd)');
const sendmmsg = libc.func('int sendmmsg(int fd, void *messages, uint32_t count, int flags)');
const ifIndex = libc.func('uint32_t if_nametoindex(const char *name)');

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 0x80003;
/** `struct mmsghdr` and `struct iovec` where pointers have eight bytes. */
const MESSAGE_BYTES = 64;
const VECTOR_BYTES = 16;
const [VECTORS_AT, COUNT_AT] = [16, 24];

export interface Volley {
  readonly messages: unknown;
  readonly count: number;
}

/** All of one length. */
export function loaded(frames: readonly Buffer[]): Volley {
  const size = frames[0]?.length ?? 0;
  const count = frames.length;
  const bytes = outside(Buffer.concat(frames));
  const vectors = Buffer.alloc(VECTOR_BYTES * count);
  for (let i = 0; i < count; i += 1) {
    vectors.writeBigUInt64LE(bytes.address + BigInt(size * i), VECTOR_BYTES * i);
    vectors.writeBigUInt64LE(BigInt(size), VECTOR_BYTES * i + 8);
  }
  const { address } = outside(vectors);
  const messages = Buffer.alloc(MESSAGE_BYTES * count);
  for (let i = 0; i < count; i += 1) {
    messages.writeBigUInt64LE(address + BigInt(VECTOR_BYTES * i), MESSAGE_BYTES * i + VECTORS_AT);
    messages.writeBigUInt64LE(1n, MESSAGE_BYTES * i + COUNT_AT);
  }
  return { messages: outside(messages).pointer, count };
}

/** Where nothing moves it. */
function outside(content: Buffer): { pointer: unknown; address: bigint } {
  const pointer: unknown = koffi.alloc('uint8_t', content.length);
  koffi.encode(pointer, koffi.array('uint8_t', content.length), content);
  return { pointer, address: koffi.address(pointer) };
}

export class PacketCannon {
  private readonly fd: number;

  constructor(netns: string, device: string) {
    this.fd = entered(netns, () => {
      const fd = socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0) as number;
      const address = Buffer.alloc(20);
      address.writeUInt16LE(AF_PACKET, 0);
      address.writeInt32LE(ifIndex(device) as number, 4);
      if (fd < 0 || (bind(fd, address, address.length) as number) !== 0)
        throw new Error(`no packet socket on ${device} (errno ${koffi.errno()})`);
      return fd;
    });
  }

  /** Nanoseconds a frame. */
  fire({ messages, count }: Volley): number {
    const begun = process.hrtime.bigint();
    const sent = sendmmsg(this.fd, messages, count, 0) as number;
    const took = process.hrtime.bigint() - begun;
    if (sent !== count) throw new Error(`only ${sent} of ${count} frames were sent (errno ${koffi.errno()})`);
    return Number(took) / count;
  }

  close(): void {
    close(this.fd);
  }
}
