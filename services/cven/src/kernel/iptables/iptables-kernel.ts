/** The way into a kernel without nftables: there is none yet. Whatever is asked is refused with the reason, which every place then tells. */
import { iptables } from '@ringfence/firewall';
import type { NftTables } from '../nftables/nft-tables.js';
import { KernelError } from '../port/kernel.port.js';
import type { Kernel } from '../port/kernel.port.js';

const refuse = (): Promise<never> => Promise.reject(new KernelError('not_available', iptables.notAvailable));
const nothingToDo = (): Promise<void> => Promise.resolve();

export class IptablesKernel implements Kernel, NftTables {
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
  readonly packets = refuse;
  /** Nothing of ours is anywhere. */
  readonly remove = nothingToDo;
  readonly close = nothingToDo;
  readonly stop = nothingToDo;

  disturbed(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  fingerprint(): string {
    return '';
  }
}
