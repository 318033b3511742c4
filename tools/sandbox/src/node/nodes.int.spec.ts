import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tryCommand } from './command.js';
import type { Pod, PodSpec } from './kube/kube-objects.js';
import { conditionOf, echoFrom, eventually, fetchFrom, outside, startTestCluster, type TestCluster } from './testing/test-cluster.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
});

afterAll(async () => {
  await cluster?.close();
});

const http = [{ containerPort: 8080 }];

function podSpec(spec: Partial<PodSpec> & { container?: Partial<PodSpec['containers'][number]> } = {}): PodSpec {
  const { container, ...rest } = spec;
  return { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'any/image:1', ports: http, ...container }], ...rest };
}

const addressOf = (pod: Pod): string => pod.status?.podIP ?? '';
const podsOf = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

describe('Pods on the network', () => {
  it('reach each other across nodes with their own addresses', async () => {
    await cluster.createPod('left', { spec: podSpec({ nodeName: 'node-1' }) });
    await cluster.createPod('right', { spec: podSpec({ nodeName: 'node-2' }) });
    await cluster.readyPod('left');
    const right = await cluster.readyPod('right');
    expect(await fetchFrom(await cluster.podNetns('left'), `http://${addressOf(right)}:8080/`)).toBe('right');
    expect(addressOf(right)).toMatch(/^10\.\d+\.2\.\d+$/);
  });

  it('are reached by service address from a Pod, from the node, and from the service’s own Pod', async () => {
    await cluster.createPod('server', { labels: { app: 'server' }, spec: podSpec({ nodeName: 'node-1' }) });
    await cluster.createService('server', { clusterIP: '10.96.7.7', selector: { app: 'server' }, ports: [{ port: 80, targetPort: 8080 }] });
    await cluster.createPod('caller', { spec: podSpec({ nodeName: 'node-1' }) });
    await cluster.readyPod('server');
    const places = [await cluster.podNetns('caller'), await cluster.podNetns('server'), ...cluster.nodes.nodes.map((node) => node.netns)];
    for (const netns of places) {
      await eventually(`the service answers in ${netns}`, async () => (await fetchFrom(netns, 'http://10.96.7.7/')) === 'server');
    }
  });

  it('are reached by node port from outside, and a Local one only on the node that has the Pod', async () => {
    await cluster.createPod('local', { labels: { app: 'local' }, spec: podSpec({ nodeName: 'node-2' }) });
    await cluster.createService('local', {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      selector: { app: 'local' },
      ports: [{ port: 80, targetPort: 8080, nodePort: 31234 }],
    });
    await cluster.createService('everywhere', { type: 'NodePort', selector: { app: 'local' }, ports: [{ port: 80, targetPort: 8080, nodePort: 31235 }] });
    await cluster.readyPod('local');
    const [first, second] = cluster.nodes.nodes.map((node) => node.address);
    await eventually('the cluster-wide port answers', async () => (await fetchFrom(outside, `http://${first}:31235/`)) === 'local');
    await eventually('the local port answers', async () => (await fetchFrom(outside, `http://${second}:31234/`)) === 'local');
    expect(await fetchFrom(outside, `http://${first}:31234/`)).toBeUndefined();
  });

  it('are refused at once where a service has no Pods', async () => {
    await cluster.createService('nobody', { clusterIP: '10.96.7.8', selector: { app: 'nobody' }, ports: [{ port: 80 }] });
    await cluster.createPod('asker', { spec: podSpec({ container: { env: [{ name: 'PEER', value: 'nobody:80' }] } }) });
    await eventually('the call is refused', async () => (await cluster.logs('asker', 'main')).includes('refused by nobody:80'));
  });

  it('echo datagrams directly and by service address', async () => {
    await cluster.createPod('udp', { labels: { app: 'udp' }, spec: podSpec({ container: { ports: [{ containerPort: 9000, protocol: 'UDP' }] } }) });
    await cluster.createService('udp', { clusterIP: '10.96.7.9', selector: { app: 'udp' }, ports: [{ port: 99, targetPort: 9000, protocol: 'UDP' }] });
    const server = await cluster.readyPod('udp');
    await cluster.createPod('udp-caller', { spec: podSpec({ container: { env: [{ name: 'PEER', value: 'udp://udp:99' }] } }) });
    expect(await echoFrom(await cluster.podNetns('udp-caller'), addressOf(server), 9000)).toBe('ping');
    await eventually('the caller got an echo', async () => (await cluster.logs('udp-caller', 'main')).includes('connected to udp:99'));
  });

  it('share the node’s network when they ask for it', async () => {
    await cluster.createPod('on-node', { spec: podSpec({ nodeName: 'node-1', hostNetwork: true, container: { ports: [{ containerPort: 18181 }] } }) });
    const pod = await cluster.readyPod('on-node');
    const node = cluster.nodes.nodes[0];
    expect(addressOf(pod)).toBe(node?.address);
    expect(await fetchFrom(outside, `http://${node?.address}:18181/`)).toBe('on-node');
  });
});

