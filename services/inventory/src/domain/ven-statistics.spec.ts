import { expect, it } from 'vitest';
import { venStatistics } from './ven-statistics.js';
import type { VenValues } from './ven-statistics.js';

const ven = (status: string, condition: string[] = []): VenValues => ({
  ...{ status: [status], condition, version: ['0.1.0'], health: ['healthy'], os_id: [] },
  ...{ enforcement_mode: ['full'], ven_type: ['containerized'] },
});
const vens = [ven('active'), ven('active', ['late', 'lost']), ven('stopped', ['late'])];

it('counts the values of a property, those that were asked for also where nobody has them', () => {
  expect(venStatistics(vens, { property: 'condition' })).toEqual([
    { value: 'late', count: 2 },
    { value: 'lost', count: 1 },
  ]);
  expect(venStatistics(vens, { property: 'status', values: ['active', 'suspended'] })).toEqual([
    { value: 'active', count: 2 },
    { value: 'suspended', count: 0 },
  ]);
});

it('counts only VENs that have one of the values of each filter', () => {
  const filters = [{ filter_property: 'status' as const, values: ['active'] }];
  expect(venStatistics(vens, { property: 'condition', filters })).toEqual([
    { value: 'late', count: 1 },
    { value: 'lost', count: 1 },
  ]);
});
