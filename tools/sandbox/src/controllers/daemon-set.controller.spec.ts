import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { eventually } from '../api/testing/api-client.js';
import type { DaemonSet } from '../api/workload-kinds.js';
import { ControlledCluster, metadata, namespace, selector, template } from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

describe('a DaemonSet', () => {
  it('has one Pod on every node, also on nodes that join, and follows changes one node at a time', async () => {
    const sets = cluster.resource('daemonsets.apps');
    await sets.create({
      metadata: metadata('agent'),
      spec: { selector: selector('agent'), template: template('agent') },
    });
    await world.readyPods('agent', 2);
    await world.runOn(['node-1', 'node-2', 'node-3']);
    const pods = await world.readyPods('agent', 3);
    expect(pods.map((pod) => pod.spec.nodeName).sort()).toEqual(['node-1', 'node-2', 'node-3']);
    sets.modify(metadata('agent'), (draft) => void (draft.spec.template = template('agent', 'app:2')));
    await eventually(() => {
      const status = sets.find(namespace, 'agent')?.status as DaemonSet['status'];
      return status?.['updatedNumberScheduled'] === 3 && status['numberReady'] === 3;
    }, 'all nodes updated');
  });
});
