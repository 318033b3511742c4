/** The words of the port in nftables: what is sent for a change, and what a listing says. Pure; both ways into the kernel use them. */
import { createHash } from 'node:crypto';
import { renderTable } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import type { FoundTable } from '../port/kernel.port.js';
import { contentsOf, policyPart } from './listing.js';

export function foundTable(listing: string): FoundTable | undefined {
  if (listing === '') return undefined;
  return { listing: digest(policyPart(listing)), contents: contentsOf(listing) };
}

/** Of what is enforced, not of the bookkeeping: which half is written and the numbers are in the listing. */
export function fingerprint(model: FirewallModel): string {
  return digest(renderTable({ ...model, generation: 1, half: 0, revision: 0 }));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
