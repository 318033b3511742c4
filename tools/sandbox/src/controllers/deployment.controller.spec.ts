import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { eventually } from '../api/testing/api-client.js';
import { ControlledCluster, isReady, metadata, namespace, template } from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

describe('a Deployment', () => {
  it('gets its Pods, spread over the nodes', async () => {
    await world.deploy('web', { replicas: 4 });
    const pods = await world.readyPods('web', 4);
    expect(pods.map((pod) => pod.spec.nodeName).sort()).toEqual(['node-1', 'node-1', 'node-2', 'node-2']);
    expect((await world.settled('web')).metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '1',
    });
  });

  it('never has fewer available Pods than allowed while it changes its image', async () => {
    await world.deploy('web', {
      replicas: 4,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    await world.settled('web');
    const seen: number[] = [];
    const stop = cluster.resource('pods').watch(() => seen.push(world.podsOf('web').filter(isReady).length));
    cluster
      .resource('deployments.apps')
      .modify(metadata('web'), (draft) => void (draft.spec.template = template('web', 'app:2')));
    const { metadata: after } = await world.settled('web');
    stop();
    expect(after.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '2' });
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(4);
    expect((await world.readyPods('web', 4)).every((pod) => pod.spec.containers[0]?.image === 'app:2')).toBe(
      true,
    );
  });

  it('stands still while the new Pods do not become ready', async () => {
    await world.deploy('web', { replicas: 4 });
    await world.settled('web');
    world.kubelet.behaviour = 'not-ready';
    cluster
      .resource('deployments.apps')
      .modify(metadata('web'), (draft) => void (draft.spec.template = template('web', 'broken')));
    const standing = (): string =>
      `${world.podsOf('web').filter(isReady).length} of ${world.podsOf('web').length}`;
    await eventually(() => standing() === '3 of 5', 'the surge');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(standing()).toBe('3 of 5');
  });

  it('stops all old Pods first when it recreates', async () => {
    await world.deploy('db', { strategy: { type: 'Recreate' } });
    await world.settled('db');
    const images = new Set<string>();
    const stop = cluster
      .resource('pods')
      .watch(() =>
        images.add([...new Set(world.podsOf('db').map((pod) => pod.spec.containers[0]?.image))].join()),
      );
    cluster
      .resource('deployments.apps')
      .modify(metadata('db'), (draft) => void (draft.spec.template = template('db', 'app:2')));
    await world.settled('db');
    stop();
    expect([...images]).not.toContain('app:1,app:2');
  });

  it('takes its ReplicaSets and Pods along when it is deleted', async () => {
    await world.deploy('web');
    await world.readyPods('web', 2);
    cluster.resource('deployments.apps').remove(metadata('web'));
    await eventually(
      () =>
        world.podsOf('web').length === 0 && cluster.resource('replicasets.apps').list(namespace).length === 0,
      'all gone',
    );
  });

  it('deleted in the foreground goes last, deleted as an orphan leaves its Pods running', async () => {
    await world.deploy('web');
    await world.readyPods('web', 2);
    cluster.resource('deployments.apps').remove(metadata('web'), { propagationPolicy: 'Orphan' });
    await eventually(
      () => cluster.resource('deployments.apps').find(namespace, 'web') === undefined,
      'deployment gone',
    );
    expect(world.podsOf('web')).toHaveLength(2);
    const [set] = cluster.resource('replicasets.apps').list(namespace);
    cluster
      .resource('replicasets.apps')
      .remove(metadata(set?.metadata.name ?? ''), { propagationPolicy: 'Foreground' });
    expect(cluster.resource('replicasets.apps').list(namespace)[0]?.metadata.finalizers).toEqual([
      'foregroundDeletion',
    ]);
    await eventually(
      () =>
        world.podsOf('web').length === 0 && cluster.resource('replicasets.apps').list(namespace).length === 0,
      'all gone',
    );
  });

  it('with two hundred Pods comes up', async () => {
    for (const name of ['node-1', 'node-2']) {
      cluster
        .resource('nodes')
        .modifyStatus({ name }, (draft) => void (draft.status = { allocatable: { pods: '200' } }));
    }
    await world.deploy('crowd', { replicas: 200 });
    await world.readyPods('crowd', 200);
  });
});

describe('a replaced Pod', () => {
  it('comes back when it is deleted or ends', async () => {
    await world.deploy('web');
    const [victim] = await world.readyPods('web', 2);
    cluster.resource('pods').remove(metadata(victim?.metadata.name ?? ''));
    const pods = await world.readyPods('web', 2);
    expect(pods.map((pod) => pod.metadata.name)).not.toContain(victim?.metadata.name);
  });
});
