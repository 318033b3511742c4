import { describe, expect, it } from 'vitest';
import { parseCalls } from './calls-file.js';
import { withCalls } from './calls.js';
import type { Manifest } from './manifests.js';

type Labels = Record<string, string>;
interface Container {
  env?: { name: string; value: string }[];
  envFrom?: object[];
  ports?: object[];
}
function workload(name: string, container: Container = {}, namespace = 'shop'): Manifest {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name, ...container }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { template },
  } as Manifest;
}
function service(
  name: string,
  port: number,
  targetPort: number | string = port,
  namespace = 'shop',
): Manifest {
  const spec = { selector: { app: name }, ports: [{ port, targetPort }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec } as Manifest;
}
function policy(spec: object, namespace = 'shop'): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace },
    spec,
  } as Manifest;
}
const env = (name: string, value: string): Container => ({ env: [{ name, value }] });
const app = (name: string): { podSelector: { matchLabels: Labels } } => ({
  podSelector: { matchLabels: { app: name } },
});

/** Workload → what its annotation says. */
function added(manifests: Manifest[], text = ''): Record<string, string | undefined> {
  const done = withCalls(manifests, parseCalls('calls.txt', text, manifests)).manifests;
  const workloads = done.filter(({ kind }) => kind === 'Deployment');
  return Object.fromEntries(
    workloads.flatMap(({ metadata, spec }) => {
      const said = spec?.template?.metadata?.annotations?.['sandbox/calls'];
      return said === undefined ? [] : [[metadata.name ?? '', said]];
    }),
  );
}

describe('calls', () => {
  const web = workload('web', env('API_HOST', 'api'));
  const shop = [web, workload('api'), service('api', 80, 8080), workload('db'), service('db', 5432)];

  it('that the manifests name are counted, and left to the stubs', () => {
    const settings = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', namespace: 'shop' },
      data: { DB: 'db:5432' },
    };
    const worker = workload('worker', { envFrom: [{ configMapRef: { name: 'c' } }] });
    const broken = workload('broken', { envFrom: [{ configMapRef: { name: 'missing' } }] });
    const all = [...shop, worker, settings as Manifest, broken];
    expect(withCalls(all, []).summary).toEqual({ found: 2, given: 0, byPolicies: 0, workloads: 5 });
    expect(added(all)).toEqual({});
  });

  it('of a workload whose Secret is made at run time are counted, too', () => {
    const worker = workload('worker', {
      ...env('DB', 'db:5432'),
      envFrom: [{ secretRef: { name: 'made' } }],
    });
    const made = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'made', namespace: 'shop' } };
    expect(withCalls([...shop, worker], [], [made]).summary.found).toBe(2);
  });

  it('that a file says are added to the stubs', () => {
    expect(added(shop, '# who calls\nweb db 5432\n\nshop/api   shop/db 5432/tcp  # twice\n')).toEqual({
      web: 'db.shop:5432',
      api: 'db.shop:5432',
    });
  });

  it.each([
    ['web api', 'calls.txt:1: "web api" is no call'],
    ['\nweb api 81', 'calls.txt:2: the Service shop/api has no port 81, only 80'],
    ['nobody api 80', 'there is no workload nobody in the manifests; there are shop/web'],
    ['web nothing 80', 'there is no Service nothing in the manifests; there are shop/api'],
  ])('in a file are refused with their line: %j', (text, expected) => {
    expect(() => parseCalls('calls.txt', text, shop)).toThrow(expected);
  });

  it('in a file say which, where two have the name', () => {
    const twice = [...shop, workload('api', {}, 'other'), service('api', 80, 80, 'other')];
    expect(() => parseCalls('calls.txt', 'web api 80', twice)).toThrow('api is one of shop/api, other/api');
    expect(parseCalls('calls.txt', 'web other/api 80', twice)).toMatchObject([{ to: 'other/api' }]);
  });

  it('by network policies are made by workloads that name nobody, to the Service of the allowed port', () => {
    const allowed = {
      ...app('api'),
      ingress: [{ from: [app('web'), app('db')], ports: [{ port: 'http' }] }],
    };
    const named = workload('api', { ports: [{ name: 'http', containerPort: 8080 }] });
    const all = [web, named, service('api', 80, 8080), workload('db'), policy(allowed)];
    expect(added(all)).toEqual({ db: 'api.shop:80' });
    expect(withCalls(all, []).summary).toMatchObject({ found: 1, byPolicies: 1 });
  });

  it('by network policies are read from both sides and across namespaces, and everybody is nobody', () => {
    const other = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } },
      podSelector: {},
    };
    const all = [
      workload('api'),
      service('api', 80),
      workload('job', {}, 'other'),
      policy({
        ...app('api'),
        ingress: [{ from: [other] }, {}, { from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
      }),
      workload('mail'),
      service('mail', 25),
      policy({ ...app('api'), egress: [{ to: [app('mail')], ports: [{ port: 25 }] }] }),
    ];
    expect(added(all)).toEqual({ job: 'api.shop:80', api: 'mail.shop:25' });
  });
});
