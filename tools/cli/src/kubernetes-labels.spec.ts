import { describe, expect, it } from 'vitest';
import { parseLabels } from './commands/label.js';
import { labelPatch } from './kubernetes-labels.js';
import { REFUSAL_COLUMNS, refusalsOf } from './refused-annotations.js';

describe('labels on the command line', () => {
  it('are given as type=value and taken away as type-', () => {
    expect([...parseLabels(['role=web', 'env-', 'tier-2=a=b'])]).toEqual([
      ['role', 'web'],
      ['env', null],
      ['tier-2', 'a=b'],
    ]);
    expect(() => parseLabels(['role'])).toThrow('write role=web');
    expect(() => parseLabels(['=web'])).toThrow('is no label');
  });
});

describe('a Kubernetes workload is labelled', () => {
  const labels = new Map([
    ['role', 'web'],
    ['env', null],
  ]);
  const annotations = { 'ringfence.io/role': 'web', 'ringfence.io/env': null };
  const patch = (kind: string) => labelPatch({ namespace: 'shop', name: 'web', kind }, labels);

  it('where the annotation of its kind is read', () => {
    expect(patch('Deployment')).toEqual({
      path: '/apis/apps/v1/namespaces/shop/deployments/web',
      body: { spec: { template: { metadata: { annotations } } } },
    });
    expect(patch('CronJob').body).toEqual({
      spec: { jobTemplate: { spec: { template: { metadata: { annotations } } } } },
    });
    expect(patch('Service')).toEqual({
      path: '/api/v1/namespaces/shop/services/web',
      body: { metadata: { annotations } },
    });
  });

  it('not once it runs, where its template cannot change', () => {
    expect(() => patch('Job')).toThrow('cannot be labelled once it exists');
  });
});

describe('an annotation that got no label', () => {
  it('is shown with what mends it', () => {
    const refused = { key: 'role', annotation: 'ringfence.io/role', value: 'web' };
    const rows = refusalsOf([
      { namespace: 'shop', name: 'api' },
      {
        namespace: 'shop',
        name: 'web',
        ringfence_refused_annotations: [{ ...refused, reason: 'no-such-label' }],
      },
    ]);
    expect(rows.map((row) => REFUSAL_COLUMNS.map(({ value }) => value(row)))).toEqual([
      ['shop/web', 'ringfence.io/role: web', 'no such label: ringfence labels create role web'],
    ]);
  });
});
