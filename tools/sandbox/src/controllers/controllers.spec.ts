import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../api/cluster.js';
import { copyOf, listAt, valueAt } from '../api/json.js';
import type { KubeObject, Pod } from '../api/kube-object.js';
import { startApiServer } from '../api/server.js';
import type { ApiServer } from '../api/server.js';
import { eventually } from '../api/testing/api-client.js';
import type { DaemonSet, Deployment, Job, StatefulSet } from '../api/workload-kinds.js';
import { startControllers } from './start-controllers.js';
import type { Controllers } from './start-controllers.js';
import { startFakeKubelet } from './testing/fake-kubelet.js';
import type { FakeKubelet } from './testing/fake-kubelet.js';

let server: ApiServer;
let cluster: Cluster;
let controllers: Controllers;
let kubelet: FakeKubelet;

beforeEach(async () => {
  server = await startApiServer();
  cluster = server.cluster;
  controllers = await startControllers({ cluster });
  kubelet = await startFakeKubelet(cluster, ['node-1', 'node-2']);
});

afterEach(async () => {
  await kubelet.close();
  await controllers.close();
  await server.close();
});

const namespace = 'default';
const metadata = (name: string): { name: string; namespace: string } => ({ name, namespace });
const template = (app: string, image = 'app:1'): Pod & { metadata: object } =>
  ({
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'main', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
  }) as never;
const selector = (app: string): { matchLabels: Record<string, string> } => ({ matchLabels: { app } });

const podsOf = (app: string): Pod[] =>
  cluster
    .resource('pods')
    .list(namespace)
    .filter((pod) => pod.metadata.labels?.['app'] === app);
const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const readyPods = (app: string, count: number): Promise<Pod[]> =>
  eventually(() => {
    const pods = podsOf(app);
    return (
      pods.length === count &&
      pods.every((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined) &&
      pods
    );
  }, `${count} ready pods of ${app}`);

async function deploy(name: string, spec: Partial<Deployment['spec']> = {}): Promise<void> {
  const full = { replicas: 2, selector: selector(name), template: template(name), ...spec };
  await cluster.resource('deployments.apps').create({ metadata: metadata(name), spec: full });
}

function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  const counts = [status?.replicas, status?.updatedReplicas, status?.availableReplicas];
  return (
    status?.observedGeneration === metadata.generation && counts.every((count) => count === spec.replicas)
  );
}

function settled(name: string): Promise<Deployment> {
  return eventually(() => {
    const deployment = cluster.resource('deployments.apps').find(namespace, name);
    return deployment !== undefined && isRolledOut(deployment) && deployment;
  }, `${name} rolled out`);
}

