import type { EndpointSlice, Pod, Service } from '@ringfence/sandbox';
import { describe, expect, it } from 'vitest';
import { ClusterNetwork, usesClusterNames } from './cluster-network.js';
import { TCP, UDP } from './judge.js';

function service(namespace: string, name: string, clusterIP: string, port = 80, protocol = 'TCP'): Service {
  return { metadata: { namespace, name, uid: name }, spec: { clusterIP, ports: [{ port, protocol }] } };
}
function slice(namespace: string, name: string, addresses: string[], port = 8080): EndpointSlice {
  const labels = { 'kubernetes.io/service-name': name };
  return {
    metadata: { namespace, name: `${name}-1`, uid: `${name}-1`, labels },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ port }],
  };
}
const network = new ClusterNetwork(
  [
    service('shop', 'api', '10.96.0.7'),
    service('shop', 'db', 'None', 5432),
    service('shop', 'empty', '10.96.0.8'),
    service('kube-system', 'kube-dns', '10.96.0.10', 53, 'UDP'),
  ],
  [slice('shop', 'api', ['10.244.1.2', '10.244.2.2']), slice('shop', 'db', ['10.244.2.3'], 5432)],
);

describe('names', () => {
  it('are found in the own namespace first, by the longer forms, and in full', () => {
    for (const name of ['api', 'api.shop', 'api.shop.svc', 'api.shop.svc.cluster.local'])
      expect(network.resolve('shop', name)).toEqual(['10.96.0.7']);
    expect(network.resolve('other', 'api')).toEqual([]);
  });

  it('of headless Services are their Pods', () => {
    expect(network.resolve('shop', 'db')).toEqual(['10.244.2.3']);
  });

  it('are asked of the Service of the cluster’s name server', () => {
    expect(network.nameServer).toBe('10.96.0.10');
    expect(new ClusterNetwork([], []).nameServer).toBeUndefined();
  });

  it('are not the cluster’s for Pods that use their node’s name server', () => {
    const pod = (spec: Partial<Pod['spec']>): Pod => ({
      metadata: { name: 'p', uid: 'p' },
      spec: { containers: [], ...spec },
    });
    expect(usesClusterNames(pod({}))).toBe(true);
    expect(usesClusterNames(pod({ hostNetwork: true }))).toBe(false);
    expect(usesClusterNames(pod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }))).toBe(true);
    expect(usesClusterNames(pod({ dnsPolicy: 'Default' }))).toBe(false);
  });
});

describe('translation', () => {
  it('takes the backends of a Service in turn, on their own port', () => {
    const at = (turn: number) => network.translate(TCP, { address: '10.96.0.7', port: 80 }, turn);
    expect([at(0), at(1), at(2)]).toEqual([
      { address: '10.244.1.2', port: 8080 },
      { address: '10.244.2.2', port: 8080 },
      { address: '10.244.1.2', port: 8080 },
    ]);
  });

  it('leaves alone what is no Service’s, and other protocols', () => {
    const pod = { address: '10.244.2.3', port: 5432 };
    expect(network.translate(TCP, pod, 0)).toEqual(pod);
    const place = { address: '10.96.0.7', port: 80 };
    expect(network.translate(UDP, place, 0)).toEqual(place);
  });

  it('finds nobody behind a Service without endpoints', () => {
    expect(network.translate(TCP, { address: '10.96.0.8', port: 80 }, 0)).toBeNull();
  });
});
