/** Netlink messages as bytes, both ways: headers, attributes, the generic netfilter header. Pure. */

export interface Attribute {
  readonly type: number;
  readonly value: Buffer;
}

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Behind the netlink header. */
  readonly body: Buffer;
}

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
const NLA_F_NESTED = 0x8000;
const TYPE_MASK = 0x3fff;
const HEADER = 16;
/** Length of the generic netfilter header. */
export const NFGEN = 4;

const aligned = (length: number): number => (length + 3) & ~3;

export function attribute(type: number, value: Buffer): Buffer {
  const out = Buffer.alloc(aligned(4 + value.length));
  out.writeUInt16LE(4 + value.length, 0);
  out.writeUInt16LE(type, 2);
  value.copy(out, 4);
  return out;
}

export function nested(type: number, ...attributes: Buffer[]): Buffer {
  return attribute(type | NLA_F_NESTED, Buffer.concat(attributes));
}

export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}

export function uint8(type: number, value: number): Buffer {
  return attribute(type, Buffer.from([value]));
}

export function uint16(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return attribute(type, bytes);
}

export function uint32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return attribute(type, bytes);
}

export function netfilterMessage(
  head: { subsystem: number; type: number; flags: number; sequence: number; family: number },
  ...attributes: Buffer[]
): Buffer {
  const body = Buffer.concat(attributes);
  const out = Buffer.alloc(HEADER + NFGEN + body.length);
  out.writeUInt32LE(out.length, 0);
  out.writeUInt16LE((head.subsystem << 8) | head.type, 4);
  out.writeUInt16LE(head.flags | NLM_F_REQUEST, 6);
  out.writeUInt32LE(head.sequence, 8);
  out.writeUInt8(head.family, HEADER);
  body.copy(out, HEADER + NFGEN);
  return out;
}

export function* messages(datagram: Buffer): Generator<Message> {
  for (let offset = 0; offset + HEADER <= datagram.length;) {
    const length = datagram.readUInt32LE(offset);
    if (length < HEADER || offset + length > datagram.length) return;
    yield {
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      body: datagram.subarray(offset + HEADER, offset + length),
    };
    offset += aligned(length);
  }
}

export function* attributes(bytes: Buffer): Generator<Attribute> {
  for (let offset = 0; offset + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(offset);
    if (length < 4 || offset + length > bytes.length) return;
    yield {
      type: bytes.readUInt16LE(offset + 2) & TYPE_MASK,
      value: bytes.subarray(offset + 4, offset + length),
    };
    offset += aligned(length);
  }
}

/** Value of the attribute at the end of a path of types; undefined when any step is missing. */
export function find(bytes: Buffer, ...path: number[]): Buffer | undefined {
  let here: Buffer | undefined = bytes;
  for (const type of path) {
    if (here === undefined) return undefined;
    let next: Buffer | undefined;
    for (const each of attributes(here)) if (each.type === type) next = each.value;
    here = next;
  }
  return here;
}
