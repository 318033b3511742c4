import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand } from './command.js';
import {
  conditionOf,
  eventually,
  fetchFrom,
  podSpec,
  startTestCluster,
  type TestCluster,
} from './testing/test-cluster.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
});

afterAll(async () => {
  await cluster?.close();
});

const namespacesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

it('a Pod becomes ready only when its probe succeeds and its gate is open', async () => {
  await cluster.createPod('gated', {
    spec: podSpec({
      readinessGates: [{ conditionType: 'example.com/gate' }],
      container: { readinessProbe: { httpGet: { port: 8080, path: '/health' }, periodSeconds: 1 } },
    }),
  });
  const held = await eventually('the containers are ready', async () => {
    const pod = await cluster.pod('gated');
    return conditionOf(pod, 'ContainersReady') === 'True' ? pod : undefined;
  });
  expect(conditionOf(held, 'Ready')).toBe('False');
  const status = { conditions: [{ type: 'example.com/gate', status: 'True' }] };
  await cluster.kube.request(
    'PATCH',
    '/api/v1/namespaces/default/pods/gated/status',
    { status },
    'application/strategic-merge-patch+json',
  );
  expect(conditionOf(await cluster.readyPod('gated'), 'example.com/gate')).toBe('True');
});

it('a Pod answers wherever its probes, hooks and Services expect it, also Services that are made later', async () => {
  await cluster.createPod('expected', {
    labels: { app: 'expected' },
    spec: podSpec({
      container: {
        readinessProbe: { httpGet: { port: 8081, path: '/ready' }, periodSeconds: 1 },
        lifecycle: { preStop: { httpGet: { port: 8082 } } },
      },
    }),
  });
  const { status } = await cluster.readyPod('expected');
  const netns = await cluster.podNetns('expected');
  const answers = (port: number) => fetchFrom(netns, `http://${status?.podIP}:${port}/`);
  expect(await answers(8082)).toBe('expected');
  expect(await answers(9090)).toBeUndefined();
  await cluster.createService('expected', { selector: { app: 'expected' }, ports: [{ port: 9090 }] });
  await eventually('it listens for its Service', async () => (await answers(9090)) === 'expected');
});

it('a Pod has the events of its life, as a kubelet writes them', async () => {
  await cluster.createPod('eventful', { spec: podSpec() });
  await cluster.readyPod('eventful');
  const begun = await eventually('it is started', async () => {
    const told = await cluster.events('eventful');
    return told.includes('Normal Started Started container main') ? told : undefined;
  });
  expect(begun).toEqual([
    expect.stringMatching(/^Normal Scheduled Successfully assigned default\/eventful to node-/),
    expect.stringMatching(/^Normal Pulled Container image ".*" already present on machine$/),
    'Normal Created Created container: main',
    'Normal Started Started container main',
  ]);
  await cluster.kube.request('DELETE', '/api/v1/namespaces/default/pods/eventful');
  await eventually('it is stopped', async () =>
    (await cluster.events('eventful')).includes('Normal Killing Stopping container main'),
  );
});

it('a Pod is not ready while its probe fails', async () => {
  const container = {
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
  };
  await cluster.createPod('unwell', {
    annotations: { 'sandbox/fail-probes': 'readiness' },
    spec: podSpec({ container }),
  });
  await eventually('it runs', async () => (await cluster.pod('unwell'))?.status?.phase === 'Running');
  expect(conditionOf(await cluster.pod('unwell'), 'Ready')).toBe('False');
  const metadata = { annotations: { 'sandbox/fail-probes': null } };
  await cluster.kube.request(
    'PATCH',
    '/api/v1/namespaces/default/pods/unwell',
    { metadata },
    'application/merge-patch+json',
  );
  await cluster.readyPod('unwell');
});

