import type { FlowEnd } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { AT, heartbeat, node, pod, profile } from '../testing/facts.js';
import { emptyState, inSync } from '../testing/random-cluster.js';
import type { ActorStore } from './actor-store.js';
import { KUBELINK_SILENT_AFTER_MS } from './cluster-graph.js';

const NOW = Date.parse(AT);

const sandbox = (podUid: string, ...addresses: string[]) => ({
  podUid,
  namespace: 'shop',
  name: podUid,
  addresses,
});
const shop = (): ActorStore => {
  const store = inSync(emptyState());
  store.told('profile', 'shop', profile('shop'));
  store.kubelinkHeard(AT, NOW);
  return store;
};
const addressesOf = (store: ActorStore, uid: string, now = NOW): readonly string[] | undefined => {
  store.settle(now);
  return store.endpoint(uid)?.addresses;
};

/** Who it is in a flow that leads there. */
function namedAt(store: ActorStore, dst: string): FlowEnd | undefined {
  const flow = { src: '192.0.2.1', dst, direction: 'outbound', proto: 6, port: 80 } as const;
  const counted = { verdict: 'allowed', state: 'new', connections: 1, bytesOut: 1, bytesIn: 1 } as const;
  const reporters = [
    { id: 'node-1', mode: 'full' as const, flows: [{ ...flow, ...counted, rule: null, ruleClass: null }] },
  ];
  const times = { revision: 1, policyVersion: 1, from: AT, to: AT, overflow: 0 };
  const { batch } = store.decorate({ id: 'b', node: 'node-1', ...times, reporters });
  return batch.ends[batch.flows[0]!.dst];
}

describe('the actor store, on addresses', () => {
  it('keeps what a list does not have while part of it may not be seen', () => {
    const store = shop();
    store.observe('pod', pod('web', 1, { addresses: ['10.244.1.9'] }));
    store.observe('list', { kind: 'pod', epoch: 'e2', isPartial: true });
    expect(addressesOf(store, 'web-1')).toEqual(['10.244.1.9']);
    store.observe('list', { kind: 'pod', epoch: 'e2' });
    expect(addressesOf(store, 'web-1')).toBeUndefined();
  });

  it('gives the peers of a Pod the addresses that Kubernetes tells, whatever a node says', () => {
    const store = shop();
    store.observe('pod', pod('web', 1, { addresses: ['10.244.1.9'] }));
    store.observe('pod', pod('web', 2, { addresses: [], node: 'node-1' }));
    // Another node names an address for a Pod that is not its own; the own node one that Kubernetes has not told.
    expect(store.heardSandboxes('node-2', [sandbox('web-1', '10.9.9.9')])).toEqual(['web-1']);
    expect(store.heardSandboxes('node-1', [sandbox('web-2', '192.0.2.77')])).toEqual([]);
    expect(addressesOf(store, 'web-1')).toEqual(['10.244.1.9']);
    expect(addressesOf(store, 'web-2')).toEqual([]);
    // Nor can a node take a Pod's address away.
    store.heardSandboxes('node-1', []);
    store.heardSandboxes('node-2', []);
    expect(addressesOf(store, 'web-1')).toEqual(['10.244.1.9']);
  });

  it("believes a Pod's own node while Kubelink is silent, for what no other Pod holds", () => {
    const store = shop();
    store.observe('pod', pod('web', 1, { addresses: ['10.244.1.9'] }));
    store.observe('pod', pod('web', 2, { addresses: [], node: 'node-1' }));
    store.heardSandboxes('node-1', [sandbox('web-2', '10.244.1.9', '10.244.1.10')]);
    store.heardSandboxes('node-2', [sandbox('web-2', '10.9.9.9')]);
    expect(addressesOf(store, 'web-2')).toEqual([]);
    const silent = NOW + KUBELINK_SILENT_AFTER_MS + 1;
    expect(addressesOf(store, 'web-2', silent)).toEqual(['10.244.1.10']);
    expect(addressesOf(store, 'web-1', silent)).toEqual(['10.244.1.9']);
    store.kubelinkHeard(AT, silent);
    expect(addressesOf(store, 'web-2', silent)).toEqual([]);
  });

  it("names flows of a Pod's first moments by the word of its own node, and opens nothing by it", () => {
    const store = shop();
    store.observe('pod', pod('web', 1, { addresses: ['10.244.1.9'] }));
    store.observe('pod', pod('web', 2, { addresses: [], node: 'node-1' }));
    store.heardSandboxes('node-1', [sandbox('web-2', '10.244.1.9', '10.244.1.10')]);
    expect(addressesOf(store, 'web-2')).toEqual([]);
    expect(namedAt(store, '10.244.1.10')).toMatchObject({ name: 'web', namespace: 'shop' });
    // Not by the word of another node, nor by the words of two, nor longer than Kubernetes is silent.
    store.heardSandboxes('node-2', [sandbox('web-2', '10.244.1.11'), sandbox('x', '10.244.1.10')]);
    expect(namedAt(store, '10.244.1.11')).toMatchObject({ name: null });
    expect(namedAt(store, '10.244.1.10')).toMatchObject({ name: null });
    store.heardSandboxes('node-2', []);
    expect(namedAt(store, '10.244.1.10')).toMatchObject({ name: 'web' });
    store.observe('pod', pod('web', 2, { addresses: ['10.244.1.12'], node: 'node-1' }));
    store.settle(NOW);
    expect(namedAt(store, '10.244.1.10')).toMatchObject({ name: null });
  });

  it('gives a node what it says are its addresses, but none that Kubernetes gives to another', () => {
    const store = shop();
    store.observe('node', node('node-1', { addresses: ['192.0.2.1'] }));
    store.observe('node', node('node-2', { addresses: ['192.0.2.2'], podCidrs: ['10.244.2.0/24'] }));
    store.told('node', 't1', { node: 'node-1', workload: 'w', labels: [], mode: 'full' });
    const heard = ['192.0.2.1', '10.244.1.1', '192.0.2.2', '10.244.2.7', '10.50.0.3'];
    store.heard(heartbeat('node-1', { addresses: heard }), NOW);
    expect(addressesOf(store, 'node-1')).toEqual(['10.244.1.1', '10.50.0.3', '192.0.2.1']);
    store.observe('pod', pod('web', 1, { addresses: ['10.50.0.3'] }));
    expect(addressesOf(store, 'node-1')).toEqual(['10.244.1.1', '192.0.2.1']);
  });

  it('remembers who gave an address up, in the mode that was in force at the end', () => {
    const store = inSync(emptyState());
    const inMode = (mode: 'visibility_only' | 'full'): void => {
      store.told('profile', 'shop', { ...profile('shop'), mode });
      store.settle(NOW);
    };
    inMode('visibility_only');
    store.observe('pod', pod('web', 1, { addresses: ['10.244.1.9'] }));
    store.settle(NOW);
    inMode('full');
    store.observe('pod', pod('web', 1, { gone: true }));
    store.settle(NOW);
    expect(namedAt(store, '10.244.1.9')).toMatchObject({ mode: 'full' });
  });
});
