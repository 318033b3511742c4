import { describe, expect, it } from 'vitest';
import { parsePolicyFile } from './policy-documents.js';
import { policyDifference, withDocuments } from './policy-difference.js';
import { NOTHING } from './policy-in-words.js';
import type { PolicyInWords } from './policy-in-words.js';
import { ownerOf, referenceOf, strangerOf } from './policy-owner.js';

const owned = (set: string | null, reference: string | null): Parameters<typeof ownerOf>[1] => ({
  name: 'web',
  external_data_set: set,
  external_data_reference: reference,
});

describe('an owner', () => {
  it('is the data set of an object whose reference is of our making; any other is another program', () => {
    const ours = owned('shop', referenceOf('services', 'web'));
    expect([ownerOf('services', ours), strangerOf('services', ours)]).toEqual(['shop', undefined]);
    const theirs = owned('shop', 'tf-1');
    expect([ownerOf('services', theirs), strangerOf('services', theirs)]).toEqual([undefined, 'shop']);
    expect(ownerOf('ip_lists', ours)).toBeUndefined();
    expect([ownerOf('services', owned(null, null)), strangerOf('services', owned(null, null))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('has a reference that the server takes, however long the name is', () => {
    const references = ['x', 'y'].map((letter) => referenceOf('virtual_services', letter.repeat(255)));
    expect(new Set(references).size).toBe(2);
    for (const reference of references) expect(reference.length).toBeLessThanOrEqual(255);
  });

  const inForce: PolicyInWords = {
    ...NOTHING,
    services: [
      { name: 'old', owner: 'shop', ports: ['80/tcp'] },
      { name: 'kept', owner: 'shop', ports: ['81/tcp'] },
      { name: 'of others', owner: 'bank', ports: ['82/tcp'] },
      { name: 'by hand', ports: ['83/tcp'] },
    ],
  };
  const changes = (text: string): string[] =>
    policyDifference(inForce, withDocuments(inForce, parsePolicyFile(text, 'x.yaml'))).map(
      ({ change, name, added }) => `${change} ${name}${added.length > 0 ? `: ${added.join(', ')}` : ''}`,
    );

  it('loses what his documents name no more, and nobody else anything', () => {
    expect(changes('owner: shop\nservices: [{ name: kept, ports: [81/tcp] }]')).toEqual(['deleted old']);
    expect(changes('owner: shop')).toEqual(['deleted kept', 'deleted old']);
    expect(changes('services: [{ name: kept, ports: [81/tcp] }]')).toEqual([]);
  });

  it('gets what belonged to nobody when he names it, and it is said so', () => {
    expect(
      changes(
        'services: [{ name: by hand, ports: [83/tcp], owner: bank }, { name: of others, ports: [82/tcp] }]',
      ),
    ).toEqual(['changed by hand: owner: bank']);
  });
});
