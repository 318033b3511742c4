import { describe, expect, it } from 'vitest';
import { shownWorkloadNames, workloadNames } from './policy-names.js';
import type { NamedWorkload } from './policy-names.js';

const of = (kind: string, name: string): NamedWorkload => ({
  href: `/w/${kind}-${name}`,
  namespace: 'shop',
  name,
  kind,
});

describe('names of workloads', () => {
  it('mean a Service only where they say so: its Pods have a workload of the same name', () => {
    expect([of('Deployment', 'db'), of('Service', 'db')].map(workloadNames)).toEqual([
      ['shop/db', 'deployment:shop/db'],
      ['service:shop/db'],
    ]);
    expect(workloadNames({ href: '/w/1', name: null, hostname: 'host-1' })).toEqual(['host-1']);
  });

  it('are shown with the kind in front where two have one name', () => {
    const shown = shownWorkloadNames([
      of('Deployment', 'db'),
      of('Service', 'db'),
      of('Job', 'db'),
      of('Job', 'once'),
    ]);
    expect([...shown.values()]).toEqual([
      'deployment:shop/db',
      'service:shop/db',
      'job:shop/db',
      'shop/once',
    ]);
  });
});
