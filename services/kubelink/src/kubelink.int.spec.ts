import type { PodReadiness } from '@ringfence/contracts';
import { apiClient, fromKubeconfig } from '@ringfence/kubernetes';
import type { ApiClient } from '@ringfence/kubernetes';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTER, openObservedCluster } from './testing/observed-cluster.js';
import type { ObservedCluster } from './testing/observed-cluster.js';
import { makeWeb } from './testing/web-deployment.js';

let world: ObservedCluster;

beforeAll(async () => {
  world = await openObservedCluster();
});
afterEach(() => world.clear());
afterAll(() => world.close());

/** What deploy/kubernetes/label-map.yaml defines. */
async function defineLabelMaps(client: ApiClient): Promise<void> {
  const names = { kind: 'LabelMap', plural: 'labelmaps' };
  const versions = [{ name: 'v1alpha1', served: true, storage: true }];
  await client.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'labelmaps.ic4k.illumio.com' },
    spec: { group: 'ic4k.illumio.com', scope: 'Cluster', names, versions },
  });
}

describe('Kubelink', () => {
  it('tells the whole cluster with owners joined, then one marker per kind, all of one epoch', async () => {
    const web = await makeWeb(world.api);
    const podName = await web.pod('a');
    await world.launch();
    await world.inSync();
    const deployment = world.latest('workload', web.deployment);
    expect(deployment).toMatchObject({
      of: 'Deployment',
      annotations: { 'com.illumio.role': 'web' },
      gone: false,
    });
    expect(world.latest('pod', podName)).toMatchObject({
      owner: { kind: 'Deployment', name: web.deployment, uid: deployment?.['uid'] },
      probePorts: [{ proto: 6, port: 8080 }],
      node: 'n1',
    });
    expect(world.latest('service', 'kubernetes')).toMatchObject({
      type: 'ClusterIP',
      ports: [{ port: 443 }],
    });
    expect(
      world
        .markers()
        .map((marker) => marker['of'])
        .sort(),
    ).toEqual(['namespace', 'networkpolicy', 'node', 'pod', 'service', 'workload']);
    const epochs = new Set(
      world.seen.filter(({ kind }) => kind !== 'cluster').map((entry) => entry['epoch']),
    );
    expect(epochs.size).toBe(1);
    for (const marker of world.markers()) {
      const before = world.seen
        .slice(0, world.seen.indexOf(marker))
        .filter(({ kind }) => kind === marker['of']);
      expect(marker['count']).toBe(before.length);
    }
  });

  it('tells what comes and goes at once, as the beginning of a trace', async () => {
    await world.launch();
    await world.inSync();
    const web = await makeWeb(world.api);
    const begun = Date.now();
    const podName = await web.pod('b');
    const born = await eventually(() => world.latest('pod', podName));
    expect(Date.parse(String(born?.['observedAt'])) - begun).toBeLessThan(500);
    expect(born?.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(born?.['owner']).toMatchObject({ kind: 'Deployment', name: web.deployment });
    world.api.cluster
      .resource('pods')
      .remove({ namespace: 'default', name: podName }, { gracePeriodSeconds: 0 });
    await eventually(() => world.latest('pod', podName)?.['gone'] === true);
    expect(Number(world.latest('pod', podName)?.['resourceVersion'])).toBeGreaterThan(
      Number(born?.['resourceVersion']),
    );
  });

  it('tells what the label map says of a workload, and follows the map', async () => {
    const client = apiClient(fromKubeconfig(world.api.kubeconfig, 'kubeconfig'));
    await defineLabelMaps(client);
    const { deployment } = await makeWeb(world.api);
    await world.launch();
    await world.inSync();
    expect(world.latest('workload', deployment)).not.toHaveProperty('mapped');
    const maps = '/apis/ic4k.illumio.com/v1alpha1/labelmaps';
    const map = (fromKey: string) => ({ workloadLabelMap: [{ fromKey, toKey: 'role', allowCreate: true }] });
    const mapped = () =>
      (world.latest('workload', deployment)?.['mapped'] as { value: string }[] | undefined)?.[0];
    await client.post(maps, { metadata: { name: 'default' }, ...map('app') });
    await eventually(() => mapped()?.value === 'web');
    await client.patch(`${maps}/default`, map('ringfence.io/workload'), 'application/merge-patch+json');
    await eventually(() => mapped()?.value === deployment);
    await client.close();
  });

  it('tells of NetworkPolicies where they are imported, also of one that cannot be read, and else that there are none', async () => {
    const client = apiClient(fromKubeconfig(world.api.kubeconfig, 'kubeconfig'));
    const path = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies';
    const policy = (name: string, spec: unknown) => client.post(path, { metadata: { name }, spec });
    await policy('closed', { podSelector: { matchLabels: { app: 'db' } } });
    const count = (): unknown =>
      world.markers().findLast((marker) => marker['of'] === 'networkpolicy')?.['count'];
    const without = await world.launch();
    await world.inSync();
    expect([count(), world.latest('networkpolicy', 'closed')]).toEqual([0, undefined]);
    await without.stop();
    world.seen.length = 0;
    await world.launch({ RINGFENCE_NETWORK_POLICIES: 'true' });
    await world.inSync();
    expect(count()).toBe(1);
    expect(world.latest('networkpolicy', 'closed')).toMatchObject({
      namespace: 'default',
      pods: [{ key: 'app', operator: 'In', values: ['db'] }],
      ...{ ingress: [], egress: null, gone: false },
    });
    // As a newer Kubernetes might have it.
    const odd = { podSelector: {}, ingress: [{ from: [{ serviceAccounts: {} }] }] };
    await world.api.cluster.create(world.api.cluster.catalog.named('networkpolicies.networking.k8s.io'), {
      metadata: { name: 'odd', namespace: 'default' },
      spec: odd,
    } as never);
    await eventually(() => world.latest('networkpolicy', 'odd'));
    expect(world.latest('networkpolicy', 'odd')).toMatchObject({
      refused: { field: 'spec.ingress[0].from[0].serviceAccounts', token: 'unknown_field' },
      ingress: [],
    });
    await client.patch(
      `${path}/closed`,
      { spec: { policyTypes: ['Egress'] } },
      'application/merge-patch+json',
    );
    await eventually(() => world.latest('networkpolicy', 'closed')?.['ingress'] === null);
    await client.close();
  });

  it('writes the readiness that clas-cache decided into the Pod, and once', async () => {
    const web = await makeWeb(world.api);
    const name = await web.pod('gated', 'ringfence.io/policy-ready');
    const first = await world.launch();
    await world.inSync();
    const observed = await eventually(() => world.latest('pod', name));
    expect(observed?.['readinessGates']).toEqual(['ringfence.io/policy-ready']);
    const readiness: PodReadiness = {
      podUid: String(observed?.['uid']),
      namespace: 'default',
      name,
      ready: true,
      reason: 'PolicyReady',
      message: 'in the kernel of 2 nodes',
      gates: ['ringfence.io/policy-ready'],
    };
    await world.cache.publish(`policy.${CLUSTER}.readiness.${readiness.podUid}`, readiness);
    const pod = () =>
      world.api.cluster.resource('pods').find('default', name) as unknown as {
        metadata: { resourceVersion: string };
        status?: { conditions?: { type: string }[] };
      };
    const condition = await eventually(() =>
      pod().status?.conditions?.find(({ type }) => type === 'ringfence.io/policy-ready'),
    );
    expect(condition).toMatchObject({
      status: 'True',
      reason: 'PolicyReady',
      message: 'in the kernel of 2 nodes',
    });
    const version = pod().metadata.resourceVersion;
    await first.stop();
    await world.launch();
    await world.inSync();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pod().metadata.resourceVersion).toBe(version);
  });
});
