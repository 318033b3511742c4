import { describe, expect, it } from 'vitest';
import { namespaceManifests, withLastApplied, withoutServersOwn } from './manifests.js';
import type { Manifest } from './manifests.js';
import { withRoles } from './roles.js';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const deployment: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { template: { metadata: {}, spec: { containers: [] } } } as Manifest['spec'] & object,
};

describe("the user's manifests", () => {
  it('carry what kubectl compares with, so that `kubectl apply` of a changed file also takes things away', () => {
    const [applied] = withRoles([withLastApplied(deployment)]).manifests;
    expect(JSON.parse(applied!.metadata.annotations![LAST_APPLIED]!)).toEqual(deployment);
    expect(applied!.spec!.template!.metadata!.annotations).toEqual({ 'ringfence.io/role': 'web' });
  });

  it('carry no more than an annotation may hold', () => {
    const metadata = { name: 'big', annotations: { text: 'x'.repeat(250_000) } };
    const big: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    expect(withLastApplied(big)).toEqual(big);
  });

  it('leave behind the identity that they had in the cluster from which they were exported', () => {
    const metadata = { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '7', generation: 2 };
    const exported = { ...deployment, metadata: { ...metadata, creationTimestamp: null, managedFields: [] } };
    expect(withoutServersOwn(exported as Manifest)).toEqual(deployment);
  });

  it('keep the labels and annotations of their namespaces, and get the namespaces that they only name', () => {
    const described: Manifest = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'bank', annotations: { 'com.illumio.pairing_key': 'k' } },
    };
    const objects = [
      { manifest: deployment, place: 'app.yaml:1' },
      { manifest: described, place: 'app.yaml:9' },
    ];
    expect(namespaceManifests(objects)).toEqual([
      {
        manifest: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
        place: 'app.yaml:1',
      },
      { manifest: described, place: 'app.yaml:9' },
    ]);
  });
});
