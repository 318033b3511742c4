/** Addresses and ports in plain words, read by nobody else: what the engine makes of them is compared with this. */
import type { IpRange, PortRange } from '@ringfence/contracts';
import type { Packet } from '../ports.js';

/** From one number to another, both included; `family` is the address family, or the protocol. */
interface Span {
  readonly family: number;
  readonly first: bigint;
  readonly last: bigint;
}

const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

function numberOf(address: string): { family: number; value: bigint } {
  if (!address.includes(':'))
    return { family: 4, value: address.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n) };
  const [head = '', tail = ''] = address.split('::');
  const words = (half: string): string[] => half.split(':').filter((word) => word !== '');
  const zeros = new Array<string>(8 - words(head).length - words(tail).length).fill('0');
  const all = [...words(head), ...zeros, ...words(tail)];
  return { family: 6, value: all.reduce((sum, word) => sum * 65_536n + BigInt(`0x${word}`), 0n) };
}

function spanOf({ from, to }: Pick<IpRange, 'from' | 'to'>): Span {
  const [address = '', length] = from.split('/');
  const { family, value } = numberOf(address);
  if (to !== null) return { family, first: value, last: numberOf(to).value };
  const size = 1n << BigInt(length === undefined ? 0 : BITS[family]! - Number(length));
  const first = value - (value % size);
  return { family, first, last: first + size - 1n };
}

const isWithin = (span: Span, family: number, value: bigint): boolean =>
  span.family === family && span.first <= value && value <= span.last;

export interface AddressList {
  readonly ranges: readonly Pick<IpRange, 'from' | 'to' | 'exclusion'>[];
}

/** Something includes the address, and no exclusion takes it away. */
export const isListed = (list: AddressList, address: string): boolean => {
  const { family, value } = numberOf(address);
  return isListedNumber(list, family, value);
};

function isListedNumber({ ranges }: AddressList, family: number, value: bigint): boolean {
  const covering = ranges.filter((range) => isWithin(spanOf(range), family, value));
  return covering.length > 0 && covering.every(({ exclusion }) => !exclusion);
}

export const listOf = (cidrs: readonly string[]): AddressList => ({
  ranges: cidrs.map((from) => ({ from, to: null, exclusion: false })),
});

/** All addresses of these lists, however they were written. */
export const addressesOf = (lists: readonly AddressList[]): string[] =>
  [4, 6].flatMap((family) =>
    written(
      family,
      lists.flatMap(({ ranges }) => ranges.map(spanOf)),
      (value) => lists.some((list) => isListedNumber(list, family, value)),
    ),
  );

/** Everything that these ports say, however they were written. */
export function portsInWords(ranges: readonly PortRange[]): string[] {
  const named = [1, 6, 17, 58, 132, SOME_OTHER, ...ranges.map(({ proto }) => proto)];
  const protocols = [...new Set(named)].filter((proto) => proto >= 0).sort((a, b) => a - b);
  return protocols.flatMap((proto) =>
    written(
      proto,
      ranges.map((range) => spokenPorts(range, proto)),
      (value) => areSpokenOf(ranges, { proto, port: Number(value) }),
    ),
  );
}
const SOME_OTHER = 253;

export const areSpokenOf = (
  ranges: readonly PortRange[],
  { proto, port }: Pick<Packet, 'proto' | 'port'>,
): boolean =>
  ranges.some(
    (range) =>
      (range.proto === -1 || range.proto === proto) &&
      isWithin(spokenPorts(range, proto), proto, BigInt(port)),
  );

/** Of ICMP the type, then the code, as one number. */
function spokenPorts({ from, to, icmpType, icmpCode }: PortRange, family: number): Span {
  const span = (first: number, last: number): Span => ({ family, first: BigInt(first), last: BigInt(last) });
  if (icmpType !== undefined && icmpCode !== undefined)
    return span(icmpType * 256 + icmpCode, icmpType * 256 + icmpCode);
  if (icmpType !== undefined) return span(icmpType * 256, icmpType * 256 + 255);
  return from === undefined ? span(0, 65_535) : span(from, to ?? from);
}

/** Between two borders next to each other all numbers are alike: one of them is asked about. */
function written(family: number, spans: readonly Span[], holds: (value: bigint) => boolean): string[] {
  const own = spans.filter((span) => span.family === family);
  const borders = [...new Set(own.flatMap(({ first, last }) => [first, last + 1n]))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const texts: string[] = [];
  let begun: bigint | null = null;
  for (const border of borders) {
    if (holds(border)) begun ??= border;
    else if (begun !== null) {
      texts.push(`${family}: ${begun}-${border - 1n}`);
      begun = null;
    }
  }
  return texts;
}
