/**
 * A cluster says far more than its share: no clas-cache of ours does, so its credential may be lost. Its account is cut off for a
 * while, on connections that stand too; the others' go on. Without accounts nobody can be cut off: what is beyond a share is
 * dropped unread all the same.
 */
import type { BeyondShare, BusMetrics } from '@ringfence/bus';
import type { EventStore, OneAtATime } from '@ringfence/event-store';
import type { Logger } from 'pino';
import { SuspensionEntity, suspensionOf } from '../../read/suspensions.js';
import type { ClusterAccounts } from './cluster-accounts.client.js';

export interface ShareParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly accounts: ClusterAccounts;
  readonly suspendedForMs: number;
  readonly logger: Pick<Logger, 'error'>;
  readonly metrics: BusMetrics;
}

export function beyondShare(parts: ShareParts): (abuse: BeyondShare) => Promise<Record<string, never>> {
  const { accounts, logger, metrics } = parts;
  const suspended = metrics.counter('inventory_suspensions_total', 'Clusters that were cut off for a while');
  return async (abuse) => {
    const { cluster, stream, detail } = abuse;
    if (!(await parts.oneAtATime(() => noted(parts, abuse)))) return {};
    suspended.add(1, { cluster });
    logger.error({ cluster, stream, detail }, 'a cluster says far more than its share: it is cut off');
    await accounts.revoke(cluster);
    return {};
  };
}

/** False: it was said before the cluster was cut off, and is only read now. */
async function noted(
  { store, suspendedForMs }: ShareParts,
  { cluster, stream, detail, at: saidAt }: BeyondShare,
): Promise<boolean> {
  const before = await suspensionOf(store.entities, cluster);
  if (before !== null && before.at.getTime() >= Date.parse(saidAt)) return false;
  const at = new Date();
  const until = new Date(at.getTime() + suspendedForMs);
  await store.entities.upsert(SuspensionEntity, { cluster, stream, detail, at, until }, ['cluster']);
  return true;
}
