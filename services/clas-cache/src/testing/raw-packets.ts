/** The first packet of a connection, as bytes. Checksums above IP are left out: whoever takes them looks away (`nf_conntrack_checksum`). */
import { isIPv6 } from 'node:net';

const [ICMP, TCP, UDP, SCTP] = [1, 6, 17, 132];

export interface FirstPacket {
  readonly from: string;
  readonly to: string;
  readonly proto: number;
  /** Of ICMP: type and code. */
  readonly port: number;
  /** Source port, or identifier of ICMP: by it the packet is recognised where it arrives. */
  readonly id: number;
}

export function packetOf(packet: FirstPacket): Buffer {
  const payload = transport(packet);
  return Buffer.concat([isIPv6(packet.to) ? header6(packet, payload) : header4(packet, payload), payload]);
}

function transport({ proto, port, id }: FirstPacket): Buffer {
  const bytes = Buffer.alloc({ [ICMP]: 8, [TCP]: 20, [UDP]: 8, [SCTP]: 32 }[proto] ?? 0);
  bytes.writeUInt16BE(proto === ICMP ? port : id, 0);
  if (proto === ICMP) bytes.writeUInt16BE(id, 4);
  else bytes.writeUInt16BE(port, 2);
  if (proto === TCP) {
    bytes.writeUInt8(5 << 4, 12);
    bytes.writeUInt8(SYN, 13);
  }
  if (proto === UDP) bytes.writeUInt16BE(bytes.length, 4);
  if (proto === SCTP) {
    // INIT, with a tag, a window and a stream each way.
    bytes.writeUInt8(1, 12);
    bytes.writeUInt16BE(20, 14);
    bytes.writeUInt32BE(id, 16);
    bytes.writeUInt32BE(65_535, 20);
    bytes.writeUInt16BE(1, 24);
    bytes.writeUInt16BE(1, 26);
  }
  return bytes;
}
const SYN = 2;
const HOPS = 64;

function header4({ from, to, proto, id }: FirstPacket, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt8(0x45, 0);
  bytes.writeUInt16BE(20 + payload.length, 2);
  bytes.writeUInt16BE(id, 4);
  bytes.writeUInt8(HOPS, 8);
  bytes.writeUInt8(proto, 9);
  for (const [i, text] of [from, to].entries())
    Buffer.from(text.split('.').map(Number)).copy(bytes, 12 + 4 * i);
  return bytes;
}

function header6({ from, to, proto }: FirstPacket, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt8(0x60, 0);
  bytes.writeUInt16BE(payload.length, 4);
  bytes.writeUInt8(proto, 6);
  bytes.writeUInt8(HOPS, 7);
  for (const [i, text] of [from, to].entries()) bytesOf6(text).copy(bytes, 8 + 16 * i);
  return bytes;
}

function bytesOf6(text: string): Buffer {
  const [front = '', back = ''] = text.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [first, last] = [words(front), words(back)];
  const zeros = text.includes('::') ? 8 - first.length - last.length : 0;
  const all = [...first, ...Array.from({ length: zeros }, () => '0'), ...last];
  return Buffer.from(all.map((word) => word.padStart(4, '0')).join(''), 'hex');
}
