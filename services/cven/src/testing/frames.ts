/** Packets as bytes, for tests that must say what no socket lets one say: another's address, a mark, an error never caused. */

interface Ethernet {
  /** Twelve hex digits each. */
  readonly to: string;
  readonly from: string;
}

interface Addressed {
  readonly from: string;
  readonly to: string;
  readonly dscp?: number;
  readonly hopLimit?: number;
}

const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;

export function frame({ to, from }: Ethernet, packet: Buffer, tags: readonly string[] = []): string {
  const type = packet.readUInt8(0) >> 4 === 6 ? '86dd' : '0800';
  return `${to}${from}${tags.join('')}${type}${packet.toString('hex')}`;
}

export function udp(
  ends: Addressed & { readonly fromPort?: number; readonly toPort: number },
  payload: Buffer = Buffer.from('hello'),
): Buffer {
  const { fromPort = 40_000, toPort } = ends;
  const head = Buffer.alloc(8);
  [fromPort, toPort, 8 + payload.length].forEach((word, i) => head.writeUInt16BE(word, i * 2));
  return packet(UDP, ends, Buffer.concat([head, payload]), 6);
}

/** A frame as a node sends it to another through their tunnel: nobody asks who it is from. */
export function vxlan(inner: string, network = 1): Buffer {
  const head = Buffer.from([8, 0, 0, 0, 0, 0, network, 0]);
  return Buffer.concat([head, Buffer.from(inner, 'hex')]);
}

/** "Port unreachable" about a packet that was sent, or was not; with whatever else is to be carried. */
export function portUnreachable(ends: Addressed, about: Buffer): Buffer {
  const head = Buffer.from([3, 3, 0, 0, 0, 0, 0, 0]);
  return packet(ICMP, ends, Buffer.concat([head, about]), 2);
}

export function neighbourSolicitation(ends: Addressed): Buffer {
  const head = Buffer.from([135, 0, 0, 0, 0, 0, 0, 0]);
  return packet(ICMPV6, ends, Buffer.concat([head, v6(ends.to)]), 2);
}

export function listenerReport(ends: Addressed): Buffer {
  const head = Buffer.from([131, 0, 0, 0, 0, 0, 0, 0]);
  return packet(ICMPV6, ends, Buffer.concat([head, v6('ff02::1:ff00:2')]), 2);
}

function packet(protocol: number, ends: Addressed, body: Buffer, checksumAt: number): Buffer {
  const isV6 = ends.to.includes(':');
  const [source, destination] = isV6 ? [v6(ends.from), v6(ends.to)] : [v4(ends.from), v4(ends.to)];
  const pseudo = Buffer.concat([source, destination, Buffer.from([0, protocol, 0, 0])]);
  pseudo.writeUInt16BE(body.length, pseudo.length - 2);
  body.writeUInt16BE(
    checksum(Buffer.concat([protocol === ICMP ? Buffer.alloc(0) : pseudo, body])),
    checksumAt,
  );
  return Buffer.concat([(isV6 ? header6 : header4)(protocol, ends, body.length), body]);
}

function header4(protocol: number, { from, to, dscp = 0, hopLimit = 64 }: Addressed, length: number): Buffer {
  const head = Buffer.from([0x45, dscp << 2, 0, 0, 0, 1, 0, 0, hopLimit, protocol, 0, 0]);
  head.writeUInt16BE(20 + length, 2);
  const whole = Buffer.concat([head, v4(from), v4(to)]);
  whole.writeUInt16BE(checksum(whole), 10);
  return whole;
}

function header6(protocol: number, { from, to, dscp = 0, hopLimit = 64 }: Addressed, length: number): Buffer {
  const head = Buffer.from([0x60 | (dscp >> 2), (dscp & 3) << 6, 0, 0, 0, 0, protocol, hopLimit]);
  head.writeUInt16BE(length, 4);
  return Buffer.concat([head, v6(from), v6(to)]);
}

function checksum(bytes: Buffer): number {
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let sum = 0;
  for (let i = 0; i < even.length; i += 2) sum += even.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const v4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number));

function v6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((word) => word !== '')) as [
    string[],
    string[],
  ];
  const words = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex');
}
