/** What clas-cache must find out anew after it was lost, however sure its predecessor was. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { NodeAck, PodReadiness } from '@ringfence/contracts';
import {
  asOf,
  AT,
  catalogue,
  CLUSTER,
  countsOf,
  DB,
  groups,
  heartbeat,
  node,
  pod,
  profile,
  tellCommit,
  tellLists,
  tellPolicy,
  tellUnit,
  units,
  WEB,
} from '../testing/facts.js';
import { ActorStore } from './actor-store.js';
import type { StoredState } from './stored-state.js';

const NOW = Date.parse(AT);
const GATED = pod('db', 1, { node: 'node-1', readinessGates: ['com.illumio.policy-ready'] });

/** web on node-2 may reach db, which is starting on node-1. Both nodes are paired; revisions count on from 1,000. */
function restarted(spokenOf = [WEB, DB]): ActorStore {
  const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 15 }, { revision: 1_000 });
  store.told('labels', '', catalogue);
  store.told('profile', 'shop', profile('shop'));
  tellLists(store);
  for (const name of ['node-1', 'node-2']) {
    store.observe('node', node(name));
    store.told('node', name, { node: name, workload: name, labels: [], mode: 'visibility_only' });
  }
  store.observe('pod', pod('web', 2, { node: 'node-2' }));
  store.observe('pod', GATED);
  tellPolicy(store, { units: units.filter(({ labelSet }) => spokenOf.includes(labelSet)), groups });
  return store;
}

let store: ActorStore;
let told: PodReadiness | undefined;
beforeEach(() => {
  told = undefined;
});
const settle = (at: number) => {
  const settled = store.settle(at);
  told = settled.readiness.at(-1) ?? told;
  return settled;
};
const ack = (name: string, revision: number, pods: string[], at = NOW): void => {
  const words: NodeAck = {
    ...{ node: name, bootId: 'b', revision, at: new Date(at).toISOString(), applyMs: 1, pods, failed: [] },
  };
  store.acked(words, at);
};
const beat = (name: string, revision: number, at = NOW): void =>
  store.heard(heartbeat(name, { revision, observedAt: new Date(at).toISOString() }), at);

describe('clas-cache after a restart', () => {
  it('waits for a peer that has not asked for its view yet: what it has may be from before the Pod', () => {
    store = restarted();
    for (const name of ['node-1', 'node-2']) beat(name, 900);
    ack('node-2', 900, ['web-2']);
    store.caughtUp();
    settle(NOW);
    ack('node-1', store.snapshot('node-1', AT).revision, ['db-1']);
    settle(NOW + 10);
    expect(told).toMatchObject({ ready: false, message: 'waiting for node-2' });
    ack('node-2', store.snapshot('node-2', AT).revision, ['web-2']);
    settle(NOW + 20);
    expect(told).toMatchObject({ ready: true, reason: 'PolicyReady' });
  });

  it('does not take an agent for disconnected because it was itself away', () => {
    store = restarted();
    for (const name of ['node-1', 'node-2']) beat(name, 900, NOW - 60_000);
    store.caughtUp();
    settle(NOW);
    ack('node-1', store.snapshot('node-1', AT).revision, ['db-1']);
    settle(NOW + 10);
    expect(told).toMatchObject({ ready: false, message: 'waiting for node-2' });
  });

  it('tells every paired node at once that there is something to ask for', () => {
    store = restarted();
    store.caughtUp();
    const nudged = settle(NOW).views;
    expect(nudged.map((view) => view.node).sort()).toEqual(['node-1', 'node-2']);
    // An agent that has an older revision than the nudge builds on asks for a snapshot.
    for (const { base } of nudged) expect(base).toBeGreaterThan(900);
  });

  it('nudges an agent that goes on with a view from before, at its next heartbeat', () => {
    store = restarted();
    store.caughtUp();
    settle(NOW);
    beat('node-3', 900);
    expect(settle(NOW).views).toMatchObject([{ node: 'node-3' }]);
  });
});

describe('what went while nobody watched, and then clas-cache was lost too', () => {
  it('comes back from the stream for no longer than until the newest list ends, and takes no address with it', () => {
    store = restarted();
    const { addresses } = GATED;
    // Off the disk came db-1, of the list that the stream ends with; what follows was told before that list.
    store.observe('pod', pod('web', 3, { addresses, epoch: 'e0' }));
    store.observe('list', { kind: 'pod', epoch: 'e1' });
    store.caughtUp();
    settle(NOW);
    expect(store.endpoint('db-1')?.addresses).toEqual(addresses);
    expect(store.pod('web-3')).toBeUndefined();
  });
});

