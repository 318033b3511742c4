/** The map of the sandbox says of what comes later what the launcher says of what it deploys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ClusterFactsCalculator,
  controllerFacts,
  labelMapFacts,
  objectOf,
  serviceFacts,
} from '@ringfence/cluster-facts';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Manifest } from './application/manifests.js';
import { withRoles } from './application/roles.js';
import { ROOT } from './entry-points.js';

type Labels = Record<string, string>;
const workload = (name: string, labels: Labels): Manifest => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop' } },
  spec: { template: { metadata: { labels }, spec: { containers: [{ name }] } } } as NonNullable<
    Manifest['spec']
  >,
});
const service = (name: string, selector: Labels): Manifest => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' } },
  spec: { selector } as NonNullable<Manifest['spec']>,
});
const APPLICATION = [
  workload('a', { 'app.kubernetes.io/component': 'cache', 'app.kubernetes.io/name': 'redis', app: 'x' }),
  workload('b', { 'app.kubernetes.io/name': 'mongo', app: 'y' }),
  workload('reviews-v1', { app: 'reviews', version: 'v1' }),
  workload('reviews-v2', { app: 'reviews', version: 'v2' }),
  service('reviews-service', { app: 'reviews' }),
  workload('d-v1', { tier: 'd' }),
  service('d', { tier: 'd' }),
  workload('e', {}),
  service('nobodys', { tier: 'gone' }),
];

const kubeObject = (manifest: unknown) => {
  const { metadata, ...rest } = manifest as Manifest;
  return objectOf({ ...rest, metadata: { ...metadata, uid: metadata.name, resourceVersion: '1' } })!;
};

function rolesByMap(manifests: readonly Manifest[]): Record<string, string | undefined> {
  const calculator = new ClusterFactsCalculator();
  const text = readFileSync(join(ROOT, 'deploy', 'kubernetes', 'label-map.yaml'), 'utf8');
  const map = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  calculator.apply('labelMap', 'm', labelMapFacts(kubeObject(map.find(({ kind }) => kind === 'LabelMap'))));
  for (const manifest of manifests) {
    const { kind, metadata } = manifest;
    const uid = `${kind}/${metadata.name}`;
    if (kind === 'Service') calculator.apply('service', uid, serviceFacts(kubeObject(manifest)));
    else calculator.apply('controller', uid, controllerFacts(kind)(kubeObject(manifest)));
  }
  const told = calculator.flush({ waitForOwners: false }).filter(({ kind }) => kind === 'workload');
  return Object.fromEntries(
    told.map(({ uid, facts }) => [uid, (facts?.['mapped'] as { value: string }[])[0]?.value]),
  );
}

describe('the label map of the sandbox', () => {
  it('gives the roles that the launcher gives', () => {
    const given = withRoles(APPLICATION).manifests.map(({ kind, metadata, spec }) => [
      `${kind}/${metadata.name}`,
      (spec?.template?.metadata ?? metadata).annotations?.['ringfence.io/role'],
    ]);
    expect(rolesByMap(APPLICATION)).toEqual(Object.fromEntries(given));
  });
});
