/**
 * What the control plane's NATS has to know of each cluster so that its clas-cache can come in: an account, and the durable that
 * it reads policy through. A disk that was lost with the server heals by being told again, at our start and at each reconnect.
 */
import type { Bus } from '@ringfence/bus';
import type { EventStore } from '@ringfence/event-store';
import { onDemand } from '@ringfence/retrying';
import type { Logger } from 'pino';
import { containerClusters } from '../../read/inventory-documents.js';
import type { ClusterAccounts } from './cluster-accounts.client.js';

const LONGEST_PAUSE_MS = 15_000;

export interface ServerMemoryParts {
  readonly bus: Bus;
  readonly store: EventStore;
  readonly accounts: ClusterAccounts;
  readonly logger: Logger;
}

export interface ServerMemory {
  close(): Promise<void>;
}

export function keepServerMemory({ bus, store, accounts, logger }: ServerMemoryParts): ServerMemory {
  const ended = new AbortController();
  const telling = onDemand(
    async () => {
      for (const { id } of await containerClusters.live(store.entities)) await accounts.keep(id);
    },
    {
      signal: ended.signal,
      onError: (error) =>
        logger.warn({ err: error }, 'NATS has not taken all that it must know of clusters, trying again'),
      longestPauseMs: LONGEST_PAUSE_MS,
    },
  );
  const listening = bus.onReconnect(telling.ask);
  telling.ask();
  return {
    close: () => {
      listening.close();
      ended.abort();
      return telling.settled();
    },
  };
}
