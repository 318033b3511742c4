import { describe, expect, it } from 'vitest';
import { refusedPoliciesOf, refusedPolicyLines } from './refused-network-policies.js';

const policy = (name: string) => ({
  ...{ namespace: 'shop', name, field: 'spec.ingress[0].from[0].serviceAccounts' },
  ...{ message: 'is not known here', closed: ['ingress'] as const },
});
const cluster = (name: string, refused: { count: number; named: ReturnType<typeof policy>[] } | null) => ({
  ...{ name, ringfence_enforcement: { refused_network_policies: refused } },
});

describe('NetworkPolicies that cannot be read', () => {
  it('are not spoken of where there are none, or nobody knows', () => {
    expect(refusedPolicyLines(refusedPoliciesOf([]))).toBe('');
    const none = [cluster('a', null), cluster('b', { count: 0, named: [] }), { name: 'of-an-older-server' }];
    expect(refusedPolicyLines(refusedPoliciesOf(none))).toBe('');
  });

  it('are named with their cluster, field, reason, and what holds until they are mended', () => {
    const text = refusedPolicyLines(refusedPoliciesOf([cluster('a', { count: 1, named: [policy('odd')] })]));
    const [, head, , row, ...more] = text.split('\n');
    expect(head).toContain('NetworkPolicies that cannot be read: 1');
    expect(row?.split(/ {2,}/)).toEqual([
      ...['a', 'shop/odd', 'spec.ingress[0].from[0].serviceAccounts', 'is not known here', 'nothing in'],
    ]);
    expect(more).toEqual(['']);
  });

  it('are named up to twenty, and all of them counted', () => {
    const named = Array.from({ length: 15 }, (_, index) => policy(`p-${String(index)}`));
    const clusters = [cluster('a', { count: 15, named }), cluster('b', { count: 200, named })];
    const lines = refusedPolicyLines(refusedPoliciesOf(clusters)).trim().split('\n');
    expect(lines[0]).toContain('215');
    expect(lines).toHaveLength(1 + 1 + 20 + 1);
    expect(lines.at(-1)).toContain('and 195 more');
  });
});
