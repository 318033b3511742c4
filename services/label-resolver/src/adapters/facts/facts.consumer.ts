/**
 * Inventory's events → facts, and profiles for the namespaces among them. A batch is one transaction; then the labels of
 * what changed are settled. What is no news has no effect, in whichever order it comes.
 */
import { eventOf } from '@ringfence/bus';
import type { Message } from '@ringfence/bus';
import { entitiesIn } from '@ringfence/event-store';
import type { EventStore, OneAtATime } from '@ringfence/event-store';
import type pg from 'pg';
import { facts, isClusterGone } from '../../read/facts.js';
import type { FactNews } from '../../read/facts.js';
import type { EntityResolver, Fact } from './entity-resolver.js';
import { profileLife } from './profile-life.js';
import type { ProfileLife } from './profile-life.js';

export interface FactsParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly resolver: EntityResolver;
}

export function factsConsumer(parts: FactsParts): (messages: readonly Message[]) => Promise<void> {
  const { store, oneAtATime, resolver } = parts;
  return async (messages) => {
    const events = messages.map(eventOf);
    await oneAtATime(async () => {
      const learnt: Fact[] = [];
      await store.transaction(async (tx) => {
        const profiles = profileLife(store, tx);
        for (const news of await facts.take(tx, events)) {
          learnt.push(...(await entityIn(tx, news)));
          await applyPlace(profiles, news);
        }
      });
      resolver.take(learnt);
      await resolver.settle();
    });
  };
}

async function entityIn(tx: pg.PoolClient, news: FactNews): Promise<Fact[]> {
  switch (news.kind) {
    case 'kubernetes-workload':
      if (news.state === null) return [{ type: 'gone', id: news.id }];
      if (await isClusterGone(entitiesIn(tx), news.state.cluster)) return [];
      return [{ type: 'kubernetes-workload', state: news.state }];
    case 'workload':
      return [news.state === null ? { type: 'gone', id: news.id } : { type: 'workload', state: news.state }];
    default:
      return [];
  }
}

/** Clusters and namespaces: their profiles come and go with them. */
async function applyPlace(profiles: ProfileLife, { kind, id, cluster, state }: FactNews): Promise<void> {
  if (kind === 'container-cluster')
    return state === null ? profiles.clusterDeleted(id) : profiles.clusterCreated(id);
  if (kind !== 'namespace') return;
  // A namespace's id is its cluster's and its name.
  const name = id.slice(cluster.length + 1);
  return state === null
    ? profiles.namespaceVanished(cluster, name)
    : profiles.namespaceDiscovered(cluster, name, state.pairingKey);
}
