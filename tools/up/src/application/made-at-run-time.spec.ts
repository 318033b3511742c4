import { describe, expect, it } from 'vitest';
import { madeAtRunTime } from './made-at-run-time.js';
import type { Manifest } from './manifests.js';

const made = (...manifests: object[]) =>
  madeAtRunTime(
    manifests.map((manifest, index) => ({ manifest: manifest as Manifest, place: `app.yaml:${index}` })),
  ).map(({ manifest, maker }) => [
    manifest.kind,
    `${manifest.metadata.namespace}/${manifest.metadata.name}`,
    maker,
  ]);
const workload = (kind: string, spec: object): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web', namespace: 'shop' },
  spec: { template: { spec } },
});
const web = workload('Deployment', {
  containers: [
    {
      name: 'web',
      envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'maybe', optional: true } }],
      env: [{ name: 'PW', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }],
    },
  ],
  volumes: [
    { name: 'tls', projected: { sources: [{ secret: { name: 'web-tls', items: [{ key: 'tls.crt' }] } }] } },
  ],
});

describe('what an application would make at run time', () => {
  it('is made when a program of it names it, with the keys that are asked for', () => {
    const job = workload('Job', {
      containers: [
        { name: 'c', command: ['sh', '-c', 'kubectl create secret generic db --from-literal=password=1'] },
      ],
    });
    expect(made(web, job)).toEqual([['Secret', 'shop/db', 'Job web']]);
    const objects = [web, job].map((each) => ({ manifest: each as Manifest, place: '' }));
    expect(madeAtRunTime(objects)[0]?.manifest).toMatchObject({
      stringData: { password: expect.any(String) },
    });
  });

  it('is made when a custom resource or a role names it', () => {
    const certificate = {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: 'c' },
      spec: { secretName: 'web-tls' },
    };
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'r' },
      rules: [{ resourceNames: ['settings'] }],
    };
    expect(made(web, certificate, role)).toEqual([
      ['ConfigMap', 'shop/settings', 'Role r'],
      ['Secret', 'shop/web-tls', 'Certificate c'],
    ]);
  });

  it('is not what nobody makes, what is there, or what need not be there', () => {
    const database = workload('StatefulSet', { containers: [{ name: 'db', args: ['--host', 'db'] }] });
    expect(made(web, database)).toEqual([]);
    const given = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' } };
    const job = workload('Job', {
      containers: [],
      initContainers: [{ name: 'c', args: ['create', 'secret', 'db', 'maybe'] }],
    });
    expect(made(web, given, job)).toEqual([]);
  });
});
