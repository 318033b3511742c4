/**
 * Inventory's events → facts, and profiles for the namespaces among them. A batch is one transaction with the place in
 * the stream; then the labels of what changed are settled. Events of one kind come in order, of different kinds in any.
 */
import { eventOf } from '@ringfence/bus';
import type { Message } from '@ringfence/bus';
import {
  ContainerClusterState,
  KubernetesWorkloadState,
  NamespaceState,
  WorkloadState,
} from '@ringfence/contracts';
import type { Envelope } from '@ringfence/contracts';
import { consumeOnce } from '@ringfence/event-store';
import type { EventStore, OneAtATime } from '@ringfence/event-store';
import type pg from 'pg';
import { clusterKnowledge, forgetEntity, noteKubernetesWorkload, noteWorkload } from '../read/facts.js';
import type { EntityResolver, Fact } from './entity-resolver.js';
import { profileLife } from './profile-life.js';

export interface FactsParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly resolver: EntityResolver;
}

export function factsConsumer(
  parts: FactsParts,
  durable: string,
): (messages: readonly Message[]) => Promise<void> {
  const { store, oneAtATime, resolver } = parts;
  return async (messages) => {
    const events = messages.map(eventOf);
    const last = messages.at(-1);
    if (last === undefined) return;
    await oneAtATime(async () => {
      const learnt: Fact[] = [];
      await consumeOnce(store, durable, last, async (tx) => {
        for (const event of events) learnt.push(...(await applyIn(store, tx, event)));
      });
      resolver.take(learnt);
      await resolver.settle();
    });
  };
}

async function applyIn(store: EventStore, tx: pg.PoolClient, event: Envelope): Promise<Fact[]> {
  const id = (): string => (event.data as { id: string }).id;
  switch (event.type) {
    case 'KubernetesWorkloadDiscovered':
    case 'KubernetesWorkloadChanged': {
      const state = KubernetesWorkloadState.parse(event.data);
      if ((await clusterKnowledge(tx, state.cluster)) === 'deleted') return [];
      await noteKubernetesWorkload(tx, state);
      return [{ type: 'kubernetes-workload', state }];
    }
    case 'WorkloadCreated':
    case 'WorkloadChanged': {
      const state = WorkloadState.parse(event.data);
      await noteWorkload(tx, state);
      return [{ type: 'workload', state }];
    }
    case 'KubernetesWorkloadVanished':
      await forgetEntity(tx, 'kubernetes_workloads', id());
      return [{ type: 'gone', id: id() }];
    case 'WorkloadDeleted':
      await forgetEntity(tx, 'workloads', id());
      return [{ type: 'gone', id: id() }];
    default:
      await applyPlace(store, tx, event);
      return [];
  }
}

/** Clusters and namespaces: their profiles come and go with them. */
async function applyPlace(store: EventStore, tx: pg.PoolClient, event: Envelope): Promise<void> {
  const profiles = profileLife(store, tx);
  switch (event.type) {
    case 'ContainerClusterCreated':
      return profiles.clusterCreated(ContainerClusterState.parse(event.data).id);
    case 'ContainerClusterDeleted':
      return profiles.clusterDeleted((event.data as { id: string }).id);
    case 'NamespaceDiscovered':
    case 'NamespaceChanged': {
      const { cluster, name } = NamespaceState.parse(event.data);
      return profiles.namespaceDiscovered(cluster, name);
    }
    case 'NamespaceVanished': {
      const { cluster, name } = event.data as { cluster: string; name: string };
      return profiles.namespaceVanished(cluster, name);
    }
  }
}
