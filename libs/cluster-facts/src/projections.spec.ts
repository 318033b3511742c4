import { describe, expect, it } from 'vitest';
import type { KubeObject } from './objects.js';
import { controllerFacts, nodeFacts, podFacts, serviceFacts, sliceFacts } from './projections.js';

const object = (body: Record<string, unknown>, metadata = {}): KubeObject => ({
  metadata: { uid: 'u', name: 'n', namespace: 'demo', resourceVersion: '7', ...metadata },
  ...body,
});

describe('what is kept of a Pod', () => {
  it('has its addresses, node, controller and gates', () => {
    const pod = podFacts(
      object(
        {
          spec: {
            nodeName: 'n1',
            readinessGates: ['ringfence.io/policy-ready', 'illumio.com/policy-ready', 'other/gate'].map(
              (conditionType) => ({ conditionType }),
            ),
          },
          status: { phase: 'Running', podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] },
        },
        {
          ownerReferences: [
            { uid: 'x', kind: 'Other', name: 'x' },
            { uid: 'rs', kind: 'ReplicaSet', name: 'web-1', controller: true },
          ],
          annotations: {
            'com.illumio.role': 'web',
            'com.illumio.app': 'no\u0000text',
            'ringfence.io/env': '\ud800',
            'kubectl.kubernetes.io/last-applied-configuration': '…',
          },
        },
      ),
    );
    expect(pod).toMatchObject({
      node: 'n1',
      addresses: ['10.0.0.1', 'fd00::1'],
      controller: { uid: 'rs', kind: 'ReplicaSet', name: 'web-1' },
      annotations: { 'com.illumio.role': 'web' },
      readinessGates: ['ringfence.io/policy-ready', 'illumio.com/policy-ready'],
      hostNetwork: false,
    });
  });

  it('refers to nobody by what no object is called', () => {
    const owned = (reference: Record<string, string>) =>
      podFacts(
        object(
          {},
          { ownerReferences: [{ uid: 'rs', kind: 'K', name: 'n', controller: true, ...reference }] },
        ),
      ).controller;
    expect(owned({})).not.toBeNull();
    for (const text of ['u'.repeat(254), 'no\u0000text', '\ud800'])
      for (const field of ['uid', 'kind', 'name']) expect(owned({ [field]: text })).toBeNull();
  });

  it('names the ports that the node probes: by number, by name, of side cars, never of another host', () => {
    const pod = podFacts(
      object({
        spec: {
          containers: [
            {
              ports: [
                { name: 'http', containerPort: 8080 },
                { name: 'dns', containerPort: 53, protocol: 'UDP' },
              ],
              livenessProbe: { httpGet: { port: 'http' } },
              readinessProbe: { tcpSocket: { port: 9000 } },
              startupProbe: { httpGet: { port: 1, host: 'elsewhere' } },
              lifecycle: { preStop: { httpGet: { port: '8081' } } },
            },
          ],
          initContainers: [
            { ports: [], livenessProbe: { grpc: { port: 5000 } }, readinessProbe: { exec: {} } },
          ],
        },
      }),
    );
    expect(pod.probePorts.map(({ port }) => port).sort()).toEqual([5000, 8080, 8081, 9000]);
    expect(pod.namedPorts).toEqual([
      { name: 'dns', proto: 17, port: 53 },
      { name: 'http', proto: 6, port: 8080 },
    ]);
  });
});

describe('what is kept of a controller', () => {
  it('has labels and annotations of the Pod template, of a CronJob two levels down', () => {
    const template = { metadata: { labels: { app: 'web' }, annotations: { 'ringfence.io/role': 'web' } } };
    const wanted = { labels: { app: 'web' }, annotations: { 'ringfence.io/role': 'web' } };
    expect(
      controllerFacts('Deployment')(object({ spec: { template } }, { labels: { not: 'this' } })),
    ).toMatchObject({ ...wanted, kind: 'Deployment' });
    expect(
      controllerFacts('CronJob')(object({ spec: { jobTemplate: { spec: { template } } } })),
    ).toMatchObject(wanted);
  });
});

describe('what is kept of nodes, Services and slices', () => {
  it('has a node’s machine id, addresses and Pod ranges', () => {
    const node = nodeFacts(
      object({
        spec: { podCIDRs: ['10.244.0.0/24'] },
        status: {
          addresses: [
            { type: 'Hostname', address: 'n1' },
            { type: 'InternalIP', address: '192.0.2.1' },
          ],
          nodeInfo: { machineID: 'm', containerRuntimeVersion: 'containerd://1.6' },
        },
      }),
    );
    expect(node).toMatchObject({
      machineId: 'm',
      addresses: ['192.0.2.1'],
      podCidrs: ['10.244.0.0/24'],
      containerRuntime: 'containerd://1.6',
    });
  });

  it('has a Service without the address that a headless one does not have', () => {
    const service = serviceFacts(
      object({ spec: { clusterIPs: ['None'], ports: [{ port: 80, protocol: 'TCP', nodePort: 30_080 }] } }),
    );
    expect(service).toMatchObject({
      type: 'ClusterIP',
      clusterIps: [],
      ports: [{ name: '', proto: 6, port: 80, nodePort: 30_080 }],
    });
  });

  it('has every backend of a slice, and no slice that belongs to no Service', () => {
    const body = {
      ports: [{ name: 'http', port: 8080 }],
      endpoints: [
        { addresses: ['10.0.0.1'], conditions: { ready: false }, targetRef: { kind: 'Pod', uid: 'p' } },
        { addresses: ['192.0.2.9'] },
      ],
    };
    const slice = sliceFacts(object(body, { labels: { 'kubernetes.io/service-name': 'web' } }));
    expect(slice).toMatchObject({
      service: 'web',
      endpoints: [
        { address: '10.0.0.1', podUid: 'p' },
        { address: '192.0.2.9', podUid: null },
      ],
    });
    expect(sliceFacts(object(body))).toBeUndefined();
    const named = { ...body, addressType: 'FQDN', endpoints: [{ addresses: ['db.example.com'] }] };
    expect(sliceFacts(object(named, { labels: { 'kubernetes.io/service-name': 'web' } }))).toBeUndefined();
  });
});
