import type { Grant, GrantedLabel } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { isWithin } from './reach.js';

const label = (key: string, id: string): GrantedLabel => ({ kind: 'label', key, id });
const manager = (...scope: GrantedLabel[]): Grant => ({ role: 'workload_manager', scope });
const group = { kind: 'label_group', key: 'app', id: 'g' } as const;
const within = (labels: readonly string[], ...grants: Grant[]): boolean =>
  isWithin(labels, grants, (id) => (id === 'g' ? ['1', '2'] : []));

describe('how far a workload manager reaches', () => {
  it('is to what carries what he was given, everywhere without a scope', () => {
    expect(within(['1', '7'], manager(label('app', '1'), label('env', '7')))).toBe(true);
    expect(within(['1'], manager(label('app', '1'), label('env', '7')))).toBe(false);
    expect(within([], manager(label('app', '1')))).toBe(false);
    expect(within([], manager())).toBe(true);
    expect(within(['2'], manager(group))).toBe(true);
    expect(within(['3'], manager(group))).toBe(false);
  });

  it('is that of one of his grants, and not of several mixed, nor of other roles', () => {
    const both = [manager(label('app', '1'), label('env', '7')), manager(label('app', '2'))];
    expect(within(['2'], ...both)).toBe(true);
    expect(within(['1'], ...both)).toBe(false);
    expect(within(['1'])).toBe(false);
    expect(within(['1'], { role: 'ruleset_manager', scope: [] })).toBe(false);
  });
});
