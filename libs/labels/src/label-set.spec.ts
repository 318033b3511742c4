import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabelSetId, Uuid } from '@ringfence/contracts';
import { kubernetesWorkloadId, labelSetId, makeLabelSet } from './label-set.js';
import { sha256Hex } from './sha256.js';

const key = { cluster: 'c1', namespace: 'shop', class: 'pod' as const, labels: ['10', '9', '2'] };

describe('ids that every process computes alike', () => {
  it('hashes as SHA-256 does, whatever the length and the alphabet', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(sha256Hex(text)).toBe(createHash('sha256').update(text).digest('hex'));
      }),
    );
  });

  it('gives a label set one id for any order and repetition of its labels', () => {
    expect(labelSetId({ ...key, labels: ['9', '2', '10', '9'] })).toBe(labelSetId(key));
    expect(LabelSetId.safeParse(labelSetId(key)).success).toBe(true);
    expect(makeLabelSet(key).labels).toEqual(['2', '9', '10']);
  });

  it('tells clusters, namespaces and classes apart', () => {
    const others = [
      { ...key, cluster: 'c2' },
      { ...key, namespace: 'bank' },
      { ...key, namespace: null },
      { ...key, class: 'node' as const },
      { ...key, labels: ['2'] },
    ];
    expect(new Set([key, ...others].map(labelSetId)).size).toBe(6);
  });

  it('keeps its ids for ever: stored records carry them', () => {
    expect(labelSetId({ cluster: 'a', namespace: null, class: 'pod', labels: ['10', '9'] })).toBe(
      'ls-dcae4ef07cdb45b0c876',
    );
    expect(kubernetesWorkloadId('a', 'b')).toBe('d2377c86-7d06-4d55-9c18-e748ffb4653d');
  });

  it('mints workload ids in UUID v4 form', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (cluster, uid) => {
        expect(Uuid.safeParse(kubernetesWorkloadId(cluster, uid)).success).toBe(true);
      }),
    );
  });
});
