import { describe, expect, it } from 'vitest';
import { flowColumns } from './flow-table.js';
import { flow, workload } from './testing/flow-examples.js';

describe('a line of a flow', () => {
  it('names who answers, and the Service on the way where that is called otherwise', () => {
    const destination = flowColumns(new Map()).find(({ title }) => title === 'DESTINATION')!;
    const service = { namespace: 'shop', name: 'db' };
    const ends = [
      { ...workload('shop', 'db-v1'), service },
      { ...workload('shop', 'db'), service },
      { ...workload('shop', 'db', { kind: 'Service' }), service },
      { ip: '10.96.0.9', service },
    ];
    expect(ends.map((to) => destination.value(flow({ to })))).toEqual([
      'shop/db-v1 (via db)',
      'shop/db',
      'shop/db (service)',
      'shop/db (service)',
    ]);
  });
});
