/** Stable nft names from ids. Injective, so that two groups never share a set; nothing but [a-z0-9_] comes out. */
import type { Family } from './flow-sets.js';

const GROUP_ID = /^g-[0-9a-f]{20}$/;

/** `h_…` hash set of addresses, `n_…` interval set of CIDRs. */
export function peerSetName(kind: 'h' | 'n', group: string, family: Family): string {
  return `${kind}_${encodeGroup(group)}_${family}`;
}

function encodeGroup(group: string): string {
  if (GROUP_ID.test(group)) return group.replace('-', '');
  return `x${[...group].map((char) => (/[a-z0-9]/.test(char) ? char : `_${(char.codePointAt(0) ?? 0).toString(16)}_`)).join('')}`;
}

/** A service's chain is named by the first port that leads to it: readable, and the same for the same policy. */
export function serviceChainName(direction: 'in' | 'out' | 'guard', proto: number, from: number): string {
  return `s_${direction}_${proto}_${from}`;
}
