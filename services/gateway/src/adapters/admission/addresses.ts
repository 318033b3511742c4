/** From where a request comes, and whether that is among some addresses. */
import { BlockList, isIP } from 'node:net';

export type Addresses = (address: string) => boolean;

/** Of addresses and networks in CIDR notation; what is no address is in none. */
export function addressesOf(networks: readonly string[]): Addresses {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = familyOf(address);
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/**
 * The first of those that pass it on who is no trusted proxy. Each proxy writes whom it heard behind what it was told: only what a trusted one
 * wrote is believed, and what is no address is not.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusts: Addresses): string {
  let address = plain(peer);
  const told = forwardedFor === undefined ? [] : forwardedFor.split(',').reverse();
  for (const each of told) {
    const before = plain(each.trim());
    if (!trusts(address) || isIP(before) === 0) break;
    address = before;
  }
  return address;
}

/** IPv4 as a socket for both versions tells it. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Node joins what came more than once with commas. */
export const forwardedFor = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined => {
  const told = headers['x-forwarded-for'];
  return Array.isArray(told) ? told.join(',') : told;
};
