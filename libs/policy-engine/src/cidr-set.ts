/** Is an address in a group's CIDRs? They are disjoint, so it is one binary search. */
import type { Cidr } from '@ringfence/contracts';
import { mergeIntervals, parseAddress, parseCidr, parseIpv4 } from './address.js';
import type { Interval } from './address.js';

export class CidrSet {
  private readonly first4: number[] = [];
  private readonly last4: number[] = [];
  private readonly first6: bigint[] = [];
  private readonly last6: bigint[] = [];

  constructor(cidrs: readonly Cidr[]) {
    const intervals = cidrs.map(parseCidr).filter((interval): interval is Interval => interval !== null);
    for (const { version, first, last } of mergeIntervals(intervals)) {
      if (version === 4) {
        this.first4.push(Number(first));
        this.last4.push(Number(last));
      } else {
        this.first6.push(first);
        this.last6.push(last);
      }
    }
  }

  contains(address: string): boolean {
    if (this.first4.length > 0) {
      const value = parseIpv4(address);
      if (value !== null) return inside(this.first4, this.last4, value);
    }
    if (this.first6.length === 0 || !address.includes(':')) return false;
    const parsed = parseAddress(address);
    return parsed !== null && inside(this.first6, this.last6, parsed.value);
  }
}

/** The last interval that begins at or before the value decides. */
function inside<T extends number | bigint>(first: readonly T[], last: readonly T[], value: T): boolean {
  let low = 0;
  let high = first.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (first[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value <= last[low - 1]!;
}
