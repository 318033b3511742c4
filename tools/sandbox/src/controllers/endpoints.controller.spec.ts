import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { copyOf, listAt, valueAt } from '../api/json.js';
import type { KubeObject } from '../api/kube-object.js';
import { eventually } from '../api/testing/api-client.js';
import { ControlledCluster, metadata, namespace } from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

describe('the endpoints of a Service', () => {
  const serve = async (spec: object = {}): Promise<void> => {
    await cluster.resource('services').create({
      metadata: metadata('web'),
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }], ...spec },
    });
  };
  const slice = (): KubeObject | undefined =>
    cluster
      .resource('endpointslices.discovery.k8s.io')
      .list(namespace)
      .find((candidate) => candidate.metadata.labels?.['kubernetes.io/service-name'] === 'web');
  const endpointsOf = (count: number): Promise<ReturnType<typeof listAt>> =>
    eventually(
      () => listAt(slice(), 'endpoints').length === count && listAt(slice(), 'endpoints'),
      `${count} endpoints`,
    );

  it('are the ready Pods on the port their container names', async () => {
    await serve();
    await world.deploy('web');
    const pods = await world.readyPods('web', 2);
    const endpoints = await endpointsOf(2);
    expect(endpoints.flatMap(({ addresses }) => addresses).sort()).toEqual(
      pods.map((pod) => pod.status?.podIP).sort(),
    );
    expect(endpoints[0]?.['conditions']).toEqual({ ready: true, serving: true, terminating: false });
    expect(listAt(slice(), 'ports')).toEqual([{ name: '', port: 8080, protocol: 'TCP' }]);
    const subsets = listAt(cluster.resource('endpoints').find(namespace, 'web'), 'subsets');
    expect(listAt(subsets[0], 'addresses')).toHaveLength(2);
  });

  it('list Pods that are not ready as such, unless the Service publishes them', async () => {
    world.kubelet.behaviour = 'not-ready';
    await serve();
    await world.deploy('web', { replicas: 1 });
    expect((await endpointsOf(1))[0]?.['conditions']).toMatchObject({ ready: false });
    cluster
      .resource('services')
      .modify(metadata('web'), (draft) => void (draft.spec.publishNotReadyAddresses = true));
    await eventually(
      () => valueAt(listAt(slice(), 'endpoints')[0], 'conditions.ready') === true,
      'published',
    );
  });

  it('show terminating Pods as such, and go with the Service', async () => {
    await serve();
    await world.deploy('web', { replicas: 1 });
    await endpointsOf(1);
    const seen: unknown[] = [];
    const stop = cluster
      .resource('endpointslices.discovery.k8s.io')
      .watch(({ object }) => seen.push(...listAt(copyOf(object), 'endpoints')));
    await world.kubelet.close();
    const [pod] = world.podsOf('web');
    cluster.resource('pods').remove(pod?.metadata ?? metadata(''));
    await eventually(
      () => seen.some((endpoint) => valueAt(endpoint, 'conditions.terminating') === true),
      'terminating endpoint',
    );
    stop();
    cluster.resource('services').remove(metadata('web'));
    await eventually(
      () => slice() === undefined && cluster.resource('endpoints').find(namespace, 'web') === undefined,
      'endpoints gone',
    );
  });
});
