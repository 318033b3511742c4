import type { ContainerSpec, EnvironmentSources, Pod, Service } from '@ringfence/sandbox';
import { describe, expect, it } from 'vitest';
import { callPlan } from './call-plan.js';

const sources = (data: Record<string, Record<string, string>> = {}): EnvironmentSources => ({
  data: new Map(Object.entries(data)),
  podAddress: '10.244.1.5',
  hostAddress: '172.30.0.11',
  services: [] as Service[],
});
const container = (name: string, spec: Partial<ContainerSpec> = {}): ContainerSpec => ({ name, ...spec });
const pod = (spec: Partial<Pod['spec']>): Pod => ({
  metadata: { name: 'web-1', namespace: 'shop', uid: 'u1' },
  spec: { containers: [container('main')], ...spec },
});
const env = (name: string, value: string): Partial<ContainerSpec> => ({ env: [{ name, value }] });

describe('what a Pod calls', () => {
  it('is what its environment names', () => {
    const plan = callPlan(
      pod({ containers: [container('main', env('API_URL', 'http://api:8081'))] }),
      sources(),
    );
    expect(plan).toEqual({ once: [], regularly: [{ protocol: 'http', host: 'api', port: 8081 }] });
  });

  it('includes what config maps and arguments name', () => {
    const main = container('main', {
      envFrom: [{ configMapRef: { name: 'settings' } }],
      args: ['--cache=$(CACHE)'],
    });
    const plan = callPlan(
      pod({ containers: [main] }),
      sources({ 'configmap/settings': { DB_URL: 'postgres://db/shop', CACHE: 'redis://cache' } }),
    );
    expect(plan.regularly.map(({ host, port }) => `${host}:${port}`)).toEqual(['db:5432', 'cache:6379']);
  });

  it('is called once by init containers, and again and again by sidecars', () => {
    const initContainers = [
      container('migrate', env('DB', 'tcp://db:5432')),
      container('proxy', { ...env('UPSTREAM', 'tcp://mesh:9090'), restartPolicy: 'Always' }),
    ];
    const plan = callPlan(pod({ initContainers }), sources());
    expect(plan.once.map(({ host }) => host)).toEqual(['db']);
    expect(plan.regularly.map(({ host }) => host)).toEqual(['mesh']);
  });

  it('is never the Pod itself', () => {
    const main = container('main', env('LISTEN', 'http://10.244.1.5:8080'));
    expect(callPlan(pod({ containers: [main] }), sources()).regularly).toEqual([]);
  });

  it('cannot be told while the Pod refers to something that does not exist', () => {
    const main = container('main', { envFrom: [{ configMapRef: { name: 'missing' } }] });
    expect(() => callPlan(pod({ containers: [main] }), sources())).toThrow('missing');
  });
});
