import { describe, expect, it } from 'vitest';
import { PodEndpoints } from './pod-endpoints.calculator.js';
import type { PodFacts } from './pod-endpoints.calculator.js';

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