describe('a Deployment', () => {
  it('gets its Pods, spread over the nodes', async () => {
    await deploy('web', { replicas: 4 });
    const pods = await readyPods('web', 4);
    expect(pods.map((pod) => pod.spec.nodeName).sort()).toEqual(['node-1', 'node-1', 'node-2', 'node-2']);
    expect((await settled('web')).metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '1',
    });
  });

  it('never has fewer available Pods than allowed while it changes its image', async () => {
    await deploy('web', {
      replicas: 4,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    await settled('web');
    const seen: number[] = [];
    const stop = cluster.resource('pods').watch(() => seen.push(podsOf('web').filter(isReady).length));
    cluster
      .resource('deployments.apps')
      .modify(metadata('web'), (draft) => void (draft.spec.template = template('web', 'app:2')));
    const { metadata: after } = await settled('web');
    stop();
    expect(after.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '2' });
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(4);
    expect((await readyPods('web', 4)).every((pod) => pod.spec.containers[0]?.image === 'app:2')).toBe(true);
  });

  it('stands still while the new Pods do not become ready', async () => {
    await deploy('web', { replicas: 4 });
    await settled('web');
    kubelet.behaviour = 'not-ready';
    cluster
      .resource('deployments.apps')
      .modify(metadata('web'), (draft) => void (draft.spec.template = template('web', 'broken')));
    const standing = (): string => `${podsOf('web').filter(isReady).length} of ${podsOf('web').length}`;
    await eventually(() => standing() === '3 of 5', 'the surge');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(standing()).toBe('3 of 5');
  });

  it('stops all old Pods first when it recreates', async () => {
    await deploy('db', { strategy: { type: 'Recreate' } });
    await settled('db');
    const images = new Set<string>();
    const stop = cluster
      .resource('pods')
      .watch(() => images.add([...new Set(podsOf('db').map((pod) => pod.spec.containers[0]?.image))].join()));
    cluster
      .resource('deployments.apps')
      .modify(metadata('db'), (draft) => void (draft.spec.template = template('db', 'app:2')));
    await settled('db');
    stop();
    expect([...images]).not.toContain('app:1,app:2');
  });

  it('takes its ReplicaSets and Pods along when it is deleted', async () => {
    await deploy('web');
    await readyPods('web', 2);
    cluster.resource('deployments.apps').remove(metadata('web'));
    await eventually(
      () => podsOf('web').length === 0 && cluster.resource('replicasets.apps').list(namespace).length === 0,
      'all gone',
    );
  });

  it('deleted in the foreground goes last, deleted as an orphan leaves its Pods running', async () => {
    await deploy('web');
    await readyPods('web', 2);
    cluster.resource('deployments.apps').remove(metadata('web'), { propagationPolicy: 'Orphan' });
    await eventually(
      () => cluster.resource('deployments.apps').find(namespace, 'web') === undefined,
      'deployment gone',
    );
    expect(podsOf('web')).toHaveLength(2);
    const [set] = cluster.resource('replicasets.apps').list(namespace);
    cluster
      .resource('replicasets.apps')
      .remove(metadata(set?.metadata.name ?? ''), { propagationPolicy: 'Foreground' });
    expect(cluster.resource('replicasets.apps').list(namespace)[0]?.metadata.finalizers).toEqual([
      'foregroundDeletion',
    ]);
    await eventually(
      () => podsOf('web').length === 0 && cluster.resource('replicasets.apps').list(namespace).length === 0,
      'all gone',
    );
  });

  it('with two hundred Pods comes up', async () => {
    for (const name of ['node-1', 'node-2']) {
      cluster
        .resource('nodes')
        .modifyStatus({ name }, (draft) => void (draft.status = { allocatable: { pods: '200' } }));
    }
    await deploy('crowd', { replicas: 200 });
    await readyPods('crowd', 200);
  });
});

describe('a replaced Pod', () => {
  it('comes back when it is deleted or ends', async () => {
    await deploy('web');
    const [victim] = await readyPods('web', 2);
    cluster.resource('pods').remove(metadata(victim?.metadata.name ?? ''));
    const pods = await readyPods('web', 2);
    expect(pods.map((pod) => pod.metadata.name)).not.toContain(victim?.metadata.name);
  });
});

