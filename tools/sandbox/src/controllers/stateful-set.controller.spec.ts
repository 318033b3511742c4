import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { valueAt } from '../api/json.js';
import { eventually } from '../api/testing/api-client.js';
import type { StatefulSet } from '../api/workload-kinds.js';
import {
  ControlledCluster,
  isReady,
  metadata,
  namespace,
  selector,
  template,
} from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

describe('a StatefulSet', () => {
  const sets = (): ReturnType<typeof cluster.resource<'statefulsets.apps'>> =>
    cluster.resource('statefulsets.apps');
  const create = async (spec: Partial<StatefulSet['spec']> = {}): Promise<void> => {
    const full = {
      replicas: 3,
      serviceName: 'db',
      selector: selector('db'),
      template: template('db'),
      ...spec,
    };
    await sets().create({ metadata: metadata('db'), spec: full });
  };

  it('starts its Pods in order, under stable names, with their claims', async () => {
    const order: string[] = [];
    const stop = cluster
      .resource('pods')
      .watch(({ type, object }) => void (type === 'ADDED' && order.push(object.metadata.name)));
    await create({
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
    });
    await world.readyPods('db', 3);
    stop();
    expect(order).toEqual(['db-0', 'db-1', 'db-2']);
    const claims = cluster.resource('persistentvolumeclaims');
    await eventually(
      () => claims.list(namespace).every((claim) => valueAt(claim, 'status.phase') === 'Bound'),
      'claims bound',
    );
    expect(claims.list(namespace).map((claim) => claim.metadata.name)).toEqual([
      'data-db-0',
      'data-db-1',
      'data-db-2',
    ]);
  });

  it('waits for a Pod that is not ready, and shrinks from the top', async () => {
    world.kubelet.behaviour = 'not-ready';
    await create();
    await eventually(() => world.podsOf('db').length === 1, 'the first pod');
    expect(world.podsOf('db').map((pod) => pod.metadata.name)).toEqual(['db-0']);
    world.kubelet.behaviour = 'ready';
    cluster.resource('pods').remove(metadata('db-0'));
    await world.readyPods('db', 3);
    sets().modify(metadata('db'), (draft) => void (draft.spec.replicas = 1));
    const [left] = await world.readyPods('db', 1);
    expect(left?.metadata.name).toBe('db-0');
  });

  it('replaces its Pods from the top when the template changes', async () => {
    await create();
    await world.readyPods('db', 3);
    const gone: string[] = [];
    const stop = cluster
      .resource('pods')
      .watch(({ type, object }) => void (type === 'DELETED' && gone.push(object.metadata.name)));
    sets().modify(metadata('db'), (draft) => void (draft.spec.template = template('db', 'app:2')));
    await eventually(
      () =>
        world.podsOf('db').filter((pod) => pod.spec.containers[0]?.image === 'app:2' && isReady(pod))
          .length === 3,
      'updated',
    );
    stop();
    expect(gone).toEqual(['db-2', 'db-1', 'db-0']);
  });
});
