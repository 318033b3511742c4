import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec, Service } from '../kube/kube-objects.js';
import { listenPorts } from './listen-ports.js';

const pod = (spec: PodSpec): Pod => ({
  metadata: { name: 'web-1', namespace: 'shop', uid: '1', labels: { app: 'web' } },
  spec,
});
function ports(spec: PodSpec, services: readonly Service[] = []): Record<string, string[]> {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  return Object.fromEntries(all.map((one) => [one.name, listenPorts(pod(spec), one, services)]));
}
const service = (spec: Service['spec'], namespace = 'shop'): Service => ({
  metadata: { name: 'web', namespace, uid: '2' },
  spec: { selector: { app: 'web' }, ...spec },
});

describe('the ports that a stub listens on', () => {
  it('are those that its container declares', () => {
    const declared = [
      { containerPort: 80 },
      { containerPort: 53, protocol: 'UDP' },
      { containerPort: 9, protocol: 'SCTP' },
    ];
    expect(ports({ containers: [{ name: 'a', ports: declared }] })).toEqual({ a: ['tcp:80', 'udp:53'] });
  });

  it('are those of probes and hooks, by number and by name', () => {
    const container = {
      name: 'a',
      ports: [{ name: 'admin', containerPort: 9000 }],
      livenessProbe: { httpGet: { port: 'admin' } },
      readinessProbe: { tcpSocket: { port: 8081 } },
      startupProbe: { grpc: { port: 8082 } },
      lifecycle: { preStop: { httpGet: { port: 8083 } } },
    };
    expect(ports({ containers: [container] })).toEqual({
      a: ['tcp:9000', 'tcp:8081', 'tcp:8082', 'tcp:8083'],
    });
  });

  it('have one listener each: who declares it, before who only asks for it', () => {
    const asking = { name: 'a', readinessProbe: { httpGet: { port: 8080 } } };
    const sidecar = { name: 's', restartPolicy: 'Always' as const, ports: [{ containerPort: 15000 }] };
    const spec = {
      initContainers: [sidecar, { name: 'first', ports: [{ containerPort: 1 }] }],
      containers: [asking, { name: 'b', ports: [{ containerPort: 8080 }] }],
    };
    expect(ports(spec)).toEqual({ s: ['tcp:15000'], first: [], a: [], b: ['tcp:8080'] });
  });

  it('are the targets of Services that select the Pod, of none else', () => {
    const spec = {
      containers: [{ name: 'a', ports: [{ name: 'http', containerPort: 8080 }] }, { name: 'b' }],
    };
    const selecting = service({
      ports: [{ port: 80, targetPort: 'http' }, { port: 443 }, { port: 7, targetPort: 'nobody' }],
    });
    expect(ports(spec, [selecting])).toEqual({ a: ['tcp:8080', 'tcp:443'], b: [] });
    expect(ports(spec, [service({ ports: [{ port: 443 }] }, 'bank')])).toEqual({ a: ['tcp:8080'], b: [] });
    expect(ports(spec, [service({ selector: {}, ports: [{ port: 443 }] })])).toEqual({
      a: ['tcp:8080'],
      b: [],
    });
  });
});
