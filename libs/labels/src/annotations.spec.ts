import type { MappedLabel } from '@ringfence/contracts';
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
type Profile = Parameters<typeof resolveLabels>[0];
function resolved(profile: Profile, annotations: Record<string, string>) {
  const { labels, refused } = resolveLabels(profile, catalogue, { annotations });
  return { labels, refused };
}

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
    expect(resolved(profile, annotations)).toEqual({
      labels: ['2', '6'],
      refused: [
        { key: 'role', annotation: 'com.illumio.role', value: 'web', reason: 'none' },
        { key: 'env', annotation: 'com.illumio.env', value: 'test', reason: 'not-in-list' },
        { key: 'loc', annotation: 'com.illumio.loc', value: 'azure', reason: 'fixed' },
      ],
    });
  });

  it('assigns nothing for a label that does not exist, and says so', () => {
    expect(resolved(any, { 'com.illumio.app': 'bank' })).toEqual({
      labels: [],
      refused: [{ key: 'app', annotation: 'com.illumio.app', value: 'bank', reason: 'no-such-label' }],
    });
  });

  it('lets ringfence.io/ win where two prefixes disagree, and shows the other as refused', () => {
    const annotations = { 'com.illumio.env': 'test', 'ringfence.io/env': 'production' };
    expect(resolved(any, annotations)).toEqual({
      labels: ['3'],
      refused: [{ key: 'env', annotation: 'com.illumio.env', value: 'test', reason: 'other-prefix-wins' }],
    });
  });

  it('does not fall back to the other prefix when the winning one names nothing', () => {
    const annotations = { 'com.illumio.env': 'test', 'ringfence.io/env': 'mars' };
    expect(resolved(any, annotations).labels).toEqual([]);
  });

  it('takes two prefixes that agree as one', () => {
    const annotations = { 'com.illumio.env': 'test', 'ringfence.io/env': 'test' };
    expect(resolved(any, annotations)).toEqual({ labels: ['5'], refused: [] });
  });

  it('refuses nothing when an annotation repeats the fixed label', () => {
    const profile = { assignments: { loc: { how: 'fixed' as const, label: '6' } } };
    expect(resolved(profile, { 'com.illumio.loc': 'amazon' })).toEqual({
      labels: ['6'],
      refused: [],
    });
  });

  it('gives no one a say over a type whose fixed label was deleted', () => {
    const profile = { assignments: { loc: { how: 'fixed' as const, label: '99' } } };
    const { labels, refused } = resolved(profile, { 'com.illumio.loc': 'azure' });
    expect(labels).toEqual([]);
    expect(refused[0]?.reason).toBe('fixed');
  });

  it('leaves annotations alone that name no label type', () => {
    const annotations = { 'com.illumio.pairing_key': 'x', 'com.illumio.readiness-gate-timer': '5' };
    expect(resolved(any, annotations)).toEqual({ labels: [], refused: [] });
  });
});

describe('who gave a label', () => {
  it('is the profile, an annotation, or the label map, by its name', () => {
    const assignments = { loc: { how: 'fixed' as const, label: '6' } };
    const annotations = {
      'com.illumio.role': 'web',
      'ringfence.io/app': 'shop',
      'com.illumio.loc': 'amazon',
    };
    const mapped = [{ key: 'env', value: 'test', from: 'stage', allowCreate: false }];
    expect(resolveLabels({ assignments }, catalogue, { annotations, mapped }).origins).toEqual([
      { label: '1', by: 'annotation', name: 'com.illumio.role' },
      { label: '2', by: 'annotation', name: 'ringfence.io/app' },
      { label: '5', by: 'label-map', name: 'stage' },
      { label: '6', by: 'profile' },
    ]);
    const refused = resolveLabels({ assignments: { role: { how: 'none' } } }, catalogue, { annotations });
    expect(refused.origins.map(({ label }) => label)).toEqual(['2', '6']);
  });
});

describe('what the label map says of a Pod or Service', () => {
  const map = (key: string, value: string, allowCreate = false): MappedLabel => ({
    ...{ key, value, allowCreate },
    from: `k8s/${key}`,
  });
  const answer = (profile: Profile, mapped: MappedLabel[], annotations: Record<string, string> = {}) =>
    resolveLabels(profile, catalogue, { annotations, mapped });

  it('is given like an annotation, and stands below one', () => {
    expect(answer(any, [map('role', 'web'), map('env', 'test')]).labels).toEqual(['1', '5']);
    const overruled = answer(any, [map('env', 'test')], { 'com.illumio.env': 'production' });
    expect(overruled).toMatchObject({ labels: ['3'], refused: [], missing: [] });
    // A wrong annotation is no reason to do what it did not ask for.
    expect(answer(any, [map('env', 'test')], { 'com.illumio.env': 'mars' })).toMatchObject({
      labels: [],
      refused: [{ annotation: 'com.illumio.env', reason: 'no-such-label' }],
    });
  });

  it('is held to what the namespace allows, without a word where the namespace decides by itself', () => {
    const assignments = {
      role: { how: 'none' as const },
      env: { how: 'restricted' as const, labels: ['3'] },
      loc: { how: 'fixed' as const, label: '6' },
    };
    const mapped = [map('role', 'web'), map('env', 'test', true), map('loc', 'mars', true)];
    expect(answer({ assignments }, mapped)).toMatchObject({
      labels: ['6'],
      refused: [{ key: 'env', annotation: 'k8s/env', value: 'test', reason: 'not-in-list' }],
      missing: [],
    });
  });

  it('is refused where no such label exists, or missing where the map may have it made', () => {
    expect(answer(any, [map('app', 'bank')])).toMatchObject({
      refused: [{ key: 'app', annotation: 'k8s/app', value: 'bank', reason: 'no-such-label' }],
      missing: [],
    });
    expect(answer(any, [map('app', 'bank', true)])).toMatchObject({
      labels: [],
      refused: [],
      missing: [{ key: 'app', value: 'bank' }],
    });
    // Who it was read off says so.
    expect(answer(any, [{ ...map('app', 'bank'), followed: true }])).toMatchObject({ refused: [] });
    // Only of types that exist.
    expect(answer(any, [map('planet', 'mars', true)])).toMatchObject({ refused: [], missing: [] });
  });
});