describe('names', () => {
  it('resolve for services, headless services and single Pods, and not for strangers', async () => {
    await cluster.kube.request('POST', '/apis/apps/v1/namespaces/default/statefulsets', {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        serviceName: 'db',
        replicas: 1,
        selector: { matchLabels: { app: 'db' } },
        template: { metadata: { labels: { app: 'db' } }, spec: podSpec() },
      },
    });
    await cluster.createService('db', { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 8080 }] });
    await cluster.readyPod('db-0');
    await cluster.createPod('resolver', {
      spec: podSpec({ container: { args: ['--peers=db:8080,db-0.db.default.svc.cluster.local:8080', '--stranger=stranger:8080'] } }),
    });
    const log = await eventually('all names were tried', async () => {
      const text = await cluster.logs('resolver', 'main');
      return text.includes('connected to db-0.db.default') && text.includes('stranger') ? text : undefined;
    });
    expect(log).toContain('connected to db:8080');
    expect(log).toContain('no address for stranger:8080');
  });
});

describe('the life of a Pod', () => {
  it('becomes ready only when its probe succeeds and its gate is open', async () => {
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
    await cluster.kube.request('PATCH', '/api/v1/namespaces/default/pods/gated/status', { status }, 'application/strategic-merge-patch+json');
    expect(conditionOf(await cluster.readyPod('gated'), 'example.com/gate')).toBe('True');
  });

  it('is not ready while its probe fails', async () => {
    const container = { readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 1 } };
    await cluster.createPod('unwell', { annotations: { 'sandbox/fail-probes': 'readiness' }, spec: podSpec({ container }) });
    await eventually('it runs', async () => (await cluster.pod('unwell'))?.status?.phase === 'Running');
    expect(conditionOf(await cluster.pod('unwell'), 'Ready')).toBe('False');
    const metadata = { annotations: { 'sandbox/fail-probes': null } };
    await cluster.kube.request('PATCH', '/api/v1/namespaces/default/pods/unwell', { metadata }, 'application/merge-patch+json');
    await cluster.readyPod('unwell');
  });

  it('restarts what ends, counts it, and restarts what fails its liveness probe', async () => {
    await cluster.createPod('short', { annotations: { 'sandbox/exit-after-ms': '300', 'sandbox/exit-code': '3' }, spec: podSpec() });
    const container = { livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 1 } };
    await cluster.createPod('stuck', { annotations: { 'sandbox/fail-probes': 'liveness' }, spec: podSpec({ container }) });
    const short = await eventually('a restart', async () => {
      const pod = await cluster.pod('short');
      return (pod?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1 ? pod : undefined;
    });
    expect(short.status?.containerStatuses?.[0]?.lastState.terminated?.exitCode).toBe(3);
    await eventually('a restart by probe', async () => ((await cluster.pod('stuck'))?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
    for (const name of ['short', 'stuck']) await cluster.kube.request('DELETE', `/api/v1/namespaces/default/pods/${name}`);
  });

  it('runs init containers to their end first, in order', async () => {
    await cluster.createPod('prepared', { spec: podSpec({ initContainers: [{ name: 'first' }, { name: 'second' }] }) });
    const pod = await cluster.readyPod('prepared');
    expect(pod.status?.initContainerStatuses?.map((status) => status.state.terminated?.exitCode)).toEqual([0, 0]);
  });

  it('gets its environment from config maps, secrets and its own fields', async () => {
    await cluster.kube.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'where' }, data: { host: 'nowhere-map' } });
    await cluster.kube.request('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 'where' }, stringData: { url: 'redis://nowhere-secret' } });
    const env = [
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'MAP_HOST', valueFrom: { configMapKeyRef: { name: 'where', key: 'host' } } },
      { name: 'ADDR', value: '$(MAP_HOST):8080' },
      { name: 'NODE_ADDR', value: '$(NODE):8081' },
    ];
    await cluster.createPod('configured', { spec: podSpec({ container: { env, envFrom: [{ secretRef: { name: 'where' } }] } }) });
    await cluster.readyPod('configured');
    const log = await eventually('calls were tried', async () => {
      const text = await cluster.logs('configured', 'main');
      return text.split('no address for').length > 3 ? text : undefined;
    });
    expect(log).toContain('no address for nowhere-map:8080');
    expect(log).toContain('no address for nowhere-secret:6379');
    expect(log).toMatch(/no address for node-[12]:8081/);
  });

  it('ends a Job after its work', async () => {
    await cluster.kube.request('POST', '/apis/batch/v1/namespaces/default/jobs', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'work' },
      spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } },
    });
    await eventually('the job is complete', async () => {
      const job = await cluster.kube.request<{ status?: { succeeded?: number } }>('GET', '/apis/batch/v1/namespaces/default/jobs/work');
      return job.status?.succeeded === 1;
    });
  });

  it('leaves no network namespace, no address and no object when it is deleted', async () => {
    await cluster.createPod('leaving', { spec: podSpec({ nodeName: 'node-2' }) });
    const netns = await cluster.podNetns('leaving');
    const folder = netns.slice(0, netns.lastIndexOf('/'));
    expect(await podsOf(folder)).toContain(netns.slice(folder.length + 1));
    await cluster.kube.request('DELETE', '/api/v1/namespaces/default/pods/leaving');
    await eventually('the object is gone', async () => (await cluster.pod('leaving')) === undefined);
    expect(await podsOf(folder)).not.toContain(netns.slice(folder.length + 1));
  });
});

