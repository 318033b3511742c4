/**
 * What the cluster's server has to know so that everybody can go on: streams, Kubelink's durable, the accounts of nodes. It
 * keeps them on its disk; a disk that was lost with the server heals by being told again, at our start and at each reconnect.
 */
import { ensureStreams, keepKubelinkDurable } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { retrying } from '@ringfence/retrying';
import type { Logger } from 'pino';
import type { EdgeAccounts } from './edge-accounts.js';

const LONGEST_PAUSE_MS = 15_000;

export interface ServerMemoryOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly accounts: EdgeAccounts | undefined;
  /** Nodes that hold a credential. */
  readonly nodes: () => readonly string[];
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export class ServerMemory {
  private wanted = 0;
  private done = 0;
  private running: Promise<void> | undefined;

  constructor(private readonly options: ServerMemoryOptions) {}

  /** The server may have forgotten. Told until it has taken everything. */
  refresh(): void {
    this.wanted += 1;
    this.running ??= this.untilDone().finally(() => (this.running = undefined));
  }

  async close(): Promise<void> {
    await this.running;
  }

  private async untilDone(): Promise<void> {
    const { signal, logger } = this.options;
    const onError = (error: unknown): void =>
      logger.warn({ err: error }, "the cluster's NATS has not taken all that it must know, trying again");
    const round = async (): Promise<void> => {
      const wanted = this.wanted;
      await this.tell();
      this.done = wanted;
    };
    while (this.done !== this.wanted && !signal.aborted)
      await retrying(round, { signal, onError, longestPauseMs: LONGEST_PAUSE_MS });
  }

  private async tell(): Promise<void> {
    const { bus, cluster, accounts, nodes } = this.options;
    await ensureStreams(bus, 'cluster');
    if (accounts === undefined) return;
    await keepKubelinkDurable(bus, cluster);
    await accounts.makeAllKnown(nodes());
  }
}
