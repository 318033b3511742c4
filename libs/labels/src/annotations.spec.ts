import { describe, expect, it } from 'vitest';
import { resolveLabels } from './annotations.js';
import { indexCatalogue } from './catalogue.js';

const catalogue = indexCatalogue({
  types: ['role', 'app', 'env', 'loc'],
  labels: [
    { id: '1', key: 'role', value: 'web' },
    { id: '2', key: 'app', value: 'shop' },
    { id: '3', key: 'env', value: 'production' },
    { id: '4', key: 'env', value: 'development' },
    { id: '5', key: 'env', value: 'test' },
    { id: '6', key: 'loc', value: 'amazon' },
    { id: '7', key: 'loc', value: 'azure' },
  ],
});
const any = { assignments: {} };

describe('labels of a Pod or Service', () => {
  it('follows the worked example: role none, app any, env of two, loc fixed', () => {
    const profile = {
      assignments: {
        role: { how: 'none' as const },
        env: { how: 'restricted' as const, labels: ['3', '4'] },
        loc: { how: 'fixed' as const, label: '6' },
      },
    };
    const annotations = {
      'com.illumio.role': 'web',
      'com.illumio.app': 'shop',
      'com.illumio.env': 'test',
      'com.illumio.loc': 'azure',
    };
    expect(resolveLabels(profile, catalogue, annotations)).toEqual({
      labels: ['2', '6'],
      refused: [
        { key: 'role', annotation: 'com.illumio.role', value: 'web', reason: 'none' },
        { key: 'env', annotation: 'com.illumio.env', value: 'test', reason: 'not-in-list' },
        { key: 'loc', annotation: 'com.illumio.loc', value: 'azure', reason: 'fixed' },
      ],
    });
  });

  it('assigns nothing for a label that does not exist, and says so', () => {
    expect(resolveLabels(any, catalogue, { 'com.illumio.app': 'bank' })).toEqual({
      labels: [],
      refused: [{ key: 'app', annotation: 'com.illumio.app', value: 'bank', reason: 'no-such-label' }],
    });
  });

  it('lets ringfence.io/ win where two prefixes disagree, and shows the other as refused', () => {
    const annotations = { 'com.illumio.env': 'test', 'ringfence.io/env': 'production' };
    expect(resolveLabels(any, catalogue, annotations)).toEqual({
      labels: ['3'],
      refused: [{ key: 'env', annotation: 'com.illumio.env', value: 'test', reason: 'other-prefix-wins' }],
    });
  });

  it('does not fall back to the other prefix when the winning one names nothing', () => {
    const annotations = { 'com.illumio.env': 'test', 'ringfence.io/env': 'mars' };
    expect(resolveLabels(any, catalogue, annotations).labels).toEqual([]);
  });

  it('takes two prefixes that agree as one', () => {
    const annotations = { 'com.illumio.env': 'test', 'ringfence.io/env': 'test' };
    expect(resolveLabels(any, catalogue, annotations)).toEqual({ labels: ['5'], refused: [] });
  });

  it('refuses nothing when an annotation repeats the fixed label', () => {
    const profile = { assignments: { loc: { how: 'fixed' as const, label: '6' } } };
    expect(resolveLabels(profile, catalogue, { 'com.illumio.loc': 'amazon' })).toEqual({
      labels: ['6'],
      refused: [],
    });
  });

  it('gives no one a say over a type whose fixed label was deleted', () => {
    const profile = { assignments: { loc: { how: 'fixed' as const, label: '99' } } };
    const resolved = resolveLabels(profile, catalogue, { 'com.illumio.loc': 'azure' });
    expect(resolved.labels).toEqual([]);
    expect(resolved.refused[0]?.reason).toBe('fixed');
  });

  it('leaves annotations alone that name no label type', () => {
    const annotations = { 'com.illumio.pairing_key': 'x', 'com.illumio.readiness-gate-timer': '5' };
    expect(resolveLabels(any, catalogue, annotations)).toEqual({ labels: [], refused: [] });
  });
});
