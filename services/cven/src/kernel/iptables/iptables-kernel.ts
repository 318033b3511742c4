/**
 * The way into a kernel without nftables: there is none yet. Whatever is asked is refused with the reason, which every place then
 * tells; but what an agent with nftables left here is taken away, so that the node can be left.
 */
import { iptables } from '@ringfence/firewall';
import type { CounterName, NftTables, TableName } from '../nftables/nft-tables.js';
import { KernelError } from '../port/kernel.port.js';
import type { Kernel } from '../port/kernel.port.js';

const refuse = (): Promise<never> => Promise.reject(new KernelError('not_available', iptables.notAvailable));

export class IptablesKernel implements Kernel, NftTables {
  /** `nftables`: the way to what was left; undefined: there is none, and so nothing was. */
  constructor(private readonly nftables?: Kernel & NftTables) {}

  readonly open = refuse;
  readonly adoptConnections = refuse;
  readonly trackLiberally = refuse;
  readonly apply = refuse;
  readonly readFlows = refuse;
  readonly emptyFlows = refuse;
  readonly links = refuse;
  readonly look = refuse;
  readonly lookAtOwn = refuse;
  readonly clearMarks = refuse;
  readonly run = refuse;

  async remove(netns: string): Promise<void> {
    await this.nftables?.remove(netns);
  }

  async drop(netns: string, table: TableName): Promise<void> {
    await this.nftables?.drop(netns, table);
  }

  async packets(netns: string, counter: CounterName): Promise<number | undefined> {
    return this.nftables?.packets(netns, counter);
  }

  async close(netns: string): Promise<void> {
    await this.nftables?.close(netns);
  }

  async stop(): Promise<void> {
    await this.nftables?.stop();
  }

  disturbed(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  fingerprint(): string {
    return '';
  }
}
