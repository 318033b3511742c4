import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { valueAt } from '../api/json.js';
import type { Pod } from '../api/kube-object.js';
import { eventually } from '../api/testing/api-client.js';
import { ControlledCluster, metadata, namespace } from './testing/controlled-cluster.js';

let world: ControlledCluster;
let cluster: Cluster;

beforeEach(async () => {
  world = await ControlledCluster.start();
  ({ cluster } = world);
});
afterEach(() => world.close());

describe('the scheduler', () => {
  const pods = (): ReturnType<typeof cluster.resource<'pods'>> => cluster.resource('pods');
  const create = async (name: string, spec: Partial<Pod['spec']>): Promise<void> => {
    await pods().create({ metadata: metadata(name), spec: { containers: [{ name: 'main' }], ...spec } });
  };
  const nodeOf = (name: string): Promise<string> =>
    eventually(() => pods().find(namespace, name)?.spec.nodeName, `${name} bound`);
  const refusal = (name: string): Promise<string | undefined> =>
    eventually(
      () =>
        pods()
          .find(namespace, name)
          ?.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False'),
      'refusal',
    ).then(({ message }) => message);

  it('obeys node selectors and says why a Pod fits nowhere, until a node fits', async () => {
    await create('picky', { nodeSelector: { disk: 'fast' } });
    expect(await refusal('picky')).toContain("0/2 nodes are available: 2 node(s) didn't match");
    cluster
      .resource('nodes')
      .modify(
        { name: 'node-2' },
        (draft) => void (draft.metadata.labels = { ...draft.metadata.labels, disk: 'fast' }),
      );
    expect(await nodeOf('picky')).toBe('node-2');
    const reasons = cluster
      .resource('events')
      .list(namespace)
      .map((event) => valueAt(event, 'reason'));
    expect(reasons).toEqual(expect.arrayContaining(['FailedScheduling', 'Scheduled']));
  });

  it('obeys taints, tolerations and cordons', async () => {
    cluster
      .resource('nodes')
      .modify(
        { name: 'node-1' },
        (draft) => void (draft.spec = { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }),
      );
    cluster
      .resource('nodes')
      .modify({ name: 'node-2' }, (draft) => void (draft.spec = { unschedulable: true }));
    await create('plain', {});
    expect(await refusal('plain')).toContain('untolerated taint');
    await create('tolerant', { tolerations: [{ key: 'gpu', operator: 'Exists' }] });
    expect(await nodeOf('tolerant')).toBe('node-1');
  });

  it('leaves no Pods behind on a node that is deleted', async () => {
    await create('lost', { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } });
    await nodeOf('lost');
    cluster.resource('nodes').remove({ name: 'node-1' });
    await eventually(() => pods().find(namespace, 'lost') === undefined, 'pod collected');
  });
});
