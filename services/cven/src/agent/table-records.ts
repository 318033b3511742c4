/**
 * How a restarted agent knows that a table in the kernel is its own and untouched: a digest of what nft listed after our
 * own load, and one of the policy that was loaded. Both must fit, otherwise the table is replaced.
 */
import { createHash } from 'node:crypto';
import { renderTable } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { z } from 'zod';
import { policyPart } from '../kernel/nftables/listing.js';

export const TableRecordFile = z.record(z.string(), z.object({ listing: z.string(), policy: z.string() }));
export type TableRecordFile = z.infer<typeof TableRecordFile>;

export class TableRecords {
  private readonly records: Map<string, TableRecordFile[string]>;

  constructor(
    stored: TableRecordFile,
    private readonly onChange: () => void,
  ) {
    this.records = new Map(Object.entries(stored));
  }

  remember(netns: string, listing: string, model: FirewallModel): void {
    this.records.set(netns, { listing: listingDigest(listing), policy: policyDigest(model) });
    this.onChange();
  }

  forget(netns: string): void {
    if (this.records.delete(netns)) this.onChange();
  }

  recognises(netns: string, listing: string, model: FirewallModel): boolean {
    const record = this.records.get(netns);
    return (
      record !== undefined &&
      record.listing === listingDigest(listing) &&
      record.policy === policyDigest(model)
    );
  }

  toFile(): TableRecordFile {
    return Object.fromEntries(this.records);
  }
}

/** The same before and after a rotation of the flow sets. */
export function listingDigest(listing: string): string {
  return digest(policyPart(listing));
}

/** Of what is enforced, not of the bookkeeping: which half is written and the numbers are in the listing. */
function policyDigest(model: FirewallModel): string {
  return digest(renderTable({ ...model, generation: 1, half: 0, revision: 0 }));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