it('a Pod restarts what ends, counts it, and restarts what fails its liveness probe', async () => {
  await cluster.createPod('short', {
    annotations: { 'sandbox/exit-after-ms': '300', 'sandbox/exit-code': '3' },
    spec: podSpec(),
  });
  const container = { livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 1 } };
  await cluster.createPod('stuck', {
    annotations: { 'sandbox/fail-probes': 'liveness' },
    spec: podSpec({ container }),
  });
  const short = await eventually('a restart', async () => {
    const pod = await cluster.pod('short');
    return (pod?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1 ? pod : undefined;
  });
  expect(short.status?.containerStatuses?.[0]?.lastState.terminated?.exitCode).toBe(3);
  await eventually(
    'a restart by probe',
    async () => ((await cluster.pod('stuck'))?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1,
  );
  await eventually('the restart by probe is told', async () => {
    const told = await cluster.events('stuck');
    return (
      told.includes('Warning Unhealthy Liveness probe failed: told so by the annotation') &&
      told.includes('Normal Killing Container main failed liveness probe, will be restarted')
    );
  });
  await eventually('the pauses are told', async () =>
    (await cluster.events('short')).some((text) =>
      text.includes('BackOff Back-off restarting failed container main'),
    ),
  );
  for (const name of ['short', 'stuck'])
    await cluster.kube.request('DELETE', `/api/v1/namespaces/default/pods/${name}`);
});

it('a Pod runs init containers to their end first, in order', async () => {
  await cluster.createPod('prepared', {
    spec: podSpec({ initContainers: [{ name: 'first' }, { name: 'second' }] }),
  });
  const pod = await cluster.readyPod('prepared');
  expect(pod.status?.initContainerStatuses?.map((status) => status.state.terminated?.exitCode)).toEqual([
    0, 0,
  ]);
});

it('a Pod gets its environment from config maps, secrets and its own fields', async () => {
  await cluster.kube.request('POST', '/api/v1/namespaces/default/configmaps', {
    metadata: { name: 'where' },
    data: { host: 'nowhere-map' },
  });
  await cluster.kube.request('POST', '/api/v1/namespaces/default/secrets', {
    metadata: { name: 'where' },
    stringData: { url: 'redis://nowhere-secret' },
  });
  const env = [
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    { name: 'MAP_HOST', valueFrom: { configMapKeyRef: { name: 'where', key: 'host' } } },
    { name: 'ADDR', value: '$(MAP_HOST):8080' },
    { name: 'NODE_ADDR', value: '$(NODE):8081' },
  ];
  await cluster.createPod('configured', {
    spec: podSpec({ container: { env, envFrom: [{ secretRef: { name: 'where' } }] } }),
  });
  await cluster.readyPod('configured');
  const log = await eventually('calls were tried', async () => {
    const text = await cluster.logs('configured', 'main');
    return text.split('no address for').length > 3 ? text : undefined;
  });
  expect(log).toContain('no address for nowhere-map:8080');
  expect(log).toContain('no address for nowhere-secret:6379');
  expect(log).toMatch(/no address for node-[12]:8081/);
});

it('a Pod waits for what is missing, says it as a kubelet does, and starts when it is made', async () => {
  const secretKeyRef = { name: 'later', key: 'password' };
  await cluster.createPod('lacking-env', {
    spec: podSpec({ container: { env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef } }] } }),
  });
  await cluster.createPod('lacking-volume', {
    spec: podSpec({ volumes: [{ name: 'tls', secret: { secretName: 'later' } }] }),
  });
  await eventually('the reason of the one', async () => {
    const waiting = (await cluster.pod('lacking-env'))?.status?.containerStatuses?.[0]?.state.waiting;
    return waiting?.reason === 'CreateContainerConfigError' && waiting.message === 'secret "later" not found';
  });
  await eventually('the event of the other', async () =>
    (await cluster.events('lacking-volume')).includes(
      'Warning FailedMount MountVolume.SetUp failed for volume "tls" : secret "later" not found',
    ),
  );
  expect(await cluster.events('lacking-env')).toContain('Warning Failed Error: secret "later" not found');
  expect((await cluster.pod('lacking-volume'))?.status?.phase).toBe('Pending');
  await cluster.kube.request('POST', '/api/v1/namespaces/default/secrets', {
    metadata: { name: 'later' },
    stringData: { password: 'p' },
  });
  await cluster.readyPod('lacking-env');
  await cluster.readyPod('lacking-volume');
});

it('a Job ends after its work', async () => {
  await cluster.kube.request('POST', '/apis/batch/v1/namespaces/default/jobs', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'work' },
    spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } },
  });
  await eventually('the job is complete', async () => {
    const job = await cluster.kube.request<{ status?: { succeeded?: number } }>(
      'GET',
      '/apis/batch/v1/namespaces/default/jobs/work',
    );
    return job.status?.succeeded === 1;
  });
});

it('a Pod leaves no network namespace, no address and no object when it is deleted', async () => {
  await cluster.createPod('leaving', { spec: podSpec({ nodeName: 'node-2' }) });
  const netns = await cluster.podNetns('leaving');
  const folder = netns.slice(0, netns.lastIndexOf('/'));
  expect(await namespacesIn(folder)).toContain(netns.slice(folder.length + 1));
  await cluster.kube.request('DELETE', '/api/v1/namespaces/default/pods/leaving');
  await eventually('the object is gone', async () => (await cluster.pod('leaving')) === undefined);
  expect(await namespacesIn(folder)).not.toContain(netns.slice(folder.length + 1));
});

it('a node says its machine id, addresses and Pod network', async () => {
  const node = await cluster.kube.request<{
    metadata: { labels: Record<string, string> };
    spec: { podCIDR: string };
    status: { nodeInfo: { machineID: string }; addresses: { address: string }[] };
  }>('GET', '/api/v1/nodes/node-1');
  const own = cluster.nodes.nodes[0];
  expect(node.spec.podCIDR).toBe(own?.podCidr);
  expect(node.status.addresses[0]?.address).toBe(own?.address);
  expect(node.metadata.labels).toMatchObject({
    'kubernetes.io/os': 'linux',
    'beta.kubernetes.io/os': 'linux',
  });
  expect(node.status.nodeInfo.machineID).toMatch(/^[0-9a-f]{32}$/);
});

it('a node keeps its Pods and takes new ones after containerd was killed', async () => {
  await cluster.createPod('survivor', { spec: podSpec({ nodeName: 'node-1' }) });
  const before = await cluster.readyPod('survivor');
  const config = `/run/rf-sandbox-${cluster.instance}/node-1/config.toml`;
  const pid = await runCommand('pgrep', ['-f', `^containerd --config ${config}`]);
  process.kill(Number(pid), 'SIGKILL');
  await cluster.createPod('newcomer', { spec: podSpec({ nodeName: 'node-1' }) });
  await cluster.readyPod('newcomer');
  const after = await cluster.readyPod('survivor');
  expect(after.status?.podIP).toBe(before.status?.podIP);
  expect(after.status?.containerStatuses?.[0]?.restartCount).toBe(0);
});
