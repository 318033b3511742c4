/**
 * One netlink socket in the node's own namespace that hears the nftables notifications of all namespaces which have an id
 * there (`NETLINK_LISTEN_ALL_NSID`). Never waits: this runs on the helper's one thread.
 */
import koffi from 'koffi';
import { messages } from './netlink-message.js';
import type { Message } from './netlink-message.js';
import { NetlinkError } from './netlink-socket.js';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
);
const recvmsg = libc.func('long recvmsg(int fd, void *message, int flags)');
const close = libc.func('int close(int fd)');

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 0x80003;
const NETLINK_NETFILTER = 12;
const SOL_NETLINK = 270;
const ADD_MEMBERSHIP = 1;
const LISTEN_ALL_NSID = 8;
const NFTABLES_GROUP = 7;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** Our own loads are told as well: a table of thousands of addresses must fit. Taken only while it waits. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;
const MSG_DONTWAIT = 0x40;
const EAGAIN = 11;
const ENOBUFS = 105;
const DATAGRAM = 64 * 1024;
const CONTROL = 64;
const CONTROL_HEADER = 16;

/** `msghdr`, `iovec`, control buffer and datagram in native memory: the kernel wants their addresses. */
function nativeMessage() {
  const [data, control, vector, header] = [DATAGRAM, CONTROL, 16, 56].map((size) => {
    const pointer = koffi.alloc('uint8_t', size) as unknown;
    return { pointer, address: koffi.address(pointer), bytes: Buffer.from(koffi.view(pointer, size)) };
  });
  if (data === undefined || control === undefined || vector === undefined || header === undefined)
    throw new Error('no memory');
  vector.bytes.writeBigUInt64LE(data.address, 0);
  vector.bytes.writeBigUInt64LE(BigInt(DATAGRAM), 8);
  header.bytes.writeBigUInt64LE(vector.address, 16);
  header.bytes.writeBigUInt64LE(1n, 24);
  header.bytes.writeBigUInt64LE(control.address, 32);
  return { header, control: control.bytes, data: data.bytes };
}

export interface Notification {
  /** Id of the namespace as the node's namespace numbers it; undefined: the node's own. */
  readonly namespace: number | undefined;
  /** Valid until the next one is read. */
  readonly messages: Iterable<Message>;
}

export class NotificationSocket {
  private readonly fd: number;
  private readonly native = nativeMessage();

  constructor() {
    this.fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER) as number;
    if (this.fd < 0) throw new NetlinkError(koffi.errno(), 'cannot open a netlink socket');
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    if ((bind(this.fd, address, address.length) as number) !== 0)
      throw new NetlinkError(koffi.errno(), 'cannot bind a netlink socket');
    this.set(SOL_NETLINK, LISTEN_ALL_NSID, 1);
    this.set(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
    this.set(SOL_NETLINK, ADD_MEMBERSHIP, NFTABLES_GROUP);
  }

  /** `none`: nothing waits. `lost`: more came than could wait, nobody knows what. */
  next(): Notification | 'none' | 'lost' {
    const { header, control, data } = this.native;
    header.bytes.writeBigUInt64LE(BigInt(CONTROL), 40);
    const length = Number(recvmsg(this.fd, header.pointer, MSG_DONTWAIT));
    if (length < 0) {
      const errno = koffi.errno();
      if (errno === EAGAIN) return 'none';
      if (errno === ENOBUFS) return 'lost';
      throw new NetlinkError(errno, 'cannot read notifications');
    }
    const hasId =
      header.bytes.readBigUInt64LE(40) >= BigInt(CONTROL_HEADER + 4) &&
      control.readInt32LE(8) === SOL_NETLINK &&
      control.readInt32LE(12) === LISTEN_ALL_NSID;
    return {
      namespace: hasId ? control.readInt32LE(CONTROL_HEADER) : undefined,
      messages: messages(data.subarray(0, length)),
    };
  }

  close(): void {
    close(this.fd);
  }

  private set(level: number, name: number, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    if ((setsockopt(this.fd, level, name, bytes, bytes.length) as number) !== 0)
      throw new NetlinkError(koffi.errno(), `a netlink socket refuses option ${name}`);
  }
}
