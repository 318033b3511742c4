import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Pod } from './kube/kube-objects.js';
import {
  echoFrom,
  eventually,
  fetchFrom,
  outside,
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

const addressOf = (pod: Pod): string => pod.status?.podIP ?? '';

it('Pods reach each other across nodes with their own addresses', async () => {
  await cluster.createPod('left', { spec: podSpec({ nodeName: 'node-1' }) });
  await cluster.createPod('right', { spec: podSpec({ nodeName: 'node-2' }) });
  await cluster.readyPod('left');
  const right = await cluster.readyPod('right');
  expect(await fetchFrom(await cluster.podNetns('left'), `http://${addressOf(right)}:8080/`)).toBe('right');
  expect(addressOf(right)).toMatch(/^10\.\d+\.2\.\d+$/);
});

it('Pods are reached by service address from a Pod, from the node, and from the service’s own Pod', async () => {
  await cluster.createPod('server', { labels: { app: 'server' }, spec: podSpec({ nodeName: 'node-1' }) });
  await cluster.createService('server', {
    clusterIP: '10.96.7.7',
    selector: { app: 'server' },
    ports: [{ port: 80, targetPort: 8080 }],
  });
  await cluster.createPod('caller', { spec: podSpec({ nodeName: 'node-1' }) });
  await cluster.readyPod('server');
  const places = [
    await cluster.podNetns('caller'),
    await cluster.podNetns('server'),
    ...cluster.nodes.nodes.map((node) => node.netns),
  ];
  for (const netns of places) {
    await eventually(
      `the service answers in ${netns}`,
      async () => (await fetchFrom(netns, 'http://10.96.7.7/')) === 'server',
    );
  }
});

it('Pods are reached by node port from outside, and a Local one only on the node that has the Pod', async () => {
  await cluster.createPod('local', { labels: { app: 'local' }, spec: podSpec({ nodeName: 'node-2' }) });
  await cluster.createService('local', {
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    selector: { app: 'local' },
    ports: [{ port: 80, targetPort: 8080, nodePort: 31234 }],
  });
  await cluster.createService('everywhere', {
    type: 'NodePort',
    selector: { app: 'local' },
    ports: [{ port: 80, targetPort: 8080, nodePort: 31235 }],
  });
  await cluster.readyPod('local');
  const [first, second] = cluster.nodes.nodes.map((node) => node.address);
  await eventually(
    'the cluster-wide port answers',
    async () => (await fetchFrom(outside, `http://${first}:31235/`)) === 'local',
  );
  await eventually(
    'the local port answers',
    async () => (await fetchFrom(outside, `http://${second}:31234/`)) === 'local',
  );
  expect(await fetchFrom(outside, `http://${first}:31234/`)).toBeUndefined();
});

it('calls to a service without Pods are refused at once', async () => {
  await cluster.createService('nobody', {
    clusterIP: '10.96.7.8',
    selector: { app: 'nobody' },
    ports: [{ port: 80 }],
  });
  await cluster.createPod('asker', {
    spec: podSpec({ container: { env: [{ name: 'PEER', value: 'nobody:80' }] } }),
  });
  await eventually('the call is refused', async () =>
    (await cluster.logs('asker', 'main')).includes('refused by nobody:80'),
  );
});

it('Pods echo datagrams directly and by service address', async () => {
  await cluster.createPod('udp', {
    labels: { app: 'udp' },
    spec: podSpec({ container: { ports: [{ containerPort: 9000, protocol: 'UDP' }] } }),
  });
  await cluster.createService('udp', {
    clusterIP: '10.96.7.9',
    selector: { app: 'udp' },
    ports: [{ port: 99, targetPort: 9000, protocol: 'UDP' }],
  });
  const server = await cluster.readyPod('udp');
  await cluster.createPod('udp-caller', {
    spec: podSpec({ container: { env: [{ name: 'PEER', value: 'udp://udp:99' }] } }),
  });
  expect(await echoFrom(await cluster.podNetns('udp-caller'), addressOf(server), 9000)).toBe('ping');
  await eventually('the caller got an echo', async () =>
    (await cluster.logs('udp-caller', 'main')).includes('connected to udp:99'),
  );
});

it('Pods share the node’s network when they ask for it', async () => {
  await cluster.createPod('on-node', {
    spec: podSpec({
      nodeName: 'node-1',
      hostNetwork: true,
      container: { ports: [{ containerPort: 18181 }] },
    }),
  });
  const pod = await cluster.readyPod('on-node');
  const node = cluster.nodes.nodes[0];
  expect(addressOf(pod)).toBe(node?.address);
  expect(await fetchFrom(outside, `http://${node?.address}:18181/`)).toBe('on-node');
});

it('names resolve for services, headless services and single Pods, and not for strangers', async () => {
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
  await cluster.createService('db', {
    clusterIP: 'None',
    selector: { app: 'db' },
    ports: [{ port: 8080 }],
  });
  await cluster.readyPod('db-0');
  await cluster.createPod('resolver', {
    spec: podSpec({
      container: {
        args: ['--peers=db:8080,db-0.db.default.svc.cluster.local:8080', '--stranger=stranger:8080'],
      },
    }),
  });
  const log = await eventually('all names were tried', async () => {
    const text = await cluster.logs('resolver', 'main');
    return text.includes('connected to db-0.db.default') && text.includes('stranger') ? text : undefined;
  });
  expect(log).toContain('connected to db:8080');
  expect(log).toContain('no address for stranger:8080');
});
