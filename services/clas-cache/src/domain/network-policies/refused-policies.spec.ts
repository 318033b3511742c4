import { ClusterPulse } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { AT } from '../../testing/facts.js';
import { emptyState, inSync } from '../../testing/random-cluster.js';
import { ActorStore } from '../actor-store.js';

const NOW = Date.parse(AT);
const MOST_PAYLOAD_BYTES = 1024 ** 2;
const odd = { field: 'spec.ingress[0].x', token: 'unknown_field', message: 'is not known here' };
const policy = (name: string, parts: object = {}) => ({
  ...{ uid: name, resourceVersion: '1', epoch: 'e1', gone: false, observedAt: AT },
  ...{ namespace: 'shop', name, pods: [], ingress: [], egress: null },
  ...parts,
});
const told = (store: ActorStore) => {
  store.settle(NOW);
  const sent = JSON.stringify(store.pulse(NOW));
  expect(Buffer.byteLength(sent)).toBeLessThan(MOST_PAYLOAD_BYTES);
  return ClusterPulse.parse(JSON.parse(sent)).refusedNetworkPolicies;
};

describe('NetworkPolicies that cannot be read, as the control plane is told of them', () => {
  it('are named with their field and what is closed, until they are mended or gone', () => {
    const store = inSync(emptyState());
    expect(told(store)).toEqual({ named: [], count: 0 });
    store.observe('networkpolicy', policy('fine'));
    store.observe('networkpolicy', policy('odd', { refused: odd }));
    store.observe('networkpolicy', policy('both', { refused: odd, egress: [] }));
    expect(told(store)).toEqual({
      named: [
        { namespace: 'shop', name: 'odd', ...odd, closed: ['ingress'] },
        { namespace: 'shop', name: 'both', ...odd, closed: ['ingress', 'egress'] },
      ],
      count: 2,
    });
    store.observe('networkpolicy', policy('odd', { resourceVersion: '2' }));
    expect(told(store)).toMatchObject({ named: [{ name: 'both' }], count: 1 });
    store.observe('networkpolicy', policy('both', { resourceVersion: '2', gone: true }));
    expect(told(store)).toEqual({ named: [], count: 0 });
    store.observe('networkpolicy', policy('odd', { resourceVersion: '3', refused: odd }));
    // Kubelink does not import them any more: an empty list.
    store.observe('list', { kind: 'networkpolicy', epoch: 'e2' });
    expect(told(store)).toEqual({ named: [], count: 0 });
  });

  it('are named up to a hundred and counted beyond, in one message however long their texts', () => {
    const store = inSync(emptyState());
    const long = { field: '€'.repeat(300), token: 'unknown_field', message: '€'.repeat(500) };
    for (let number = 0; number < 150; number += 1)
      store.observe('networkpolicy', policy(`${'n'.repeat(249)}-${number}`, { refused: long }));
    const refused = told(store);
    expect([refused?.named.length, refused?.count]).toEqual([100, 150]);
  });

  it('are not known before everything was read', () => {
    expect(told(new ActorStore({ cluster: 'c', readinessTimerSeconds: 1 }))).toBeUndefined();
  });
});
