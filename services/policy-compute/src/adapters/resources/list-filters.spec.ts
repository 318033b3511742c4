import { API, PROVISIONABLE_TYPES } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../objects/kinds.js';

describe('what a list of policy objects may be narrowed by', () => {
  it.each(PROVISIONABLE_TYPES)('is described, of %s', (type) => {
    const described = Object.keys(API[type]?.query ?? {});
    const own = Object.keys(kindOf(type).filters ?? {});
    expect(own.filter((name) => !described.includes(name))).toEqual([]);
  });
});
