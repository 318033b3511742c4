/**
 * Addresses as numbers: parsing, canonical text (RFC 5952 for IPv6), closed intervals and their CIDRs. Text that is
 * no address is null here; who must tell a user about it does so at the door.
 */

export type IpVersion = 4 | 6;
export interface ParsedAddress {
  readonly version: IpVersion;
  readonly value: bigint;
}
/** Both ends inclusive. */
export interface Interval {
  readonly version: IpVersion;
  readonly first: bigint;
  readonly last: bigint;
}

const WIDTH = { 4: 32, 6: 128 } as const;

export function parseAddress(text: string): ParsedAddress | null {
  if (text.includes(':')) {
    const value = parseIpv6(text);
    return value === null ? null : { version: 6, value };
  }
  const value = parseIpv4(text);
  return value === null ? null : { version: 4, value: BigInt(value) };
}

/** As an unsigned number; the path of packets, so it neither splits nor allocates. */
export function parseIpv4(text: string): number | null {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (octet < 0 || ++dots > 3) return null;
      value = value * 256 + octet;
      octet = -1;
    } else {
      octet = nextOctet(octet, code);
      if (octet < 0) return null;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : null;
}

/** −1 where the digit cannot follow: not a digit, a leading zero, above 255. */
function nextOctet(octet: number, code: number): number {
  if (code < 48 || code > 57 || octet === 0) return -1;
  const next = Math.max(octet, 0) * 10 + code - 48;
  return next > 255 ? -1 : next;
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseHextets(halves[0]!);
  const tail = halves.length === 2 ? parseHextets(halves[1]!) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const hextets = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return hextets.reduce((value, hextet) => (value << 16n) | BigInt(hextet), 0n);
}

/** The 16-bit groups of one side of `::`; its last group may be an IPv4 address. */
function parseHextets(text: string): number[] | null {
  if (text === '') return [];
  const hextets: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const ipv4 = i === parts.length - 1 ? parseIpv4(part) : null;
      if (ipv4 === null) return null;
      hextets.push(ipv4 >>> 16, ipv4 & 0xffff);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) hextets.push(Number.parseInt(part, 16));
    else return null;
  }
  return hextets;
}

export function formatAddress({ version, value }: ParsedAddress): string {
  return version === 4 ? formatIpv4(Number(value)) : formatIpv6(value);
}

const formatIpv4 = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');

function formatIpv6(value: bigint): string {
  if (value >> 32n === 0xffffn) return `::ffff:${formatIpv4(Number(value & 0xffff_ffffn))}`;
  const hextets = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  const run = longestZeroRun(hextets);
  const text = (part: number[]): string => part.map((hextet) => hextet.toString(16)).join(':');
  if (run.length < 2) return text(hextets);
  return `${text(hextets.slice(0, run.start))}::${text(hextets.slice(run.start + run.length))}`;
}

function longestZeroRun(hextets: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && hextets[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** The one text of an address; null if it is none. */
export function canonicalAddress(text: string): string | null {
  const parsed = parseAddress(text);
  return parsed === null ? null : formatAddress(parsed);
}

/** An address or a CIDR; host bits are cleared. */
export function parseCidr(text: string): Interval | null {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const width = WIDTH[address.version];
  const suffix = slash < 0 ? String(width) : text.slice(slash + 1);
  const prefix = /^[0-9]{1,3}$/.test(suffix) ? Number(suffix) : Infinity;
  if (prefix > width) return null;
  const hostBits = BigInt(width - prefix);
  const first = (address.value >> hostBits) << hostBits;
  return { version: address.version, first, last: first + (1n << hostBits) - 1n };
}

/** The fewest CIDRs that make up the interval. */
export function intervalToCidrs({ version, first, last }: Interval): string[] {
  const width = WIDTH[version];
  const cidrs: string[] = [];
  let at = first;
  while (at <= last) {
    let hostBits = 0;
    while (hostBits < width && canGrow(at, last, BigInt(hostBits))) hostBits++;
    cidrs.push(`${formatAddress({ version, value: at })}/${width - hostBits}`);
    at += 1n << BigInt(hostBits);
  }
  return cidrs;
}

/** Whether the block of twice the size at `at` is aligned and still inside. */
function canGrow(at: bigint, last: bigint, hostBits: bigint): boolean {
  const size = 1n << (hostBits + 1n);
  return at % size === 0n && at + size - 1n <= last;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Disjoint, merged where they touch, IPv4 before IPv6, ascending. */
export function mergeIntervals(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => a.version - b.version || compare(a.first, b.first));
  const merged: Interval[] = [];
  for (const next of sorted) {
    const previous = merged.at(-1);
    if (previous?.version !== next.version || next.first > previous.last + 1n) merged.push(next);
    else if (next.last > previous.last) merged[merged.length - 1] = { ...previous, last: next.last };
  }
  return merged;
}

/** `from` without `holes`; both merged, so one walk through both is enough. */
export function subtractIntervals(from: readonly Interval[], holes: readonly Interval[]): Interval[] {
  let next = 0;
  return from.flatMap((whole) => {
    const rest: Interval[] = [];
    let { first } = whole;
    while (next < holes.length && endsBefore(holes[next]!, whole)) next += 1;
    for (let i = next; i < holes.length && !endsBefore(whole, holes[i]!); i++) {
      const hole = holes[i]!;
      if (hole.first > first) rest.push({ version: whole.version, first, last: hole.first - 1n });
      first = hole.last + 1n;
    }
    return first <= whole.last ? [...rest, { version: whole.version, first, last: whole.last }] : rest;
  });
}

const endsBefore = (a: Interval, b: Interval): boolean =>
  a.version === b.version ? a.last < b.first : a.version < b.version;
