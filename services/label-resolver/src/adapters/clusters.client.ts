/**
 * Whether a cluster exists. Its event may still be on the way when somebody asks for its profiles: then its owner is
 * asked, and the template is made at once; the event finds it there.
 */
import { CallError } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS } from '@ringfence/contracts';
import type { EventStore } from '@ringfence/event-store';
import { notFound } from '@ringfence/resources';
import { clusterKnowledge } from '../read/facts.js';
import type { Changing } from './changing.js';
import { profileLife } from './profile-life.js';
import { SYSTEM } from './system-actor.js';

export type EnsureCluster = (cluster: string | undefined) => Promise<string>;

export function ensureCluster(store: EventStore, bus: Bus, changing: Changing): EnsureCluster {
  return async (cluster) => {
    if (cluster === undefined) throw notFound('container cluster');
    const knowledge = await clusterKnowledge(store.pool, cluster);
    if (knowledge === 'live') return cluster;
    if (knowledge === 'deleted' || !(await existsAtOwner(bus, cluster))) throw notFound('container cluster');
    await changing(() => store.transaction((tx) => profileLife(store, tx).clusterCreated(cluster)));
    return cluster;
  };
}

async function existsAtOwner(bus: Bus, cluster: string): Promise<boolean> {
  try {
    await bus.call(CALLS.inventoryResource, {
      org: 1,
      actor: SYSTEM,
      collection: 'container_clusters',
      op: 'get',
      ids: [cluster],
      query: {},
      body: null,
    });
    return true;
  } catch (error) {
    if (error instanceof CallError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}
