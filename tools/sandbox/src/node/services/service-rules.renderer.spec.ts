import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '../kube/kube-objects.js';
import { renderServiceRules } from './service-rules.renderer.js';
import { serviceTable } from './service-table.js';

const web: Service = {
  metadata: { name: 'web', namespace: 'shop', uid: 'w' },
  spec: { clusterIP: '10.96.1.1', ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
};

function slice(endpoints: EndpointSlice['endpoints']): EndpointSlice {
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid: 's', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: endpoints ?? [],
    ports: [{ name: 'http', port: 8080 }],
  };
}

const here = { addresses: ['10.244.1.5'], nodeName: 'node-1' };
const there = { addresses: ['10.244.2.5'], nodeName: 'node-2' };

function rules(service: Service, endpoints: EndpointSlice['endpoints'], isOverlay = false): string {
  return renderServiceRules({
    ports: serviceTable([service], [slice(endpoints)], 'node-1'),
    podNetwork: '10.244.0.0/16',
    isOverlay,
  });
}

describe('the service table', () => {
  const backends = (endpoints: EndpointSlice['endpoints']) =>
    serviceTable([web], [slice(endpoints)], 'node-1')[0]?.backends.map((backend) => backend.address);

  it('holds the ready endpoints', () => {
    expect(backends([here, { ...there, conditions: { ready: false } }])).toEqual(['10.244.1.5']);
  });

  it('falls back to endpoints that still serve while they end', () => {
    expect(backends([{ ...there, conditions: { ready: false, serving: true, terminating: true } }])).toEqual([
      '10.244.2.5',
    ]);
  });

  it('leaves out headless services', () => {
    expect(serviceTable([{ ...web, spec: { ...web.spec, clusterIP: 'None' } }], [], 'node-1')).toEqual([]);
  });
});

describe('service rules', () => {
  it('send a call to any of the backends with the same chance', () => {
    expect(rules(web, [here, there])).toContain(
      'dnat to numgen random mod 2 map { 0 : 10.244.1.5 . 8080, 1 : 10.244.2.5 . 8080 }',
    );
    expect(rules(web, [here, there])).toContain('tcp . 10.96.1.1 . 80 : goto svc_0');
  });

  it('refuse a port without backends, by service address and by node port', () => {
    const text = rules(web, []);
    expect(text).toContain(
      'set refused_addresses { type inet_proto . ipv4_addr . inet_service; elements = { tcp . 10.96.1.1 . 80 }; }',
    );
    expect(text).toContain(
      'set refused_node_ports { type inet_proto . inet_service; elements = { tcp . 30080 }; }',
    );
    expect(text).not.toContain('dnat to');
  });

  it('give calls to a node port the node’s address, except Local ones from outside', () => {
    const mark = 'meta mark set meta mark | 0x4000';
    expect(rules(web, [here, there])).toContain(`svc_0_node {\n    ${mark}\n`);
    const local = rules({ ...web, spec: { ...web.spec, externalTrafficPolicy: 'Local' } }, [here, there]);
    expect(local).toContain(`    ip saddr 10.244.0.0/16 ${mark}`);
    expect(local).toContain('    meta l4proto tcp dnat to 10.244.1.5:8080\n  }');
  });

  it('drop calls from outside to a Local node port on a node without a Pod', () => {
    const local = rules({ ...web, spec: { ...web.spec, externalTrafficPolicy: 'Local' } }, [there]);
    expect(local).toContain('    drop\n  }');
  });

  it('hide Pods behind their node only in an overlay', () => {
    expect(rules(web, [here], true)).toContain('ip saddr 10.244.0.0/16 ip daddr != 10.244.0.0/16 masquerade');
    expect(rules(web, [here])).not.toContain('ip daddr != 10.244.0.0/16 masquerade');
  });

  it('are the same text for the same input in another order', () => {
    expect(rules(web, [there, here])).toBe(rules(web, [here, there]));
  });
});
