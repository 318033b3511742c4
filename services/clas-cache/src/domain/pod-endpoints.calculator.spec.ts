import { describe, expect, it } from 'vitest';
import { PodEndpoints } from './pod-endpoints.calculator.js';
import type { PodFacts } from './pod-endpoints.calculator.js';
import { profile } from '../testing/facts.js';

function aPod(uid: string): PodFacts {
  return {
    uid,
    namespace: 'shop',
    name: uid,
    node: 'node-1',
    hostNetwork: false,
    phase: 'Running',
    addresses: ['10.244.1.1'],
    owner: { uid: 'owner', kind: 'Deployment', name: 'web' },
    annotations: {},
    probePorts: [],
    readinessGates: [],
    observedAt: '2026-11-20T10:00:00.000Z',
  };
}

describe('which flows of a Pod are reported', () => {
  it('is what the profile of its namespace says, also when it says something else', () => {
    const pods = new PodEndpoints('c-1');
    const levelOf = (visibilityLevel?: string): string | undefined => {
      pods.setProfile('p', profile('shop', visibilityLevel === undefined ? {} : { visibilityLevel }));
      const { upsert } = pods.flush();
      expect(pods.endpoint('a')).toBeDefined();
      return upsert[0]?.pod?.visibilityLevel;
    };
    pods.setPod(aPod('a'), 'e1');
    expect(['flow_drops', 'flow_off', undefined].map(levelOf)).toEqual(['flow_drops', 'flow_off', undefined]);
    expect(levelOf('flow_off')).toBe('flow_off');
    // As it is by default: nothing is told of it.
    expect(levelOf('flow_summary')).toBeUndefined();
  });
});

describe('an address that two Pods claim', () => {
  it('belongs to the one that was told later, also when it had been told before and was gone since', () => {
    const pods = new PodEndpoints('c-1');
    pods.setPod(aPod('first'), 'e1');
    pods.flush();
    pods.removePod('first');
    pods.setPod(aPod('second'), 'e1');
    pods.setPod(aPod('first'), 'e1');
    pods.flush();
    expect(pods.podAt('10.244.1.1')?.uid).toBe('first');
  });
});
