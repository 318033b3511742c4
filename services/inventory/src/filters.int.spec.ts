/** Every filter that the API describes of inventory's collections, held against what their lists do. */
import { randomUUID } from 'node:crypto';
import { createKeys } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import { filterEffects } from '@ringfence/resources/testing';
import type { FilterEffect } from '@ringfence/resources/testing';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heard, newCluster } from './testing/inventory-client.js';
import { seen, startWorld } from './testing/world.js';
import type { World } from './testing/world.js';

let world: World;
let host: string;
beforeAll(async () => {
  world = await startWorld();
  const { id, token } = await newCluster(world);
  await world.observe(id, 'node', 'n1', seen.node('n1'));
  await world.observe(id, 'namespace', 'shop', seen.namespace('shop'));
  await world.observe(id, 'workload', 'w', seen.workload('shop', 'web'));
  await heard(world, id);
  const [found] = await world.events('KubernetesWorkloadDiscovered');
  await labelled(id, String(found?.data['id']));
  const { body: profiles } = await world.rest('pairing_profiles', 'list');
  const [{ href }] = profiles as [{ href: string }];
  const { body: key } = await world.rest('pairing_profiles', 'pairing_key', {
    ids: [href.split('/').at(-1) ?? ''],
  });
  await world.inventory().pairNode({
    ...{ cluster: id, token, machineId: 'machine-n1', version: '0.1.0' },
    pairingKey: (key as { activation_code: string }).activation_code,
    publicKey: createKeys('user').publicKey,
  });
  const { body: made } = await world.rest('workloads', 'create', {
    body: {
      ...{ name: 'host', hostname: 'host.example', description: 'in the rack', os_id: 'debian' },
      ...{ enforcement_mode: 'full', online: false, visibility_level: 'flow_off' },
      ...{ external_data_set: 'cmdb', external_data_reference: '1' },
      interfaces: [{ name: 'eth0', address: '10.9.9.9', link_state: 'up' }],
    },
  });
  host = (made as { href: string }).href.split('/').at(-1) ?? '';
  await world.rest('workloads', 'delete', {
    ids: [
      ((await world.rest('workloads', 'create', { body: { name: 'gone' } })).body as { href: string }).href
        .split('/')
        .at(-1) ?? '',
    ],
  });
});
afterAll(() => world.close());

/** As label-resolver says it. */
async function labelled(cluster: string, id: string): Promise<void> {
  const entity = { id, cluster, class: 'pod', kind: 'Deployment', namespace: 'shop', name: 'web' };
  const own = randomUUID();
  const envelope = { id: own, type: 'EntityLabelled', v: 1, stream: `entity-${id}`, version: 1, position: 1 };
  await world.bus.publish(subjects.event(cluster, 'entity', id), {
    ...{
      ...envelope,
      at: new Date().toISOString(),
      cluster,
      actor: { kind: 'system', id: 'label-resolver' },
    },
    data: { ...entity, labels: [], mode: 'full', refused: [], addresses: [], node: null },
  });
  await eventually(async () => (await world.rest('kubernetes_workloads', 'list')).total === 1);
}

describe('each filter that the API describes', () => {
  it.each([
    'container_clusters',
    'pairing_profiles',
    'workloads',
    'workloads/interfaces',
    'kubernetes_workloads',
    'networks',
    'vens',
  ])('of %s counts, or is refused by its name', async (collection) => {
    const ids = collection === 'workloads/interfaces' ? [host] : [];
    const effects = Object.entries(await filterEffects(world, collection, { ids })).filter(
      // Says how much of each is shown, and not which.
      ([name]) => name !== 'representation',
    );
    expect(effects.length).toBeGreaterThan(0);
    const wrong: FilterEffect[] = ['ignored', 'misses what it names'];
    expect(effects.filter(([, effect]) => wrong.includes(effect))).toEqual([]);
  });
});
