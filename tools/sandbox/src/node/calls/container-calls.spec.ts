import { describe, expect, it } from 'vitest';
import type { EnvironmentSources } from '../kubelet/environment.js';
import type { ContainerSpec, Pod } from '../kube/kube-objects.js';
import { containerCalls } from './container-calls.js';

const properties = 'cart.url=http://cart:7070\n';
const sources: EnvironmentSources = {
  data: new Map<string, Record<string, string>>([
    ['configmap/settings', { 'app.properties': properties, 'other.properties': 'x=http://other:80' }],
    ['secret/database', { uri: 'postgres://u:p@db/shop' }],
  ]),
  podAddress: '10.244.1.5',
  hostAddress: '172.30.0.11',
  services: [],
};
function podWith(main: Partial<ContainerSpec>, spec: Partial<Pod['spec']> = {}, annotations = {}): Pod {
  const labels = { upstream: 'api:8080' };
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', labels, annotations },
    spec: { containers: [{ name: 'main', ...main }, { name: 'proxy' }], ...spec },
  };
}
const called = (pod: Pod, index = 0): string[] =>
  containerCalls(pod, pod.spec.containers[index]!, sources).map(({ host, port }) => `${host}:${port}`);

describe('whom a container calls', () => {
  it('is in the config maps and secrets that are mounted into it, and in no others', () => {
    const volumes = [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'secrets', projected: { sources: [{ secret: { name: 'database' } }] } },
    ];
    const mounted = podWith({ volumeMounts: [{ name: 'settings' }, { name: 'secrets' }] }, { volumes });
    expect(called(mounted)).toEqual(['cart:7070', 'other:80', 'db:5432']);
    expect(called(mounted, 1)).toEqual([]);
  });

  it('is in the chosen files only, where files are chosen', () => {
    const bySubPath = podWith(
      { volumeMounts: [{ name: 'settings', subPath: 'app.properties' }] },
      { volumes: [{ name: 'settings', configMap: { name: 'settings' } }] },
    );
    const items = [{ key: 'other.properties', path: 'renamed.properties' }];
    const byItem = podWith(
      { volumeMounts: [{ name: 'settings' }] },
      { volumes: [{ name: 'settings', configMap: { name: 'settings', items } }] },
    );
    expect([called(bySubPath), called(byItem)]).toEqual([['cart:7070'], ['other:80']]);
  });

  it('is in no label of the Pod, although its environment repeats it', () => {
    const fieldRef = { fieldPath: "metadata.labels['upstream']" };
    expect(called(podWith({ env: [{ name: 'UPSTREAM', valueFrom: { fieldRef } }] }))).toEqual([]);
  });

  it('is what the annotation adds, for the first container and once', () => {
    const env = [{ name: 'API', value: 'http://api:8080' }];
    const pod = podWith({ env }, {}, { 'sandbox/calls': 'api:8080, dns:53/udp nonsense' });
    expect([called(pod), called(pod, 1)]).toEqual([['api:8080', 'dns:53'], []]);
  });
});
