/** Addresses as people write them, and which ones they mean. */
import { BlockList, isIP } from 'node:net';
import type { IpRange } from '@ringfence/contracts';

export function isAddressOrCidr(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (rest.length > 0 || family === 0 || address.includes('%')) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
}

/** Whether an address is in a list's ranges and not in its exclusions. */
export function membership(ranges: readonly IpRange[]): (address: string) => boolean {
  const included = blockList(ranges.filter((range) => !range.exclusion));
  const excluded = blockList(ranges.filter((range) => range.exclusion));
  return (address) => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return isIP(address) !== 0 && included.check(address, family) && !excluded.check(address, family);
  };
}

function blockList(ranges: readonly IpRange[]): BlockList {
  const list = new BlockList();
  for (const { from, to } of ranges) {
    const [address = '', prefix] = from.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    if (prefix !== undefined) list.addSubnet(address, Number(prefix), family);
    else if (to !== null && to !== '') list.addRange(address, to, family);
    else list.addAddress(address, family);
  }
  return list;
}
