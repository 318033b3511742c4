import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { valueAt } from '../api/json.js';
import type { KubeObject } from '../api/kube-object.js';
import { eventually } from '../api/testing/api-client.js';
import { ControlledCluster, metadata } from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

const create = (resource: string, name: string, spec: object = {}): Promise<KubeObject> => {
  const definition = cluster.catalog.named(resource);
  const { group, version, kind } = definition;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return cluster.create(definition, { apiVersion, kind, metadata: metadata(name), spec });
};
const saidOf = (name: string): KubeObject[] =>
  cluster
    .resource('events')
    .list()
    .filter((event) => valueAt(event, 'involvedObject.name') === name);
const word = (event: KubeObject | undefined): string =>
  `${String(valueAt(event, 'type'))} ${String(valueAt(event, 'reason'))}`;

describe('what has no effect in the sandbox', () => {
  it.each([
    ['ingresses.networking.k8s.io', 'Normal NoEffect'],
    ['horizontalpodautoscalers.autoscaling', 'Normal NoEffect'],
    ['networkpolicies.networking.k8s.io', 'Normal NoEffect'],
    ['priorityclasses.scheduling.k8s.io', 'Normal NoEffect'],
    ['resourcequotas', 'Normal NoEffect'],
    ['limitranges', 'Normal NoEffect'],
  ])('is stored, and said so: %s', async (resource, words) => {
    const { metadata: stored } = await create(resource, 'one');
    await eventually(() => saidOf('one').length > 0, 'the event');
    expect(saidOf('one').map(word)).toEqual([words]);
    const definition = cluster.catalog.named(resource);
    cluster.modify(definition, stored, (draft) => ({ ...draft, spec: { changed: true } }));
    await create(resource, 'two');
    await eventually(() => saidOf('two').length > 0, 'the event of the next');
    expect(saidOf('one')).toHaveLength(1);
  });

  it('is the storage class of a claim that nobody knows; the claim is bound', async () => {
    await create('storageclasses.storage.k8s.io', 'known');
    await create('persistentvolumeclaims', 'at-home', { storageClassName: 'known' });
    await create('persistentvolumeclaims', 'plain');
    const claim = await create('persistentvolumeclaims', 'foreign', { storageClassName: 'gp3' });
    await eventually(() => saidOf('foreign').length > 0, 'the event');
    expect([...saidOf('at-home'), ...saidOf('plain')]).toEqual([]);
    const claims = cluster.resource('persistentvolumeclaims');
    await eventually(
      () => valueAt(claims.find('default', claim.metadata.name), 'status.phase') === 'Bound',
      'it is bound',
    );
  });
});
