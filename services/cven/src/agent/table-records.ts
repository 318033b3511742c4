/**
 * How a restarted agent knows that a table in the kernel is its own and untouched: a digest of what was listed after our
 * own load, and one of the policy that was loaded. Both must fit, otherwise the table is replaced.
 */
import { z } from 'zod';

export const TableRecordFile = z.record(z.string(), z.object({ listing: z.string(), policy: z.string() }));
export type TableRecordFile = z.infer<typeof TableRecordFile>;
type TableRecord = TableRecordFile[string];

export class TableRecords {
  private readonly records: Map<string, TableRecord>;

  constructor(
    stored: TableRecordFile,
    private readonly onChange: () => void,
  ) {
    this.records = new Map(Object.entries(stored));
  }

  remember(netns: string, record: TableRecord): void {
    this.records.set(netns, record);
    this.onChange();
  }

  forget(netns: string): void {
    if (this.records.delete(netns)) this.onChange();
  }

  recognises(netns: string, { listing, policy }: TableRecord): boolean {
    const record = this.records.get(netns);
    return record?.listing === listing && record.policy === policy;
  }

  toFile(): TableRecordFile {
    return Object.fromEntries(this.records);
  }
}
