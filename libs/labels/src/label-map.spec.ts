import { describe, expect, it } from 'vitest';
import { mapLabels } from './label-map.js';
import type { LabelMapEntry } from './label-map.js';

const entry = (fromKey: string, toKey: string, more: Partial<LabelMapEntry> = {}): LabelMapEntry => ({
  ...{ fromKey, toKey, allowCreate: false, values: null },
  ...more,
});
const mapped = (map: readonly LabelMapEntry[], labels: Record<string, string>) =>
  mapLabels(map, (key) => labels[key]).map(({ key, value, from }) => `${from}: ${key}=${value}`);

describe('a label map', () => {
  it('takes a value over, one for each type, from the first entry that has one', () => {
    const map = [entry('component', 'role'), entry('app', 'role'), entry('stage', 'env')];
    expect(mapped(map, { component: 'cache', app: 'shop' })).toEqual(['component: role=cache']);
    expect(mapped(map, { component: '', app: 'shop', stage: 'prod' })).toEqual([
      'app: role=shop',
      'stage: env=prod',
    ]);
    expect(mapped(map, {})).toEqual([]);
  });

  it('maps listed values only, where some are listed, and leaves the others to the next entry', () => {
    const map = [
      entry('tier', 'role', { values: new Map([['fe', 'Web']]) }),
      entry('app', 'role', { allowCreate: true }),
    ];
    expect(mapped(map, { tier: 'fe', app: 'shop' })).toEqual(['tier: role=Web']);
    expect(mapped(map, { tier: 'be', app: 'shop' })).toEqual(['app: role=shop']);
    expect(mapLabels(map, () => 'x')).toEqual([{ key: 'role', value: 'x', from: 'app', allowCreate: true }]);
  });
});
