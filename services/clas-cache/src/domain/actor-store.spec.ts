import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeLabelSet } from '@ringfence/labels';
import { CLUSTER_NODES, CONTROL_PLANE_NODES } from '@ringfence/policy-engine';
import {
  allow,
  AT,
  CLUSTER,
  DB,
  group,
  heartbeat,
  node,
  pod,
  profile,
  service,
  WEB,
  workload,
} from '../testing/facts.js';
import { naiveCluster, naiveView } from '../testing/naive-view.js';
import { anyStep, emptyState, inSync, NODES, PEERS, publish } from '../testing/random-cluster.js';
import { ToldAgent } from '../testing/told-agent.js';
import { ActorStore } from './actor-store.js';

const NOW = Date.parse(AT);

describe('the actor store', () => {
  it('leads every agent to the view that plain loops find, whatever happens in which order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyStep, fc.boolean()), { maxLength: 30 }), (steps) => {
        const state = emptyState();
        const store = inSync(state);
        for (const namespace of ['shop', 'bank']) store.told('profile', namespace, profile(namespace));
        for (const namespace of ['shop', 'bank']) state.managed.set(namespace, true);
        store.settle(NOW);
        const agents = new Map(NODES.map((name) => [name, new ToldAgent(store.snapshot(name, AT))]));
        const settle = (): void => {
          for (const view of store.settle(NOW).views) agents.get(view.node)!.apply(view);
        };
        for (const [step, isSettled] of steps) {
          step.to(store, state);
          if (isSettled) settle();
        }
        settle();
        const cluster = naiveCluster(state);
        for (const [name, agent] of agents) {
          const expected = naiveView(cluster, name);
          expect(agent.units).toEqual(expected.units);
          expect(agent.groups).toEqual(expected.groups);
          expect(agent.endpoints).toEqual(expected.endpoints);
          expect(agent.nodePorts).toEqual(expected.nodePorts);
          const fresh = new ToldAgent(store.snapshot(name, AT));
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
    publish(store, state, {
      units: [{ labelSet: WEB, mode: 'full', ingress: [], egress: [allow(PEERS[0]!, 6443)] }],
      groups: [group(PEERS[0]!, [nodes.id]), group(PEERS[1]!, [])],
    });
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
});
