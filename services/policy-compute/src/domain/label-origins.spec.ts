import type { ExplainResponse, LabelOrigin } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { label } from '../testing/fact-builders.js';
import { withOrigins } from './label-origins.js';

const labels = new Map(['1', '2'].map((id) => [id, label(id, `key${id}`, 'x')]));
const end: NonNullable<ExplainResponse['egress']> = {
  ...{ name: 'shop/web', workload: 'w1', labels: ['key1=x', 'key2=x'], origins: [], refused: [] },
  ...{ mode: 'full', verdict: 'allowed', ruleClass: null, rule: null, reason: '', sees: null, inForce: null },
};
const answer: ExplainResponse = {
  ...{
    verdict: 'allowed',
    policyVersion: 1,
    summary: '',
    at: null,
    basis: 'cluster',
    notes: [],
    nearest: [],
  },
  ...{ egress: end, ingress: null },
};
const told = (...origins: LabelOrigin[]) =>
  withOrigins(answer, new Map([['w1', { origins, refused: [] }]]), labels).egress?.origins;

describe('where labels came from', () => {
  it.each([
    [{ by: 'profile' }, 'fixed by the profile of its namespace'],
    [{ by: 'template' }, 'fixed by the profile of its namespace, as the template of the cluster has it'],
    [{ by: 'annotation', name: 'com.illumio.role' }, 'annotation com.illumio.role'],
    [{ by: 'label-map', name: 'tier' }, 'label map of the cluster, from the Kubernetes label tier'],
    [{ by: 'pairing-profile', name: 'nodes' }, 'pairing profile nodes'],
    [{ by: 'person', name: '/users/1' }, 'given by /users/1'],
    [{ by: 'csv', name: '/users/1' }, 'imported from a CSV file by /users/1'],
  ] as const)('is said as it was recorded: %j', (giver, words) => {
    expect(told({ label: '1', ...giver })?.[0]).toEqual({ label: 'key1=x', by: giver.by, from: words });
  });

  it('is not said where nobody recorded it, nor of who is not known', () => {
    const unknown = { label: 'key2=x', by: null, from: 'it is not recorded where from' };
    expect(told({ label: '1', by: 'profile' })?.[1]).toEqual(unknown);
    expect(withOrigins(answer, new Map(), labels).egress?.origins[1]).toEqual(unknown);
  });

  it('shows what was refused, with what mends it', () => {
    const refused = [
      { key: 'env', annotation: 'com.illumio.env', value: 'x', reason: 'not-in-list' as const },
    ];
    expect(withOrigins(answer, new Map([['w1', { refused }]]), labels).egress?.refused).toEqual([
      {
        ...{ annotation: 'com.illumio.env', value: 'x', reason: 'not-in-list' },
        message: 'the namespace allows other labels of env only',
      },
    ]);
  });
});
