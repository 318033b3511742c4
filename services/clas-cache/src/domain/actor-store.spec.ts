import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint, Group, NodeView, Unit } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { CLUSTER_NODES, CONTROL_PLANE_NODES } from '@ringfence/policy-engine';
import {
  allow,
  asOf,
  AT,
  catalogue,
  CLUSTER,
  DB,
  group,
  heartbeat,
  node,
  pod,
  profile,
  service,
  tellLists,
  WEB,
  workload,
} from '../testing/facts.js';
import { ANNOTATIONS, LABEL_SETS, naiveView } from '../testing/naive-view.js';
import type { State } from '../testing/naive-view.js';
import { ActorStore } from './actor-store.js';
import { KUBELINK_SILENT_AFTER_MS } from './cluster-graph.js';

const NOW = Date.parse(AT);
const NODES = ['node-1', 'node-2'];

/** What a C-VEN makes of snapshot and deltas. */
class Agent {
  readonly units = new Map<string, Unit>();
  readonly groups = new Map<string, Group>();
  readonly endpoints = new Map<string, Endpoint>();
  nodePorts = new Set<string>();
  revision: number;

  constructor(snapshot: NodeView) {
    this.revision = snapshot.revision;
    this.#take(snapshot);
  }

  apply(view: NodeView): void {
    expect(view.base).toBe(this.revision);
    expect(view.revision).toBeGreaterThan(this.revision);
    this.revision = view.revision;
    this.#take(view);
    for (const unit of this.units.values()) {
      for (const rule of [...unit.ingress, ...unit.egress]) {
        for (const peer of rule.peers) expect(this.groups.has(peer)).toBe(true);
      }
    }
  }

  #take({ units, groups, endpoints, nodePorts }: NodeView): void {
    if (nodePorts !== undefined) this.nodePorts = new Set(nodePorts.map((target) => JSON.stringify(target)));
    for (const one of groups.upsert) this.groups.set(one.id, one);
    for (const one of endpoints.upsert) this.endpoints.set(one.id, one);
    for (const one of units.upsert) this.units.set(one.labelSet.id, one);
    for (const id of units.remove) expect(this.units.delete(id)).toBe(true);
    for (const id of endpoints.remove) expect(this.endpoints.delete(id)).toBe(true);
    for (const id of groups.remove) expect(this.groups.delete(id)).toBe(true);
  }
}

interface Step {
  readonly name: string;
  to(store: ActorStore, state: State): void;
}

const podNumber = fc.integer({ min: 1, max: 5 });
const anyPod: fc.Arbitrary<Step> = fc
  .record({
    number: podNumber,
    namespace: fc.constantFrom('shop', 'bank'),
    on: fc.constantFrom(...NODES, null),
    address: fc.constantFrom(1, 2, 3),
    phase: fc.constantFrom('Running', 'Running', 'Running', 'Succeeded'),
    hostNetwork: fc.constantFrom(false, false, false, true),
    annotations: fc.constantFrom(...ANNOTATIONS),
  })
  .map(({ number, address, on, annotations, ...rest }) => {
    // A Pod's owner is its own here, so that its annotations are its owner's.
    const owner = {
      uid: `owner-${number}-${rest.namespace}-${JSON.stringify(annotations)}`,
      kind: 'Pod',
      name: 'p',
    };
    const one = pod('p', number, {
      ...rest,
      annotations,
      owner,
      node: on,
      addresses: [`10.244.1.${address}`],
    });
    return {
      name: `pod ${number} at ${address}`,
      to: (store, state) => {
        store.observe('pod', one);
        // A Pod keeps its place among the others, as long as it lives.
        state.pods.set(one.uid, one);
      },
    };
  });
