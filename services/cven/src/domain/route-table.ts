/** Lines of /proc/net/route and ipv6_route → the networks that the node has routes to. Pure. */
import type { NodeRoute } from '@ringfence/contracts';
import { canonicalAddress, formatAddress, parseAddress, parseCidr } from '@ringfence/policy-engine';
import type { Interval, IpVersion } from '@ringfence/policy-engine';

export interface RoutedNetwork {
  readonly text: string;
  readonly interval: Interval;
}

export function routedNetworks(lines: {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}): RoutedNetwork[] {
  const all = [
    ...lines.v4.flatMap((line) => network4(line) ?? []),
    ...lines.v6.flatMap((line) => network6(line) ?? []),
  ];
  return [...new Set(all)].flatMap((text) => {
    const interval = parseCidr(text);
    return interval === null ? [] : [{ text, interval }];
  });
}

/** Words of four bytes in the order of a little-endian machine. */
function network4(line: string): string | null {
  const [, destination = '', , , , , , mask = ''] = line.split('\t');
  if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask)) return null;
  const bits = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length;
  const bytes = (destination.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16));
  return `${bytes.join('.')}/${bits}`;
}

/** Without loopback, link-local and multicast: nobody's rules speak of those. */
function network6(line: string): string | null {
  const [, hex, bits, device] = /^([0-9a-f]{32}) ([0-9a-f]{2}) .* (\S+)$/.exec(line.trimEnd()) ?? [];
  if (hex === undefined || bits === undefined || device === 'lo' || /^f[ef]/.test(hex)) return null;
  const address = canonicalAddress((hex.match(/.{4}/g) ?? []).join(':'));
  return address === null ? null : `${address}/${Number.parseInt(bits, 16)}`;
}

/** Somewhere in the world: what begins with zeros is no place to ask about. */
const WORLD: Readonly<Record<IpVersion, bigint>> = {
  4: parseAddress('203.0.113.1')!.value,
  6: parseAddress('2001:db8::1')!.value,
};
/** Of each gap between narrower networks so many are tried: some are the node's own. */
const CANDIDATES = 8n;

/** An address that this route, and no narrower one, leads to, and that is not the node's own. */
export function addressBehind(
  { interval: { version, first, last } }: RoutedNetwork,
  networks: readonly RoutedNetwork[],
  own: ReadonlySet<string>,
): string | null {
  const narrower = networks.flatMap(({ interval: other }) => {
    const isInside = other.version === version && other.first >= first && other.last <= last;
    return isInside && (other.first !== first || other.last !== last) ? [other] : [];
  });
  // What a network begins with names the network itself.
  const from = last - first > 1n ? first + 1n : first;
  const world = first <= WORLD[version] && WORLD[version] <= last ? [WORLD[version]] : [];
  for (const start of [...world, from, ...narrower.map((hole) => hole.last + 1n)]) {
    for (let value = start; value < start + CANDIDATES && value <= last; value += 1n) {
      const isElsewhere = narrower.some((hole) => hole.first <= value && value <= hole.last);
      const address = formatAddress({ version, value });
      if (!isElsewhere && !own.has(address)) return address;
    }
  }
  return null;
}

export interface FoundRoute {
  readonly network: RoutedNetwork;
  readonly from: string;
}

/** Widest first, and without those that say no more than the next wider one. */
export function fewestRoutes(routes: readonly FoundRoute[]): NodeRoute[] {
  const kept: FoundRoute[] = [];
  for (const each of [...routes].sort(byWidth)) {
    const wider = kept.findLast(({ network }) => holds(network.interval, each.network.interval));
    if (wider?.from !== each.from) kept.push(each);
  }
  return kept.map(({ network, from }) => ({ to: network.text, from }));
}

const widthOf = ({ network: { interval } }: FoundRoute): bigint => interval.last - interval.first;
const byWidth = (a: FoundRoute, b: FoundRoute): number =>
  Number(widthOf(b) > widthOf(a)) - Number(widthOf(b) < widthOf(a));
const holds = (outer: Interval, inner: Interval): boolean =>
  outer.version === inner.version && outer.first <= inner.first && inner.last <= outer.last;
