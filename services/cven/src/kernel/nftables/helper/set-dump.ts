/** Requests and answers of nftables over raw netlink: elements of a flow set with their counters, a named counter, the generation. */
import type { FlowCount } from '../../port/kernel.port.js';
import type { CounterName } from '../nft-tables.js';
import { attributes, find, netfilterMessage, NFGEN, NLM_F_DUMP, text, uint32 } from './netlink-message.js';

const NFTABLES = 10;
const GET_ELEMENTS = 13;
const GET_GENERATION = 16;
const GET_OBJECT = 19;
const INET = 1;
const FAMILY = { inet: INET, bridge: 7 } as const;
const COUNTER_OBJECT = 1;
const COUNTER_BYTES = 1;
const COUNTER_PACKETS = 2;

export function elementsRequest(sequence: number, table: string, set: string): Buffer {
  return netfilterMessage(
    { subsystem: NFTABLES, type: GET_ELEMENTS, flags: NLM_F_DUMP, sequence, family: INET },
    text(1, table),
    text(2, set),
  );
}

export function generationRequest(sequence: number): Buffer {
  return netfilterMessage({ subsystem: NFTABLES, type: GET_GENERATION, flags: 0, sequence, family: 0 });
}

export function generationOf(body: Buffer): number {
  return find(body.subarray(NFGEN), 1)?.readUInt32BE(0) ?? 0;
}

export function counterRequest(sequence: number, { family, table, name }: CounterName): Buffer {
  const head = { subsystem: NFTABLES, type: GET_OBJECT, flags: 0, sequence, family: FAMILY[family] };
  return netfilterMessage(head, text(1, table), text(2, name), uint32(3, COUNTER_OBJECT));
}

export function packetsOf(body: Buffer): number {
  return number64(find(body.subarray(NFGEN), 4, COUNTER_PACKETS));
}

/** Key: source . destination . protocol . port, each padded to four bytes. */
export function flowCounts(body: Buffer): FlowCount[] {
  const list = find(body.subarray(NFGEN), 3);
  if (list === undefined) return [];
  const found: FlowCount[] = [];
  for (const { value: element } of attributes(list)) {
    const key = find(element, 1, 1);
    if (key === undefined) continue;
    const size = key.length === 16 ? 4 : 16;
    // One expression (older kernels and single counters) or a list of them.
    const counter = find(element, 7, 2) ?? find(element, 11, 1, 2);
    found.push([
      addressText(key.subarray(0, size)),
      addressText(key.subarray(size, 2 * size)),
      key.readUInt8(2 * size),
      key.readUInt16BE(2 * size + 4),
      number64(counter && find(counter, COUNTER_PACKETS)),
      number64(counter && find(counter, COUNTER_BYTES)),
    ]);
  }
  return found;
}

function number64(bytes: Buffer | undefined): number {
  return bytes === undefined ? 0 : Number(bytes.readBigUInt64BE(0));
}

export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  let best = { start: -1, length: 1 };
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i));
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && words[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = words.map((word) => word.toString(16));
  if (best.start < 0) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}
