/** For specs: what they ask of inventory again and again, over REST and from the edge. */
import { randomUUID } from 'node:crypto';
import { API, unchangedLeftOut, VenUpdate, WorkloadUpdate } from '@ringfence/contracts';
import { eventually, uncontracted } from '@ringfence/testing';
import { expect } from 'vitest';
import { labelled } from '../read/labelled.js';
import { seen } from './world.js';
import type { World } from './world.js';

export interface Created {
  readonly id: string;
  readonly token: string;
}

export async function newCluster(world: World): Promise<Created> {
  const { body } = await world.rest('container_clusters', 'create', {
    body: { name: `cluster ${randomUUID()}`, description: '' },
  });
  const { href, container_cluster_token: token } = body as { href: string; container_cluster_token: string };
  return { id: href.split('/').at(-1) ?? '', token };
}

export async function clusterBody(world: World, id: string): Promise<Record<string, unknown>> {
  return (await world.rest('container_clusters', 'get', { ids: [id] })).body as Record<string, unknown>;
}

/** Observations of one cluster come in order, so what was said before is in when this cluster's heartbeat is. */
export async function heard(world: World, cluster: string): Promise<void> {
  const at = new Date().toISOString();
  await world.observe(cluster, 'cluster', cluster, seen.cluster(at));
  await eventually(async () => (await clusterBody(world, cluster))['last_connected'] === at);
}

export const WEB = '71';
export const DATABASE = '72';
/** Two labels of one type: inventory knows them when this resolves. */
export async function tellLabels(world: World): Promise<void> {
  for (const [id, value] of [
    [WEB, 'Web'],
    [DATABASE, 'Database'],
  ] as const)
    await world.say('LabelCreated', 'global', 'label', id, {
      ...{ id, key: 'role', value, externalDataSet: null, externalDataReference: null },
    });
  await eventually(
    async () => (await labelled.get(world.inventory().store.entities, 'label', DATABASE)) !== undefined,
  );
}

export async function eventsOf(world: World, cluster: string, type: string): ReturnType<World['events']> {
  return (await world.events(type)).filter((event) => JSON.stringify(event).includes(cluster));
}

export async function expectContractedEvents(world: World): Promise<void> {
  const events = await world.inventory().store.follow(0, 10_000);
  expect(events.length).toBeGreaterThan(0);
  expect(uncontracted(events)).toEqual([]);
}

/** What was read of a node and its agent is put back as it was. */
export async function writtenBack(world: World, id: string): Promise<void> {
  for (const [collection, schema] of [
    ['workloads', WorkloadUpdate],
    ['vens', VenUpdate],
  ] as const) {
    const ids = [id];
    const read = (await world.rest(collection, 'get', { ids })).body as Record<string, unknown>;
    await world.rest(collection, 'update', {
      ids,
      body: unchangedLeftOut(schema, read, read, API[collection]?.told),
    });
    const again = (await world.rest(collection, 'get', { ids })).body;
    const { updated_at, updated_by } = again as typeof read;
    expect(again).toEqual({ ...read, updated_at, updated_by });
  }
}
