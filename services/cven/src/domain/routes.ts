/** The kernel's routing tables as /proc shows them, and to which interfaces addresses are routed without a gateway. */
import { parseAddress } from '@ringfence/policy-engine';
import type { ParsedAddress } from '@ringfence/policy-engine';

export interface Route {
  readonly link: string;
  readonly family: 4 | 6;
  readonly network: bigint;
  readonly bits: number;
  readonly isDirect: boolean;
}

const GATEWAY = 0x2;
/** What nft takes as a name between quotation marks. */
const NAME = /^[A-Za-z0-9_.:@-]{1,15}$/;

/** `veth1 0201F50A 00000000 0005 0 0 0 FFFFFFFF …`, little-endian; undefined: the heading, or nothing of use. */
export function route4(line: string): Route | undefined {
  const [link = '', destination = '', , flags = '', , , , mask = ''] = line.trim().split(/\s+/);
  if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask)) return undefined;
  return {
    link,
    family: 4,
    network: littleEndian(destination),
    bits: littleEndian(mask).toString(2).replaceAll('0', '').length,
    isDirect: (parseInt(flags, 16) & GATEWAY) === 0,
  };
}

/** `fd00…02 80 00… 00 00… 00000400 … 00000001 veth1` */
export function route6(line: string): Route | undefined {
  const [destination = '', bits = '', , , , , , , flags = '', link = ''] = line.trim().split(/\s+/);
  if (!/^[0-9a-f]{32}$/.test(destination) || link === 'lo') return undefined;
  return {
    link,
    family: 6,
    network: BigInt(`0x${destination}`),
    bits: parseInt(bits, 16),
    isDirect: (parseInt(flags, 16) & GATEWAY) === 0,
  };
}

/** Sorted, each once. The longest prefix decides; one that leads elsewhere, or is the default route, is no Pod's. */
export function routedTo(addresses: readonly string[], routes: readonly Route[]): string[] {
  const byLength = routes.toSorted((a, b) => b.bits - a.bits);
  const links = new Set<string>();
  for (const text of addresses) {
    const address = parseAddress(text);
    const route = address && byLength.find((each) => covers(each, address));
    if (route?.isDirect === true && route.bits > 0 && NAME.test(route.link)) links.add(route.link);
  }
  return [...links].sort();
}

function covers({ family, network, bits }: Route, { version, value }: ParsedAddress): boolean {
  const rest = BigInt((family === 4 ? 32 : 128) - bits);
  return version === family && BigInt(value) >> rest === network >> rest;
}

const littleEndian = (hex: string): bigint => BigInt(`0x${hex.match(/../g)?.toReversed().join('') ?? '0'}`);
