/** The simulated sandbox by its API, as kubelink and kubectl see it. Needs neither root nor any Debian package. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKube, type KubeClient } from '../node/kube/kube.client.js';
import type { KubeObject, Pod, PodSpec } from '../node/kube/kube-objects.js';
import { type SimulatedSandbox, startSimulatedSandbox } from './simulated-sandbox.js';

interface KubeletStatus {
  conditions: { type: string; status: string }[];
  capacity: Record<string, string>;
  allocatable: Record<string, string>;
  nodeInfo: Record<string, string>;
}

const pods = '/api/v1/namespaces/default/pods';
const gate = 'example.org/policy-ready';

let dataDir: string;
let sandbox: SimulatedSandbox;
let kube: KubeClient;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'simulated-'));
  sandbox = await startSimulatedSandbox({
    dataDir,
    instance: 'sim',
    count: 2,
    port: 0,
    log: () => undefined,
  });
  kube = connectKube(sandbox);
});

afterAll(async () => {
  kube.close();
  await sandbox.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function eventually<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await sleep(30);
  }
}

const podSpec = (spec: Partial<PodSpec> = {}): PodSpec => ({
  containers: [{ name: 'main', image: 'any/image:1', readinessProbe: { tcpSocket: { port: 80 } } }],
  ...spec,
});
const createPod = (name: string, spec?: Partial<PodSpec>, annotations = {}): Promise<unknown> =>
  kube.request('POST', pods, { metadata: { name, annotations }, spec: podSpec(spec) });
const condition = (pod: Pod, type: string): string | undefined =>
  pod.status?.conditions?.find((candidate) => candidate.type === type)?.status;
const podWhen = (name: string, is: (pod: Pod) => boolean): Promise<Pod> =>
  eventually(`pod ${name}`, async () => {
    const pod = await kube.request<Pod>('GET', `${pods}/${name}`);
    return is(pod) ? pod : undefined;
  });
const isReady = (pod: Pod): boolean => condition(pod, 'Ready') === 'True';
const listed = async (selector: string): Promise<Pod[]> =>
  (await kube.request<{ items: Pod[] }>('GET', `${pods}?labelSelector=${encodeURIComponent(selector)}`))
    .items;

describe('simulated nodes', () => {
  it('are described with everything that a launcher needs, and say that they are simulated', async () => {
    const text = JSON.parse(await readFile(join(dataDir, 'sandbox.json'), 'utf8')) as Record<string, unknown>;
    expect(text).toMatchObject({ simulated: true, hostAddress: '127.0.0.1', url: sandbox.url });
    expect(sandbox.nodes).toHaveLength(2);
    expect(sandbox.url).toMatch(/^https:\/\/127\.0\.0\.1:/);
  });

  it('are Node objects with the machine id of their file, Ready and with a Pod network', async () => {
    for (const { name, address, podCidr, machineIdPath } of sandbox.nodes) {
      const node = await kube.request<
        KubeObject & { spec: unknown; status: { nodeInfo: { machineID: string }; addresses: unknown[] } }
      >('GET', `/api/v1/nodes/${name}`);
      expect(node.status.nodeInfo.machineID).toBe((await readFile(machineIdPath, 'utf8')).trim());
      expect(node.status.addresses).toContainEqual({ type: 'InternalIP', address });
      expect(node.spec).toMatchObject({ podCIDR: podCidr });
    }
  });

  it('carry what a kubelet sets: labels in both forms, capacity, conditions, versions', async () => {
    const { metadata, status } = await kube.request<KubeObject & { status: KubeletStatus }>(
      'GET',
      '/api/v1/nodes/node-1',
    );
    const words = ['os', 'arch', 'instance-type'].flatMap((word) => [
      word === 'instance-type' ? `node.kubernetes.io/${word}` : `kubernetes.io/${word}`,
      `beta.kubernetes.io/${word}`,
    ]);
    expect(Object.keys(metadata.labels ?? {})).toEqual(
      expect.arrayContaining([...words, 'kubernetes.io/hostname']),
    );
    expect(status.conditions.map(({ type, status: is }) => `${type}=${is}`)).toEqual([
      'MemoryPressure=False',
      'DiskPressure=False',
      'PIDPressure=False',
      'Ready=True',
    ]);
    for (const resource of ['cpu', 'memory', 'ephemeral-storage', 'pods'])
      expect(Number.parseInt(status.allocatable[resource] ?? '', 10)).toBeGreaterThan(0);
    expect(Object.keys(status.capacity)).toEqual(Object.keys(status.allocatable));
    expect(status.nodeInfo).toMatchObject({ operatingSystem: 'linux', kubeletVersion: 'v1.32.4' });
  });
});

describe('simulated Pods', () => {
  it('have the events of a Pod on a kubelet', async () => {
    await createPod('eventful');
    await podWhen('eventful', isReady);
    const path = '/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Deventful';
    const reasons = await eventually('the last of its start', async () => {
      const { items } = await kube.request<{ items: { reason: string }[] }>('GET', path);
      return items.length < 4 ? undefined : items.map(({ reason }) => reason).sort();
    });
    expect(reasons).toEqual(['Created', 'Pulled', 'Scheduled', 'Started']);
  });

  it('run with an address of their node and become ready', async () => {
    await createPod('plain');
    const pod = await podWhen('plain', isReady);
    const node = sandbox.nodes.find(({ name }) => name === pod.spec.nodeName);
    expect(pod.status).toMatchObject({ phase: 'Running', hostIP: node?.address });
    expect(pod.status?.podIP?.split('.').slice(0, 3)).toEqual(node?.podCidr.split('.').slice(0, 3));
  });

  it('have their node’s address when they are on its network', async () => {
    await createPod('on-host', { hostNetwork: true });
    const pod = await podWhen('on-host', isReady);
    expect(pod.status?.podIP).toBe(pod.status?.hostIP);
  });

  it('are not ready before their readiness gates are open', async () => {
    await createPod('gated', { readinessGates: [{ conditionType: gate }] });
    await podWhen('gated', (pod) => condition(pod, 'ContainersReady') === 'True');
    expect(isReady(await kube.request<Pod>('GET', `${pods}/gated`))).toBe(false);
    const status = { conditions: [{ type: gate, status: 'True' }] };
    await kube.request('PATCH', `${pods}/gated/status`, { status }, 'application/strategic-merge-patch+json');
    const pod = await podWhen('gated', isReady);
    expect(condition(pod, gate)).toBe('True');
    expect(pod.status?.conditions?.find(({ type }) => type === 'Ready')).not.toHaveProperty('reason');
  });

  it('run their init containers first', async () => {
    await createPod('initialised', { initContainers: [{ name: 'first', image: 'any' }] });
    const pod = await podWhen('initialised', isReady);
    expect(pod.status?.initContainerStatuses?.[0]?.state.terminated?.exitCode).toBe(0);
  });

  it('fail the probes that their annotation names', async () => {
    await createPod('unready', {}, { 'sandbox/fail-probes': 'readiness' });
    const pod = await podWhen('unready', ({ status }) => status?.phase === 'Running');
    expect(isReady(pod)).toBe(false);
  });

  it('end when they are deleted, and give their address back to nobody at once', async () => {
    await createPod('short-lived');
    const { metadata, status } = await podWhen('short-lived', isReady);
    await kube.request('DELETE', `${pods}/short-lived`);
    await eventually('the Pod is gone', async () => {
      const left = (await kube.request<{ items: Pod[] }>('GET', pods)).items;
      return left.some(({ metadata: { uid } }) => uid === metadata.uid) ? undefined : true;
    });
    await createPod('next');
    expect((await podWhen('next', isReady)).status?.podIP).not.toBe(status?.podIP);
  });

  it('say why no program runs in them', async () => {
    await createPod('programless');
    await podWhen('programless', isReady);
    const refusal = /this cluster is simulated \(--simulate\): its containers run no programs/;
    await expect(kube.request('POST', `${pods}/programless/exec?command=true`)).rejects.toThrow(refusal);
    await expect(kube.request('POST', `${pods}/programless/portforward`)).rejects.toThrow(refusal);
  });

  it('of a Job run to completion', async () => {
    const template = { spec: podSpec({ restartPolicy: 'Never' }) };
    await kube.request('POST', '/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: 'once' },
      spec: { template },
    });
    await eventually('the Job is complete', async () => {
      const job = await kube.request<{ status?: { succeeded?: number } }>(
        'GET',
        '/apis/batch/v1/namespaces/default/jobs/once',
      );
      return job.status?.succeeded === 1 ? true : undefined;
    });
  });

  it('of a Deployment are backends of their Service', async () => {
    const labels = { app: 'web' };
    await kube.request('POST', '/api/v1/namespaces/default/services', {
      metadata: { name: 'web' },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await kube.request('POST', '/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec() },
      },
    });
    await eventually('three ready Pods', async () => {
      const found = await listed('app=web');
      return found.filter(isReady).length === 3 ? true : undefined;
    });
    await eventually('three endpoints', async () => {
      const { items } = await kube.request<{ items: { endpoints?: unknown[] }[] }>(
        'GET',
        '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dweb',
      );
      return items.flatMap(({ endpoints = [] }) => endpoints).length === 3 ? true : undefined;
    });
    expect(new Set((await listed('app=web')).map(({ spec }) => spec.nodeName)).size).toBe(2);
  });
});
