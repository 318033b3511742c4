import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { eventually } from '../api/testing/api-client.js';
import { ControlledCluster, selector, template } from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

describe('a namespace', () => {
  it('is furnished when created and emptied before it goes', async () => {
    await cluster.resource('namespaces').create({ metadata: { name: 'team' } });
    await eventually(() => cluster.resource('serviceaccounts').find('team', 'default'), 'service account');
    const spec = { replicas: 2, selector: selector('web'), template: template('web') };
    await cluster.resource('deployments.apps').create({ metadata: { name: 'web', namespace: 'team' }, spec });
    await eventually(() => cluster.resource('pods').list('team').length === 2, 'pods');
    cluster.resource('namespaces').remove({ name: 'team' });
    await expect(
      cluster.resource('serviceaccounts').create({ metadata: { name: 'late', namespace: 'team' } }),
    ).rejects.toThrow(/being terminated/);
    await eventually(
      () => cluster.resource('namespaces').find(undefined, 'team') === undefined,
      'namespace gone',
    );
    expect(cluster.resource('pods').list('team')).toEqual([]);
    expect(cluster.resource('events').list('team')).toEqual([]);
  });
});
