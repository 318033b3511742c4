import type { GrantedLabel } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { liesWithin } from './granted-scope.js';

const label = (key: string, id: string): GrantedLabel => ({ kind: 'label', key, id });
const group = (key: string, id: string): GrantedLabel => ({ kind: 'label_group', key, id });
const GROUPS: Readonly<Record<string, readonly string[]>> = { shops: ['1', '2'], empty: [] };
const within = (scope: readonly GrantedLabel[], ...carried: readonly (readonly string[])[]): boolean =>
  liesWithin(scope, carried, (id) => GROUPS[id] ?? []);

describe('a scope that was given', () => {
  it('of nothing is everywhere', () => {
    expect(within([])).toBe(true);
    expect(within([], ['1'])).toBe(true);
  });

  it('takes one label of each of its types', () => {
    const scope = [label('app', '1'), label('app', '2'), label('env', '7')];
    expect(within(scope, ['2'], ['7'])).toBe(true);
    expect(within(scope, ['2'], ['7'], ['9'])).toBe(true);
    expect(within(scope, ['2'])).toBe(false);
    expect(within(scope, ['3'], ['7'])).toBe(false);
    expect(within(scope)).toBe(false);
  });

  it('counts a group for its labels, and one that is not there, or empty, for none', () => {
    expect(within([group('app', 'shops')], ['2'])).toBe(true);
    expect(within([group('app', 'shops')], ['3'])).toBe(false);
    expect(within([group('app', 'shops'), label('app', '3')], ['3'])).toBe(true);
    for (const id of ['empty', 'unheard of']) expect(within([group('app', id)], ['1'])).toBe(false);
    expect(within([group('app', 'unheard of'), group('env', 'shops')], ['1'])).toBe(false);
  });

  it('holds nothing that may be something else', () => {
    expect(within([label('app', '1')], ['1', '2'])).toBe(false);
    expect(within([group('app', 'shops')], ['1', '2'])).toBe(true);
    expect(within([label('app', '1')], [])).toBe(false);
  });
});
