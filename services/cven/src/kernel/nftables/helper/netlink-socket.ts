/**
 * One raw netlink socket to netfilter, bound to the namespace in which it was opened, and the two ways to talk over it:
 * a request with an acknowledgement, and a dump. Blocking with a time limit: this runs in the helper, on its one thread.
 */
import koffi from 'koffi';
import { messages, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from './netlink-message.js';
import type { Message } from './netlink-message.js';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
);
const send = libc.func('long send(int fd, const void *buffer, size_t length, int flags)');
const recv = libc.func('long recv(int fd, _Out_ void *buffer, size_t length, int flags)');
const close = libc.func('int close(int fd)');

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 0x80003;
const NETLINK_NETFILTER = 12;
export const NETLINK_ROUTE = 0;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const RECEIVE_TIMEOUT_SECONDS = 5n;
const RECEIVE_BYTES = 256 * 1024;
const DUMP_ATTEMPTS = 5;
const EINTR = 4;

export class NetlinkError extends Error {
  constructor(
    readonly errno: number,
    message: string,
  ) {
    super(message);
    this.name = 'NetlinkError';
  }
}

const buffer = Buffer.alloc(RECEIVE_BYTES);

export class NetlinkSocket {
  private readonly fd: number;
  private sequence = 0;

  constructor(protocol = NETLINK_NETFILTER) {
    this.fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol) as number;
    if (this.fd < 0) throw new NetlinkError(koffi.errno(), 'cannot open a netlink socket');
    const limit = Buffer.alloc(16);
    limit.writeBigInt64LE(RECEIVE_TIMEOUT_SECONDS, 0);
    setsockopt(this.fd, SOL_SOCKET, SO_RCVTIMEO, limit, limit.length);
  }

  /** First answer that is not an acknowledgement, or undefined when there is only one. */
  request(make: (sequence: number) => Buffer): Message | undefined {
    const sequence = this.transmit(make);
    for (const message of this.answers(sequence)) {
      if (message.type !== NLMSG_ERROR) return message;
      const errno = -message.body.readInt32LE(0);
      if (errno !== 0) throw new NetlinkError(errno, `the kernel refused with errno ${errno}`);
      return undefined;
    }
    return undefined;
  }

  /** All messages of a dump. One that a commit interrupted is taken again: it may lack entries. */
  dump(make: (sequence: number) => Buffer): Message[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt += 1) {
      const found = this.dumpOnce(make);
      if (found !== 'interrupted') return found;
    }
    throw new NetlinkError(EINTR, `a dump was interrupted ${DUMP_ATTEMPTS} times`);
  }

  private dumpOnce(make: (sequence: number) => Buffer): Message[] | 'interrupted' {
    const sequence = this.transmit(make);
    const found: Message[] = [];
    let interrupted = false;
    for (const message of this.answers(sequence)) {
      interrupted ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
      if (message.type === NLMSG_DONE) return interrupted ? 'interrupted' : found;
      const errno = message.type === NLMSG_ERROR ? -message.body.readInt32LE(0) : 0;
      if (errno === EINTR) return 'interrupted';
      if (errno !== 0) throw new NetlinkError(errno, `the kernel refused with errno ${errno}`);
      // The buffer is used again by the next datagram.
      found.push({ ...message, body: Buffer.from(message.body) });
    }
    return 'interrupted';
  }

  /** Endless: whoever reads knows which message is the last. A kernel that says nothing ends it by the time limit. */
  private *answers(sequence: number): Generator<Message> {
    for (;;) for (const message of this.receive()) if (message.sequence === sequence) yield message;
  }

  close(): void {
    close(this.fd);
  }

  private transmit(make: (sequence: number) => Buffer): number {
    this.sequence = (this.sequence + 1) >>> 0;
    const message = make(this.sequence);
    if (Number(send(this.fd, message, message.length, 0)) !== message.length)
      throw new NetlinkError(koffi.errno(), 'cannot send to netlink');
    return this.sequence;
  }

  private receive(): Iterable<Message> {
    const length = Number(recv(this.fd, buffer, buffer.length, 0));
    if (length < 0) throw new NetlinkError(koffi.errno(), 'no answer from netlink');
    return messages(buffer.subarray(0, length));
  }
}