describe('a node that was unpaired', () => {
  it('is still to be told so by whoever follows, which never knew its settings', () => {
    store = restarted();
    store.caughtUp();
    settle(NOW);
    const facts = store.storedFacts() ?? undefined;
    store.told('node', 'node-2', null);
    settle(NOW);
    // Objects of the cluster are written once a minute, the policy after each change.
    const policy = store.storedPolicy() ?? undefined;
    const stored = JSON.parse(JSON.stringify({ revision: 2_000, policy, facts })) as StoredState;
    store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 15 }, stored);
    store.caughtUp();
    settle(NOW);
    expect(store.snapshot('node-2', AT)).toMatchObject({ unpaired: true });
    expect(store.snapshot('node-1', AT)).not.toHaveProperty('unpaired');
  });
});

describe('readiness', () => {
  it('waits for the word of the control plane on a label set that nobody has spoken about yet', () => {
    store = restarted([WEB]);
    store.caughtUp();
    settle(NOW);
    for (const name of ['node-1', 'node-2'])
      ack(name, store.snapshot(name, AT).revision, [name === 'node-1' ? 'db-1' : 'web-2']);
    settle(NOW + 10);
    expect(told).toMatchObject({ ready: false });
    expect(told?.message).toContain('which has not said yet');
    settle(NOW + 15_100);
    expect(told).toMatchObject({ ready: true, reason: 'PolicyReadyTimeout' });
  });

  it('takes an acknowledgement from before the own rules changed for no proof that they are in', () => {
    store = restarted([WEB]);
    store.caughtUp();
    settle(NOW);
    for (const name of ['node-1', 'node-2'])
      ack(name, store.snapshot(name, AT).revision, [name === 'node-1' ? 'db-1' : 'web-2']);
    settle(NOW + 10);
    tellUnit(
      store,
      units.find(({ labelSet }) => labelSet === DB)!,
      asOf(2),
    );
    tellCommit(store, countsOf(2, 2), { flush: 2, policyVersion: 2 });
    settle(NOW + 20);
    expect(told).toMatchObject({ ready: false });
    ack('node-1', store.snapshot('node-1', AT).revision, ['db-1']);
    ack('node-2', store.snapshot('node-2', AT).revision, ['web-2']);
    settle(NOW + 30);
    expect(told).toMatchObject({ ready: true, reason: 'PolicyReady' });
  });
});

describe('the policy in force', () => {
  const version = (flush: number, policyVersion: number, entity = flush): void =>
    tellCommit(store, countsOf(2, 2), { flush, policyVersion, facts: { label: 1, profile: 1, entity } });
  const inForce = () => store.progress(NOW).inForce?.policyVersion;
  const acknowledge = (name: string): number => {
    const { revision } = store.snapshot(name, AT);
    ack(name, revision, []);
    return revision;
  };
  beforeEach(() => {
    store = restarted();
    store.caughtUp();
    settle(NOW);
  });

  it('is none before every node has acknowledged what this store told it', () => {
    expect(store.progress(NOW)).toMatchObject({ inForce: null, behind: ['node-1', 'node-2'] });
    acknowledge('node-1');
    expect(store.progress(NOW)).toMatchObject({ inForce: null, behind: ['node-2'], behindCount: 1 });
    acknowledge('node-2');
    expect(store.progress(NOW)).toMatchObject({ told: { policyVersion: 1 }, behind: [] });
    expect(inForce()).toBe(1);
  });

  it('moves with the acknowledgements of the revision that told it, and with no older one that comes late', () => {
    const before = ['node-1', 'node-2'].map((name) => [name, acknowledge(name)] as const);
    version(2, 2);
    settle(NOW);
    expect(store.progress(NOW)).toMatchObject({ told: { policyVersion: 2 } });
    expect(inForce()).toBe(1);
    acknowledge('node-1');
    for (const [name, revision] of before) if (name === 'node-2') ack(name, revision, []);
    expect([inForce(), store.progress(NOW).behind]).toEqual([1, ['node-2']]);
    acknowledge('node-2');
    expect(inForce()).toBe(2);
  });

  it('is at once in force where only what it was made from moved on, and nothing of any node', () => {
    for (const name of ['node-1', 'node-2']) acknowledge(name);
    version(2, 1, 77);
    store.told('settled', '', { position: 80 });
    expect(settle(NOW).views).toEqual([]);
    expect(store.progress(NOW).inForce).toMatchObject({ facts: { entity: 77 }, settled: 80 });
  });

  it('is not held up by a node that is not heard: what is not in force there is told by place', () => {
    acknowledge('node-1');
    expect(store.progress(NOW).behind).toEqual(['node-2']);
    const later = NOW + 60_000;
    beat('node-1', 1, later);
    expect(store.progress(later)).toMatchObject({ inForce: { policyVersion: 1 }, behind: [] });
  });
});