const anyGone: fc.Arbitrary<Step> = podNumber.map((number) => ({
  name: `pod ${number} is gone`,
  to: (store, state) => {
    store.observe('pod', pod('p', number, { gone: true }));
    state.pods.delete(`p-${number}`);
  },
}));
const anyService: fc.Arbitrary<Step> = fc
  .record({
    name: fc.constantFrom('front', 'back', 'kube-dns'),
    backends: fc.uniqueArray(podNumber, { maxLength: 2 }),
    targetPort: fc.constantFrom(5432, 8080),
    nodePort: fc.constantFrom(null, null, 30_080),
    isGone: fc.constantFrom(false, false, true),
  })
  .map(({ name, backends, targetPort, nodePort, isGone }) => {
    const namespace = name === 'kube-dns' ? 'kube-system' : 'shop';
    const ports = [{ name: 'main', proto: name === 'kube-dns' ? 17 : 6, port: 80, nodePort }];
    const behind = backends.map((number) => ({
      portIndex: 0,
      targetPort,
      podUid: `p-${number}`,
      address: '10.0.0.1',
    }));
    const one = service(name, { namespace, ports, clusterIps: [`10.96.0.${name.length}`], backends: behind });
    return {
      name: `service ${name}${isGone ? ' is gone' : ''}`,
      to: (store, state) => {
        if (isGone) {
          store.observe('service', { ...one, gone: true });
          state.services.delete(one.uid);
        } else {
          store.observe('service', one);
          state.services.set(one.uid, one);
        }
      },
    };
  });
const anyProfile: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom('shop', 'bank'), fc.boolean())
  .map(([namespace, managed]) => ({
    name: `${namespace} ${managed ? 'managed' : 'unmanaged'}`,
    to: (store, state) => {
      store.told('profile', namespace, profile(namespace, { managed }));
      state.managed.set(namespace, managed);
    },
  }));

const PEERS = ['g-00000000000000000001', 'g-00000000000000000002'];
let flush = 1;
const anyPolicy: fc.Arbitrary<Step> = fc
  .record({
    members: fc.tuple(...PEERS.map(() => fc.subarray(LABEL_SETS.map((one) => one.labelSet.id)))),
    cidrs: fc.constantFrom([], [], ['10.0.0.1/32'], ['10.0.0.0/24']),
    mode: fc.constantFrom('full', 'full', 'visibility_only'),
    rules: fc.array(
      fc.record({
        at: fc.constantFrom(...LABEL_SETS.map((one) => one.labelSet)),
        peer: fc.constantFrom(...PEERS),
        isIngress: fc.boolean(),
        port: fc.constantFrom(5432, 8080),
      }),
      { maxLength: 5 },
    ),
  })
  .map(({ members, cidrs, rules, mode }) => ({
    name: 'policy',
    to: (store, state) => {
      const of = (id: string, isIngress: boolean) =>
        rules
          .filter((rule) => rule.at.id === id && rule.isIngress === isIngress)
          .map(({ peer, port }) => allow(peer, port));
      const labelSets = [...new Map(rules.map(({ at }) => [at.id, at])).values()];
      const units = labelSets.map((labelSet): Unit => ({
        labelSet,
        mode,
        ingress: of(labelSet.id, true),
        egress: of(labelSet.id, false),
      }));
      const groups = PEERS.map((id, i) => group(id, members[i]!, { cidrs: i === 0 ? [...cidrs] : [] }));
      publish(store, state, units, groups);
    },
  }));

function publish(store: ActorStore, state: State, units: readonly Unit[], groups: readonly Group[]): void {
  flush += 1;
  for (const one of groups) store.told('group', one.id, { ...asOf(flush), group: one });
  for (const one of units) store.told('unit', one.labelSet.id, { ...asOf(flush), unit: one });
  const kept = new Set(units.map((one) => one.labelSet.id));
  for (const one of state.units) if (!kept.has(one.labelSet.id)) store.told('unit', one.labelSet.id, null);
  const counts = { unit: units.length, group: groups.length, endpoint: 0 };
  store.told('commit', '', { flush, policyVersion: 1, at: AT, counts, hash: '' });
  state.units = units;
  state.groups = groups;
}

