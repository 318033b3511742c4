/**
 * Tables of nftables beside the model's: what ties Pods to their addresses, and the guard where there is no plugin. They are
 * nftables' own, so whoever wants them speaks its language; another back end says that there are none.
 */
import type { Applied } from '../port/kernel.port.js';

export interface TableName {
  readonly family: 'inet' | 'bridge';
  readonly table: string;
}
export interface CounterName extends TableName {
  readonly name: string;
}

export interface NftTables {
  /** One script, one transaction. */
  run(netns: string, script: string): Promise<Applied>;
  /** Takes a table away, if it is there. */
  drop(netns: string, table: TableName): Promise<void>;
  /** Packets so far; undefined: there is no such counter. */
  packets(netns: string, counter: CounterName): Promise<number | undefined>;
}

export function renderDrop({ family, table }: TableName): string {
  return `table ${family} ${table} { }\ndelete table ${family} ${table}\n`;
}
