/**
 * What the cluster's server has to know so that everybody can go on: streams, Kubelink's durable, the accounts of nodes. It
 * keeps them on its disk; a disk that was lost with the server heals by being told again, at our start and at each reconnect.
 */
import { ensureStreams, keepKubelinkDurable } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { onDemand } from '@ringfence/retrying';
import type { OnDemand } from '@ringfence/retrying';
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
  private readonly telling: OnDemand;

  constructor(private readonly options: ServerMemoryOptions) {
    const { signal, logger } = options;
    const onError = (error: unknown): void =>
      logger.warn({ err: error }, "the cluster's NATS has not taken all that it must know, trying again");
    this.telling = onDemand(() => this.tell(), { signal, onError, longestPauseMs: LONGEST_PAUSE_MS });
  }

  /** The server may have forgotten. Told until it has taken everything. */
  refresh(): void {
    this.telling.ask();
  }

  close(): Promise<void> {
    return this.telling.settled();
  }

  private async tell(): Promise<void> {
    const { bus, cluster, accounts, nodes } = this.options;
    await ensureStreams(bus, 'cluster');
    if (accounts === undefined) return;
    await keepKubelinkDurable(bus, cluster);
    await accounts.makeAllKnown(nodes());
  }
}
