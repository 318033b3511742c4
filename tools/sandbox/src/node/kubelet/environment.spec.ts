import { describe, expect, it } from 'vitest';
import type { ContainerSpec, Pod, Service } from '../kube/kube-objects.js';
import {
  containerEnvironment,
  type EnvironmentSources,
  expandReferences,
  MissingReference,
} from './environment.js';

const pod: Pod = {
  metadata: { name: 'cart-1', namespace: 'shop', uid: 'u', labels: { tier: 'back' } },
  spec: { nodeName: 'node-1', containers: [] },
};
const redis: Service = {
  metadata: { name: 'redis-cart', namespace: 'shop', uid: 's' },
  spec: { clusterIP: '10.96.1.1', ports: [{ name: 'tcp', port: 6379 }] },
};
const kubernetes: Service = {
  metadata: { name: 'kubernetes', namespace: 'default', uid: 'k' },
  spec: { clusterIP: '10.96.0.1', ports: [{ port: 443 }] },
};

function environment(container: Partial<ContainerSpec>, sources: Partial<EnvironmentSources> = {}) {
  const complete = {
    data: new Map(),
    podAddress: '10.244.1.5',
    hostAddress: '172.30.0.11',
    services: [],
    ...sources,
  };
  return containerEnvironment(pod, { name: 'main', ...container }, complete);
}

describe('references', () => {
  it('are replaced, escaped ones are unescaped, unknown ones stay', () => {
    expect(expandReferences('$(A)-$$(A)-$(B)-$A', { A: 'x' })).toBe('x-$(A)-$(B)-$A');
  });
});

describe('the environment of a container', () => {
  it('takes values in order, so that later ones can use earlier ones', () => {
    const env = [
      { name: 'HOST', value: 'db' },
      { name: 'URL', value: 'tcp://$(HOST):$(PORT)' },
      { name: 'PORT', value: '1' },
    ];
    expect(environment({ env }).declared).toEqual({ HOST: 'db', URL: 'tcp://db:$(PORT)', PORT: '1' });
  });

  it('takes fields of the Pod', () => {
    const paths = [
      'metadata.name',
      'metadata.namespace',
      'spec.nodeName',
      'status.podIP',
      'status.hostIP',
      "metadata.labels['tier']",
    ];
    const env = paths.map((fieldPath) => ({ name: fieldPath, valueFrom: { fieldRef: { fieldPath } } }));
    expect(Object.values(environment({ env }).declared)).toEqual([
      'cart-1',
      'shop',
      'node-1',
      '10.244.1.5',
      '172.30.0.11',
      'back',
    ]);
  });

  it('takes whole config maps and secrets, with a prefix if asked, and single keys of them', () => {
    const data = new Map<string, Record<string, string>>([
      ['configmap/c', { A: '1' }],
      ['secret/s', { B: '2' }],
    ]);
    const envFrom = [{ prefix: 'P_', configMapRef: { name: 'c' } }, { secretRef: { name: 's' } }];
    const env = [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'B' } } }];
    expect(environment({ env, envFrom }, { data }).declared).toEqual({ P_A: '1', B: '2', X: '2' });
  });

  it('refuses a reference to nothing unless that is optional', () => {
    expect(() => environment({ envFrom: [{ configMapRef: { name: 'c' } }] })).toThrow(MissingReference);
    const keyOf = { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] };
    expect(() => environment(keyOf)).toThrow(new MissingReference('secret "s" not found'));
    const data = new Map([['secret/s', { other: '1' }]]);
    expect(() => environment(keyOf, { data })).toThrow(
      new MissingReference("couldn't find key k in Secret shop/s"),
    );
    const env = [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'k', optional: true } } }];
    expect(environment({ env, envFrom: [{ secretRef: { name: 's', optional: true } }] }).declared).toEqual(
      {},
    );
  });

  it('names the services of its namespace and the API server apart from what the Pod says', () => {
    const { declared, injected } = environment(
      { env: [{ name: 'R', value: '$(REDIS_CART_SERVICE_HOST)' }] },
      { services: [redis, kubernetes] },
    );
    expect(declared).toEqual({ R: '10.96.1.1' });
    expect(injected).toMatchObject({
      REDIS_CART_SERVICE_HOST: '10.96.1.1',
      REDIS_CART_SERVICE_PORT: '6379',
      REDIS_CART_SERVICE_PORT_TCP: '6379',
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
    });
  });
});