describe('a DaemonSet', () => {
  it('has one Pod on every node, also on nodes that join, and follows changes one node at a time', async () => {
    const sets = cluster.resource('daemonsets.apps');
    await sets.create({
      metadata: metadata('agent'),
      spec: { selector: selector('agent'), template: template('agent') },
    });
    await readyPods('agent', 2);
    await kubelet.close();
    kubelet = await startFakeKubelet(cluster, ['node-1', 'node-2', 'node-3']);
    const pods = await readyPods('agent', 3);
    expect(pods.map((pod) => pod.spec.nodeName).sort()).toEqual(['node-1', 'node-2', 'node-3']);
    sets.modify(metadata('agent'), (draft) => void (draft.spec.template = template('agent', 'app:2')));
    await eventually(() => {
      const status = sets.find(namespace, 'agent')?.status as DaemonSet['status'];
      return status?.['updatedNumberScheduled'] === 3 && status['numberReady'] === 3;
    }, 'all nodes updated');
  });
});

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
    await readyPods('db', 3);
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
    kubelet.behaviour = 'not-ready';
    await create();
    await eventually(() => podsOf('db').length === 1, 'the first pod');
    expect(podsOf('db').map((pod) => pod.metadata.name)).toEqual(['db-0']);
    kubelet.behaviour = 'ready';
    cluster.resource('pods').remove(metadata('db-0'));
    await readyPods('db', 3);
    sets().modify(metadata('db'), (draft) => void (draft.spec.replicas = 1));
    const [left] = await readyPods('db', 1);
    expect(left?.metadata.name).toBe('db-0');
  });

  it('replaces its Pods from the top when the template changes', async () => {
    await create();
    await readyPods('db', 3);
    const gone: string[] = [];
    const stop = cluster
      .resource('pods')
      .watch(({ type, object }) => void (type === 'DELETED' && gone.push(object.metadata.name)));
    sets().modify(metadata('db'), (draft) => void (draft.spec.template = template('db', 'app:2')));
    await eventually(
      () =>
        podsOf('db').filter((pod) => pod.spec.containers[0]?.image === 'app:2' && isReady(pod)).length === 3,
      'updated',
    );
    stop();
    expect(gone).toEqual(['db-2', 'db-1', 'db-0']);
  });
});

describe('a Job', () => {
  const jobs = (): ReturnType<typeof cluster.resource<'jobs.batch'>> => cluster.resource('jobs.batch');
  const run = async (spec: Partial<Job['spec']>): Promise<void> => {
    await jobs().create({ metadata: metadata('work'), spec: { template: template('work'), ...spec } });
  };
  const ended = (type: string): Promise<Job> =>
    eventually(() => {
      const job = jobs().find(namespace, 'work');
      return job?.status?.conditions?.some((held) => held.type === type && held.status === 'True') && job;
    }, `job ${type}`);

  it('is complete when enough Pods have succeeded', async () => {
    kubelet.behaviour = 'succeed';
    await run({ completions: 3, parallelism: 2 });
    expect((await ended('Complete')).status).toMatchObject({ succeeded: 3, active: 0 });
  });

  it('has failed when too many Pods have', async () => {
    kubelet.behaviour = 'fail';
    await run({ backoffLimit: 2 });
    expect((await ended('Failed')).status).toMatchObject({ failed: 3 });
  });

  it('is cleared away after its time', async () => {
    kubelet.behaviour = 'succeed';
    await run({ ttlSecondsAfterFinished: 0 });
    await eventually(
      () => jobs().find(namespace, 'work') === undefined && podsOf('work').length === 0,
      'job cleared away',
    );
  });
});

describe('a CronJob', () => {
  it('starts a Job for the latest minute that was missed', async () => {
    const cronJobs = cluster.resource('cronjobs.batch');
    await cronJobs.create({
      metadata: metadata('tick'),
      spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template('tick') } } },
    });
    cronJobs.modifyStatus(metadata('tick'), (draft) => {
      draft.status = { lastScheduleTime: new Date(Date.now() - 180_000).toISOString() };
    });
    const [job] = await eventually(() => {
      const jobs = cluster.resource('jobs.batch').list(namespace);
      return jobs.length > 0 && jobs;
    }, 'a job');
    expect(job?.metadata.name).toBe(`tick-${Math.floor(Date.now() / 60_000)}`);
    expect(job?.metadata.ownerReferences?.[0]).toMatchObject({
      kind: 'CronJob',
      name: 'tick',
      controller: true,
    });
  });
});

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
    await deploy('web');
    const pods = await readyPods('web', 2);
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
    kubelet.behaviour = 'not-ready';
    await serve();
    await deploy('web', { replicas: 1 });
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
    await deploy('web', { replicas: 1 });
    await endpointsOf(1);
    const seen: unknown[] = [];
    const stop = cluster
      .resource('endpointslices.discovery.k8s.io')
      .watch(({ object }) => seen.push(...listAt(copyOf(object), 'endpoints')));
    await kubelet.close();
    const [pod] = podsOf('web');
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
