/**
 * Canonical text of addresses and CIDRs. The kernel compares bytes and we compare text, so both must agree on one form;
 * it is also the guard that lets nothing but an address into a script.
 */
import { FirewallInputError } from './firewall.model.js';
import type { PeerSet } from './firewall.model.js';

const OCTET = /^(0|[1-9][0-9]{0,2})$/;
const HEXTET = /^[0-9a-f]{1,4}$/;

/** Canonical form, or undefined when it is not an address. */
export function canonicalAddress(text: string): string | undefined {
  if (!text.includes(':')) return parse4(text)?.join('.');
  const words = parse6(text.toLowerCase());
  return words === undefined ? undefined : format6(words);
}

export function isIpv6(text: string): boolean {
  return text.includes(':');
}

/** Canonical CIDR with host bits cleared. */
export function canonicalCidr(text: string): string | undefined {
  const range = parseCidr(text);
  return range === undefined ? undefined : `${range.text}/${range.prefix}`;
}

/** Makes the peer set of one group. Throws on anything that is not an address: leaving it out could open a deny rule. */
export function peerSet(hosts: Iterable<string>, cidrs: Iterable<string>): PeerSet {
  const hosts4 = new Set<string>();
  const hosts6 = new Set<string>();
  for (const host of hosts) {
    const address = canonicalAddress(host);
    if (address === undefined)
      throw new FirewallInputError('invalid_address', `"${host}" is not an IP address`);
    (isIpv6(address) ? hosts6 : hosts4).add(address);
  }
  const ranges = [...cidrs].map((cidr) => {
    const range = parseCidr(cidr);
    if (range === undefined) throw new FirewallInputError('invalid_cidr', `"${cidr}" is not a CIDR`);
    return range;
  });
  return { hosts4, hosts6, cidrs4: disjoint(ranges, 4), cidrs6: disjoint(ranges, 6) };
}

interface CidrRange {
  readonly family: 4 | 6;
  readonly text: string;
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** CIDRs nest or are disjoint; those inside another one say nothing. */
function disjoint(ranges: readonly CidrRange[], family: 4 | 6): string[] {
  const sorted = ranges.filter((range) => range.family === family).sort(byStart);
  const kept: string[] = [];
  let covered = -1n;
  for (const range of sorted) {
    if (range.last <= covered) continue;
    kept.push(`${range.text}/${range.prefix}`);
    covered = range.last;
  }
  return kept;
}

function byStart(a: CidrRange, b: CidrRange): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.prefix - b.prefix;
}

function parseCidr(text: string): CidrRange | undefined {
  const [address, length, rest] = text.split('/');
  if (address === undefined || rest !== undefined) return undefined;
  const family = isIpv6(address) ? 6 : 4;
  const groups = family === 6 ? parse6(address.toLowerCase()) : parse4(address);
  const bits = family === 6 ? 128 : 32;
  const prefix = length === undefined ? bits : Number(length);
  if (groups === undefined || (length !== undefined && !OCTET.test(length)) || prefix > bits)
    return undefined;
  const groupBits = family === 6 ? 16n : 8n;
  const value = groups.reduce((sum, group) => (sum << groupBits) | BigInt(group), 0n);
  const hostMask = (1n << BigInt(bits - prefix)) - 1n;
  const first = value & ~hostMask;
  return { family, prefix, first, last: first | hostMask, text: formatValue(first, family) };
}

function formatValue(value: bigint, family: 4 | 6): string {
  const groupBits = family === 6 ? 16n : 8n;
  const count = family === 6 ? 8 : 4;
  const groups = Array.from({ length: count }, (_, i) =>
    Number((value >> (groupBits * BigInt(count - 1 - i))) & ((1n << groupBits) - 1n)),
  );
  return family === 6 ? format6(groups) : groups.join('.');
}

function parse4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part) && Number(part) <= 255)) return undefined;
  return parts.map(Number);
}

function parse6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseHextets(halves[0] ?? '');
  const tail = parseHextets(halves[1] ?? '');
  if (head === undefined || tail === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const gap = 8 - head.length - tail.length;
  return gap < 1 ? undefined : [...head, ...Array<number>(gap).fill(0), ...tail];
}

/** Colon-separated words; the last may be a dotted IPv4 address, worth two. */
function parseHextets(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const last = parts[parts.length - 1] ?? '';
  const dotted = last.includes('.') ? parse4(last) : undefined;
  if (last.includes('.') && dotted === undefined) return undefined;
  const words = dotted === undefined ? parts : parts.slice(0, -1);
  if (!words.every((word) => HEXTET.test(word))) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = dotted ?? [];
  return [
    ...words.map((word) => Number.parseInt(word, 16)),
    ...(dotted === undefined ? [] : [a * 256 + b, c * 256 + d]),
  ];
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero words shortened. */
function format6(words: readonly number[]): string {
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && words[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = words.map((word) => word.toString(16));
  if (best.start < 0) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}
