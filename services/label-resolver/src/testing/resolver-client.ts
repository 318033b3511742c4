/** For specs: what they ask of label-resolver again and again, over REST and as inventory. */
import { randomUUID } from 'node:crypto';
import { uncontracted } from '@ringfence/testing';
import { expect } from 'vitest';
import { hashOfKey } from '../adapters/rest/container-workload-profiles.resource.js';
import type { World } from './world.js';

export const PROFILES = 'container_clusters/container_workload_profiles';

export interface ProfileBody {
  readonly href: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly managed: boolean;
  readonly linked: boolean;
  readonly assign_labels: readonly { href: string }[];
  readonly labels: readonly Record<string, unknown>[];
}

export const idOf = (href: string): string => href.split('/').at(-1) ?? '';

export async function newLabel(world: World, key: string, value: string): Promise<string> {
  const { body } = await world.rest('labels', 'create', { body: { key, value } });
  return idOf((body as { href: string }).href);
}

export async function newCluster(world: World, ...namespaces: string[]): Promise<string> {
  const cluster = randomUUID();
  await world.say('ContainerClusterCreated', cluster, cluster, { id: cluster, name: 'one', description: '' });
  for (const name of namespaces) await discover(world, cluster, name);
  await world.settled();
  return cluster;
}

/** `key`: the pairing key that its annotation says, if it says any. */
export async function discover(world: World, cluster: string, name: string, key?: string): Promise<void> {
  const presented = key === undefined ? {} : { pairingKey: hashOfKey(key) };
  const namespace = { cluster, uid: `ns-${name}`, name, labels: {}, annotations: {}, ...presented };
  await world.say('NamespaceDiscovered', cluster, `${cluster}_${name}`, namespace);
}

export async function profilesOf(world: World, cluster: string): Promise<ProfileBody[]> {
  return (await world.rest(PROFILES, 'list', { ids: [cluster] })).body as ProfileBody[];
}

export async function profileOf(world: World, cluster: string, namespace: string): Promise<ProfileBody> {
  const found = (await profilesOf(world, cluster)).find((each) => each.namespace === namespace);
  if (found === undefined) throw new Error(`no profile of ${namespace}`);
  return found;
}

/** Of the profile of a namespace. */
export async function change(world: World, cluster: string, namespace: string, body: unknown): Promise<void> {
  const { href } = await profileOf(world, cluster, namespace);
  await world.rest(PROFILES, 'update', { ids: [cluster, idOf(href)], body });
}

export async function expectContractedEvents(world: World): Promise<void> {
  const events = await world.resolver().store.follow(0, 10_000);
  expect(events.length).toBeGreaterThan(0);
  expect(uncontracted(events)).toEqual([]);
}
