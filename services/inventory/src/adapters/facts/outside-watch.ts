/**
 * Where there are several clusters: how they see each other's workloads and nodes, looked at again while anything that it follows from
 * changes, and told with each of them as an event of its own where it differs.
 */
import type { KubernetesWorkloadState, SeenFromOutside } from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { entitiesIn } from '@ringfence/event-store';
import type { AppendBatch, EventStore, OneAtATime } from '@ringfence/event-store';
import type pg from 'pg';
import { In } from 'typeorm';
import { seenFromOutside } from '../../domain/seen-from-outside.js';
import type { OutsideFacts, Sights } from '../../domain/seen-from-outside.js';
import { networkTypeOf } from '../../domain/container-cluster.decider.js';
import { containerClusters, kubernetesWorkloads, workloads } from '../../read/inventory-documents.js';
import { outsideTold, placedPods, sayingsOfNodes } from '../../read/outside.js';
import { looking } from '../looking.js';
import type { Looking } from '../looking.js';
import { streamOf } from '../stream-names.js';
import { SYSTEM } from '../system-actor.js';
import { commandOnNode } from './observation-events.js';
import { liveNodes } from './observed.store.js';

const LOOK_EVERY_MS = 1_000;
/** What was told is compared in any case every so many looks. */
const LOOKS_APART = 30;
/** In one transaction. */
const MOST_AT_ONCE = 500;

export interface OutsideParts {
  readonly store: EventStore;
  readonly oneAtATime: OneAtATime;
  readonly onError: (error: unknown) => void;
}

export function watchOutside(parts: OutsideParts): Looking {
  let last = '';
  let looks = 0;
  const look = async (): Promise<void> => {
    const facts = await outsideFacts(parts.store);
    looks += 1;
    const now = JSON.stringify(facts);
    const isAlone = facts.clusters.length === 0;
    if (now === last && (isAlone || looks % LOOKS_APART !== 0)) return;
    await settle(parts, facts);
    last = now;
  };
  return looking(look, LOOK_EVERY_MS, parts.onError);
}

type Known = Omit<OutsideFacts, 'placed'> & { readonly said: readonly unknown[] };

async function outsideFacts({ entities, pool }: EventStore): Promise<Known> {
  const clusters = (await containerClusters.live(entities)).map(({ id, body }) => ({
    ...{ id, networkType: networkTypeOf(body) },
  }));
  if (clusters.length < 2) return { clusters: [], nodes: [], said: [] };
  return { clusters, nodes: await liveNodes(entities), said: await sayingsOfNodes(pool) };
}

async function settle({ store, oneAtATime }: OutsideParts, facts: Known): Promise<void> {
  const { entities, pool } = store;
  const placed = facts.clusters.length === 0 ? [] : await placedPods(pool);
  const sights = seenFromOutside({ ...facts, placed });
  const hosts = (await workloads.live(entities)).filter(({ body }) => body.node !== null);
  const nodes = hosts.filter(({ cluster, body }) =>
    differs(body.outside, sights.nodes.get(`${cluster}/${body.node ?? ''}`)),
  );
  const told = await outsideTold(pool);
  const owners = told.filter(({ id, cluster, outside }) =>
    differs(outside, sights.workloads.get(`${cluster}/${id}`)),
  );
  for (let i = 0; i < Math.max(nodes.length, owners.length); i += MOST_AT_ONCE) {
    const some = {
      nodes: nodes.slice(i, i + MOST_AT_ONCE).map(({ cluster, body }) => ({ cluster, node: body.node! })),
      owners: owners.slice(i, i + MOST_AT_ONCE).map(({ id }) => id),
    };
    await oneAtATime(() =>
      store.transaction(async (tx) => {
        const batches = [
          ...(await ofNodes(tx, some.nodes, sights)),
          ...(await ofOwners(tx, some.owners, sights)),
        ];
        await store.appendIn(tx, batches, { actor: SYSTEM, cluster: 'global' });
      }),
    );
  }
}

const differs = (told: SeenFromOutside | null | undefined, seen: SeenFromOutside | undefined): boolean =>
  !isSameValue(told ?? null, seen ?? null);

async function ofNodes(
  tx: pg.PoolClient,
  nodes: readonly { readonly cluster: string; readonly node: string }[],
  sights: Sights,
): Promise<AppendBatch[]> {
  const batches: AppendBatch[] = [];
  for (const place of nodes) {
    const outside = sights.nodes.get(`${place.cluster}/${place.node}`) ?? null;
    batches.push(...(await commandOnNode(tx, place, { type: 'see-from-outside', outside }, SYSTEM)));
  }
  return batches;
}

/** As they are in their turn: one may be gone, or changed, since. */
async function ofOwners(tx: pg.PoolClient, ids: readonly string[], sights: Sights): Promise<AppendBatch[]> {
  const found = await kubernetesWorkloads.live(entitiesIn(tx), { id: In([...ids]) });
  return found.map(({ id, cluster, body }) => {
    const data = withOutside(body, sights.workloads.get(`${cluster}/${id}`));
    const events = [{ type: 'KubernetesWorkloadChanged', data }];
    const stream = streamOf.kubernetesWorkload(id);
    return { stream, expectedVersion: 'any', events, meta: { actor: SYSTEM, cluster } };
  });
}

/** Undefined: nobody sees it. */
export function withOutside(
  { outside: _, ...workload }: KubernetesWorkloadState,
  outside: SeenFromOutside | undefined,
): KubernetesWorkloadState {
  return { ...workload, ...(outside && { outside }) };
}
