import { describe, expect, it } from 'vitest';
import type { Manifest } from './manifests.js';
import { withRoles } from './roles.js';

type Labels = Record<string, string>;
function workload(name: string, labels: Labels, annotations?: Labels, kind = 'Deployment'): Manifest {
  const template = {
    metadata: { labels, ...(annotations && { annotations }) },
    spec: { containers: [{ name }] },
  };
  const spec = kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template };
  return { apiVersion: 'apps/v1', kind, metadata: { name, namespace: 'shop' }, spec } as Manifest;
}
function service(name: string, selector: Labels, annotations?: Labels): Manifest {
  const metadata = { name, namespace: 'shop', ...(annotations && { annotations }) };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector } } as Manifest;
}
/** `kind/name` → role. */
function rolesOf(...manifests: Manifest[]): Record<string, string | undefined> {
  return Object.fromEntries(
    withRoles(manifests).manifests.map(({ kind, metadata, spec }) => {
      const template = spec?.template ?? spec?.jobTemplate?.spec?.template;
      const annotations = (template?.metadata ?? metadata).annotations ?? {};
      return [`${kind}/${metadata.name}`, annotations['ringfence.io/role']];
    }),
  );
}
const COMPONENT = 'app.kubernetes.io/component';
const NAME = 'app.kubernetes.io/name';

describe('the role of a workload', () => {
  it('is its component label, else its name label, else its app label, else its Service, else its name', () => {
    expect(
      rolesOf(
        workload('a', { [COMPONENT]: 'cache', [NAME]: 'redis', app: 'x' }),
        workload('b', { [NAME]: 'mongo', app: 'y' }),
        workload('c', { app: 'web' }),
        workload('d-v1', { tier: 'd' }),
        service('d', { tier: 'd' }),
        workload('e', {}, undefined, 'CronJob'),
      ),
    ).toEqual({
      'Deployment/a': 'cache',
      'Deployment/b': 'mongo',
      'Deployment/c': 'web',
      'Deployment/d-v1': 'd',
      'Service/d': 'd',
      'CronJob/e': 'e',
    });
  });

  it('is shared by a Service and all Deployments behind it', () => {
    expect(
      rolesOf(
        workload('reviews-v1', { app: 'reviews', version: 'v1' }),
        workload('reviews-v2', { app: 'reviews', version: 'v2' }),
        service('reviews-service', { app: 'reviews' }),
      ),
    ).toEqual({
      'Deployment/reviews-v1': 'reviews',
      'Deployment/reviews-v2': 'reviews',
      'Service/reviews-service': 'reviews',
    });
  });

  it('is no label that workloads behind different Services share', () => {
    expect(
      rolesOf(
        workload('wordpress', { app: 'wordpress', tier: 'frontend' }),
        workload('wordpress-mysql', { app: 'wordpress', tier: 'mysql' }),
        service('wordpress', { app: 'wordpress', tier: 'frontend' }),
        service('wordpress-mysql', { app: 'wordpress', tier: 'mysql' }),
      ),
    ).toEqual({
      'Deployment/wordpress': 'wordpress',
      'Deployment/wordpress-mysql': 'wordpress-mysql',
      'Service/wordpress': 'wordpress',
      'Service/wordpress-mysql': 'wordpress-mysql',
    });
  });

  it('is what a person has annotated, and its Service follows', () => {
    const { manifests, roles } = withRoles([
      workload('api', { app: 'api' }, { 'com.illumio.role': 'backend' }),
      service('api', { app: 'api' }),
    ]);
    expect(manifests[0]!.spec!.template!.metadata!.annotations).toEqual({ 'com.illumio.role': 'backend' });
    expect(manifests[1]!.metadata.annotations).toEqual({ 'ringfence.io/role': 'backend' });
    expect(roles).toEqual(['backend']);
  });

  it('leaves the manifests that were read as they are', () => {
    const given = [workload('a', {})];
    const before = structuredClone(given);
    withRoles(given);
    expect(given).toEqual(before);
  });
});

describe('a Service with several roles behind it', () => {
  it('goes by its own name', () => {
    expect(
      rolesOf(
        workload('a', { [COMPONENT]: 'a', shared: 'yes' }),
        workload('b', { [COMPONENT]: 'b', shared: 'yes' }),
        service('both', { shared: 'yes' }),
      )['Service/both'],
    ).toBe('both');
  });
});
