/**
 * Addresses of one peer group in canonical text, split by how the kernel stores them. The kernel compares bytes and we
 * compare text, so both must agree on one form; it is also the guard that lets nothing but an address into a script.
 */
import { canonicalAddress, formatAddress, parseCidr } from '@ringfence/policy-engine';
import type { Interval } from '@ringfence/policy-engine';
import { FirewallInputError } from './firewall.model.js';
import type { PeerSet } from './firewall.model.js';

export function isIpv6(text: string): boolean {
  return text.includes(':');
}

/** Throws on anything that is not an address: leaving it out could open a deny rule. */
export function peerSet(hosts: Iterable<string>, cidrs: Iterable<string>): PeerSet {
  const hosts4 = new Set<string>();
  const hosts6 = new Set<string>();
  for (const host of hosts) {
    const address = hostAddress(host);
    (isIpv6(address) ? hosts6 : hosts4).add(address);
  }
  const intervals = [...cidrs].map((cidr) => {
    const interval = parseCidr(cidr);
    if (interval === null) throw new FirewallInputError('invalid_cidr', `"${cidr}" is not a CIDR`);
    return interval;
  });
  return { hosts4, hosts6, cidrs4: disjoint(intervals, 4), cidrs6: disjoint(intervals, 6) };
}

/** The same group after some addresses came and went; its CIDRs are shared. */
export function changedPeerSet(
  from: PeerSet,
  change: { readonly added: readonly string[]; readonly removed: readonly string[] },
): PeerSet {
  const next = { ...from, hosts4: new Set(from.hosts4), hosts6: new Set(from.hosts6) };
  const hosts = (address: string): Set<string> => (isIpv6(address) ? next.hosts6 : next.hosts4);
  for (const address of change.removed.map(hostAddress)) hosts(address).delete(address);
  for (const address of change.added.map(hostAddress)) hosts(address).add(address);
  return next;
}

function hostAddress(text: string): string {
  const address = canonicalAddress(text);
  if (address === null) throw new FirewallInputError('invalid_address', `"${text}" is not an IP address`);
  return address;
}

/** CIDRs nest or are disjoint; those inside another one say nothing, and nft refuses them. */
function disjoint(intervals: readonly Interval[], version: 4 | 6): string[] {
  const kept: string[] = [];
  let covered = -1n;
  for (const interval of intervals.filter((each) => each.version === version).sort(byStart)) {
    if (interval.last <= covered) continue;
    kept.push(cidrText(interval));
    covered = interval.last;
  }
  return kept;
}

function cidrText({ version, first, last }: Interval): string {
  const hostBits = (last - first).toString(2).replace(/^0$/, '').length;
  return `${formatAddress({ version, value: first })}/${(version === 4 ? 32 : 128) - hostBits}`;
}

function byStart(a: Interval, b: Interval): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.last > b.last ? -1 : 1;
}