describe('a node', () => {
  it('says its machine id, addresses and Pod network', async () => {
    const node = await cluster.kube.request<{ spec: { podCIDR: string }; status: { nodeInfo: { machineID: string }; addresses: { address: string }[] } }>(
      'GET',
      '/api/v1/nodes/node-1',
    );
    const own = cluster.nodes.nodes[0];
    expect(node.spec.podCIDR).toBe(own?.podCidr);
    expect(node.status.addresses[0]?.address).toBe(own?.address);
    expect(node.status.nodeInfo.machineID).toMatch(/^[0-9a-f]{32}$/);
  });

  it('keeps its Pods and takes new ones after containerd was killed', async () => {
    await cluster.createPod('survivor', { spec: podSpec({ nodeName: 'node-1' }) });
    const before = await cluster.readyPod('survivor');
    const config = `/run/rf-sandbox-${cluster.instance}/node-1/config.toml`;
    const pid = (await tryCommand('pgrep', ['-f', `^containerd --config ${config}`]))?.trim();
    process.kill(Number(pid), 'SIGKILL');
    await cluster.createPod('newcomer', { spec: podSpec({ nodeName: 'node-1' }) });
    await cluster.readyPod('newcomer');
    const after = await cluster.readyPod('survivor');
    expect(after.status?.podIP).toBe(before.status?.podIP);
    expect(after.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });
});