const emptyState = (): State => ({
  pods: new Map(),
  workloads: new Set(),
  services: new Map(),
  managed: new Map(),
  units: [],
  groups: [],
});

function inSync(state: State): ActorStore {
  const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 15 });
  store.told('labels', '', catalogue);
  tellLists(store);
  store.observe('node', node('node-1'));
  store.caughtUp();
  publish(
    store,
    state,
    [],
    PEERS.map((id) => group(id, [])),
  );
  return store;
}

const anyStep = fc.oneof(
  { weight: 6, arbitrary: anyPod },
  { weight: 2, arbitrary: anyGone },
  { weight: 2, arbitrary: anyService },
  { weight: 1, arbitrary: anyProfile },
  { weight: 2, arbitrary: anyPolicy },
);

describe('the actor store', () => {
  it('leads every agent to the view that plain loops find, whatever happens in which order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyStep, fc.boolean()), { maxLength: 30 }), (steps) => {
        const state = emptyState();
        const store = inSync(state);
        for (const namespace of ['shop', 'bank']) store.told('profile', namespace, profile(namespace));
        for (const namespace of ['shop', 'bank']) state.managed.set(namespace, true);
        store.settle(NOW);
        const agents = new Map(NODES.map((name) => [name, new Agent(store.snapshot(name, AT))]));
        const settle = (): void => {
          for (const view of store.settle(NOW).views) agents.get(view.node)!.apply(view);
        };
        for (const [step, isSettled] of steps) {
          step.to(store, state);
          if (isSettled) settle();
        }
        settle();
        for (const [name, agent] of agents) {
          const expected = naiveView(state, name);
          expect(agent.units).toEqual(expected.units);
          expect(agent.groups).toEqual(expected.groups);
          expect(agent.endpoints).toEqual(expected.endpoints);
          expect(agent.nodePorts).toEqual(expected.nodePorts);
          const fresh = new Agent(store.snapshot(name, AT));
          expect(fresh.endpoints).toEqual(agent.endpoints);
          expect(fresh.units).toEqual(agent.units);
          expect(fresh.groups).toEqual(agent.groups);
          expect(fresh.nodePorts).toEqual(agent.nodePorts);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tells every node who its control plane is, and where the API servers are', () => {
    const store = inSync(emptyState());
    const labels = { 'node-role.kubernetes.io/control-plane': '' };
    store.observe('node', node('node-2', { labels, addresses: ['192.0.2.2'] }));
    const backends = [{ portIndex: 0, targetPort: 41_234, podUid: null, address: '198.51.100.7' }];
    store.observe('service', service('kubernetes', { namespace: 'default', backends }));
    store.settle(NOW);
    const { apiServers, groups } = store.snapshot('node-1', AT);
    expect(apiServers).toEqual([{ address: '198.51.100.7', port: 41_234 }]);
    const cidrs = (id: string): unknown => groups.upsert.find((one) => one.id === id)?.cidrs;
    expect(cidrs(CLUSTER_NODES)).toEqual(['192.0.2.1/32', '192.0.2.2/32']);
    expect(cidrs(CONTROL_PLANE_NODES)).toEqual(['192.0.2.2/32']);
  });

  it('tells nobody anything before it is in sync', () => {
    const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 15 });
    store.observe('pod', pod('web', 1));
    expect(store.settle(NOW).views).toEqual([]);
    expect(store.missing()).toContain('no policy from the control plane yet');
  });

  it('closes a Pod whose label set nobody has spoken about', () => {
    const store = inSync(emptyState());
    store.told('profile', 'shop', profile('shop'));
    store.observe('pod', pod('web', 1));
    store.settle(NOW);
    expect(store.snapshot('node-1', AT).units.upsert).toEqual([
      { labelSet: WEB, mode: 'full', ingress: [], egress: [] },
    ]);
  });

  it('opens the ClusterIP of a Service whose backend is a node, and closes it when the node is gone', () => {
    const state = emptyState();
    const store = inSync(state);
    const nodes = makeLabelSet({ cluster: CLUSTER, namespace: null, class: 'node', labels: [] });
    publish(
      store,
      state,
      [{ labelSet: WEB, mode: 'full', ingress: [], egress: [allow(PEERS[0]!, 6443)] }],
      [group(PEERS[0]!, [nodes.id]), group(PEERS[1]!, [])],
    );
    store.told('profile', 'shop', profile('shop'));
    store.observe('pod', pod('web', 1));
    const backends = [{ portIndex: 0, targetPort: 6443, podUid: null, address: '192.0.2.1' }];
    store.observe(
      'service',
      service('kubernetes', { backends, ports: [{ name: 'https', proto: 6, port: 443, nodePort: null }] }),
    );
    const egress = (): unknown[] => {
      store.settle(NOW);
      return store
        .snapshot('node-1', AT)
        .units.upsert.flatMap((unit) => unit.egress.map((rule) => rule.ports));
    };
    const api = [{ proto: 6, from: 6443, to: 6443 }];
    expect(egress()).toEqual([api]);
    store.told('node', 'n1', { node: 'node-1', workload: 'w', labels: [], mode: 'idle' });
    expect(egress()).toEqual([api, [{ proto: 6, from: 443, to: 443 }]]);
    store.observe('node', node('node-1', { gone: true }));
    store.told('node', 'n1', null);
    expect(egress()).toEqual([api]);
  });

  it("labels a Pod by its owner's annotations, not by those that somebody wrote on the Pod", () => {
    const store = inSync(emptyState());
    store.told('profile', 'shop', profile('shop'));
    store.observe('workload', workload('db'));
    store.observe(
      'pod',
      pod('db', 1, { annotations: { 'com.illumio.role': 'web', 'com.illumio.app': 'shop' } }),
    );
    store.settle(NOW);
    expect(store.endpoint('db-1')?.labelSet).toBe(DB.id);
  });

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

  it('nudges an agent that has another revision than it was told', () => {
    const store = inSync(emptyState());
    store.settle(NOW);
    const { revision } = store.snapshot('node-1', AT);
    store.heard(heartbeat('node-1', { revision }), NOW);
    expect(store.settle(NOW).views).toEqual([]);
    store.heard(heartbeat('node-1', { revision: revision - 1 }), NOW);
    expect(store.settle(NOW).views).toMatchObject([{ node: 'node-1', base: revision, revision }]);
  });

  it('tells a node that it is unpaired when its settings are taken away', () => {
    const store = inSync(emptyState());
    store.told('node', 'n1', { node: 'node-1', workload: 'w', labels: [], mode: 'full' });
    store.settle(NOW);
    store.snapshot('node-1', AT);
    store.told('node', 'n1', null);
    expect(store.settle(NOW).views.at(-1)).toMatchObject({ node: 'node-1', unpaired: true });
    expect(store.snapshot('node-1', AT).unpaired).toBe(true);
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
    const flow = { src: '192.0.2.1', dst: '10.244.1.9', direction: 'outbound', proto: 6, port: 80 } as const;
    const counted = { verdict: 'allowed', state: 'new', connections: 1, bytesOut: 1, bytesIn: 1 } as const;
    const reporters = [
      { id: 'node-1', mode: 'full' as const, flows: [{ ...flow, ...counted, rule: null, ruleClass: null }] },
    ];
    const times = { revision: 1, policyVersion: 1, from: AT, to: AT, overflow: 0 };
    const { batch } = store.decorate({ id: 'b', node: 'node-1', ...times, reporters });
    expect(batch.ends[batch.flows[0]!.dst]).toMatchObject({ mode: 'full' });
  });
});
