import type { ClusterAnswer, Endpoint, Group, NodeAck, Unit } from '@ringfence/contracts';
import { kubernetesWorkloadId, makeLabelSet } from '@ringfence/labels';
import { describe, expect, it } from 'vitest';
import {
  allow,
  AT,
  catalogue,
  CLUSTER,
  DB,
  group,
  groups,
  heartbeat,
  node,
  pod,
  profile,
  service,
  tellLists,
  tellPolicy,
  units,
  workload,
} from '../../testing/facts.js';
import { ActorStore } from '../actor-store.js';

const NOW = Date.parse(AT);
const LIST = 'g-000000000000000000aa';
const NODE_SET = makeLabelSet({ cluster: CLUSTER, namespace: null, class: 'node', labels: [] });
const NODE_1: Endpoint = {
  id: 'node-1',
  workload: '7d3c1e0a-0000-4000-8000-000000000001',
  labelSet: NODE_SET.id,
  class: 'node',
  addresses: ['192.0.2.1'],
  node: 'node-1',
  mode: 'full',
};

interface Change {
  readonly units?: readonly Unit[];
  readonly cidrs?: readonly string[];
  readonly mode?: 'full' | 'visibility_only';
}

/** web-1 on node-1, db-2 on node-2, an unmanaged tool, a Service in front of the database, cluster DNS. */
function storeWith({ units: told = units, cidrs = [] }: Change = {}): ActorStore {
  const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 0 });
  store.told('labels', '', catalogue);
  store.told('profile', 'shop', profile('shop'));
  const nodes = [node('node-1'), node('node-2', { addresses: ['192.0.2.2'], podCidrs: ['10.244.2.0/24'] })];
  for (const one of nodes) store.observe('node', one);
  for (const name of ['web', 'db']) store.observe('workload', workload(name));
  const probePorts = [{ proto: 6, port: 8080 }];
  store.observe('pod', pod('web', 1, { probePorts }));
  store.observe('pod', pod('db', 2, { node: 'node-2', addresses: ['10.244.2.2'] }));
  store.observe('pod', pod('tool', 9, { namespace: 'tools', addresses: ['10.244.1.9'] }));
  const backend = { portIndex: 0, targetPort: 5432, podUid: 'db-2', address: '10.244.2.2' };
  const ports = [{ name: 'main', proto: 6, port: 80, nodePort: 30_080 }];
  store.observe('service', service('db', { type: 'NodePort', ports, backends: [backend] }));
  store.observe(
    'service',
    service('self', {
      clusterIps: ['10.96.0.30'],
      backends: [{ portIndex: 0, targetPort: 8080, podUid: 'web-1', address: '10.244.1.1' }],
    }),
  );
  store.observe(
    'service',
    service('kube-dns', {
      namespace: 'kube-system',
      clusterIps: ['10.96.0.10'],
      ports: [{ name: 'dns', proto: 17, port: 53, nodePort: null }],
    }),
  );
  tellLists(store);
  store.caughtUp();
  publish(store, told, [...groups, group(LIST, [], { cidrs: [...cidrs] })]);
  const ntp = {
    ref: 'essential/ntp',
    direction: 'egress',
    ports: [{ proto: 17, from: 123, to: 123 }],
  } as const;
  const essential = [{ ...ntp, ports: [...ntp.ports], cidrs: ['203.0.113.0/24'], groups: [] }];
  const routes = [
    { to: '0.0.0.0/0', from: '192.0.2.1' },
    { to: '10.244.1.0/24', from: '10.244.1.254' },
  ];
  store.heard(heartbeat('node-1', { addresses: ['192.0.2.1', '10.244.1.254'], essential, routes }), NOW);
  store.settle(NOW);
  for (const name of ['node-1', 'node-2']) {
    store.snapshot(name, AT);
    acknowledge(store, name, {});
  }
  return store;
}

function publish(
  store: ActorStore,
  units: readonly Unit[],
  groups: readonly Group[],
  head = { flush: 1, policyVersion: 7 },
): void {
  const all: Unit[] = [...units, { labelSet: NODE_SET, mode: 'full', ingress: [], egress: [] }];
  tellPolicy(store, { units: all, groups, endpoints: [NODE_1] }, head);
}

function acknowledge(store: ActorStore, name: string, change: Partial<NodeAck>): void {
  const { revision, endpoints } = store.snapshot(name, AT);
  const pods = endpoints.upsert.filter((one) => one.node === name).map(({ id }) => id);
  const ack = { node: name, bootId: 'b', revision, at: AT, applyMs: 1, pods, failed: [], ...change };
  store.acked(ack, NOW);
}

type Judged = Extract<ClusterAnswer, { kind: 'judged' }>;
function ask(store: ActorStore, from: string, to: string, port: number, proto = 6): Judged {
  const answer = store.explain({ from, to, port, proto }, NOW);
  if (answer.kind !== 'judged') throw new Error(answer.message);
  return answer;
}

describe('explain in the cluster', () => {
  it('judges both ends by the rules that their nodes have', () => {
    const store = storeWith();
    expect(ask(store, 'shop/web', 'shop/db-2', 5432)).toMatchObject({
      verdict: 'allowed',
      policyVersion: 7,
      egress: {
        name: 'shop/web-1',
        workload: kubernetesWorkloadId(CLUSTER, 'web-owner'),
        ruleClass: 'allow',
        inForce: { state: 'yes', node: 'node-1' },
      },
      ingress: { name: 'shop/db-2', ruleClass: 'allow', sees: { address: '10.244.1.1', port: 5432 } },
    });
    expect(ask(store, 'shop/db', 'shop/web', 80)).toMatchObject({
      verdict: 'blocked',
      egress: { decision: 'none' },
    });
  });

  it('lets an IP list mean the Pods whose addresses it covers, as the kernel does', () => {
    const told = units.map((unit) =>
      unit.labelSet.id === DB.id ? { ...unit, ingress: [allow(LIST, 5432)] } : unit,
    );
    const covering = storeWith({ units: told, cidrs: ['10.244.1.0/30'] });
    expect(ask(covering, 'shop/web', 'shop/db', 5432)).toMatchObject({
      ingress: { decision: 'allow', verdict: 'allowed' },
    });
    expect(ask(covering, '10.244.1.9', 'shop/db', 5432)).toMatchObject({ ingress: { verdict: 'blocked' } });
  });

  it.each(['service:shop/db', '10.96.0.20', 'db.shop.svc', 'db.shop.svc.cluster.local'])(
    'goes through the ClusterIP of %s: the source sees it, the destination its own port',
    (to) => {
      expect(ask(storeWith(), 'pod:shop/web-1', to, 80)).toMatchObject({
        verdict: 'allowed',
        egress: { sees: { address: '10.96.0.20', port: 80 } },
        ingress: { name: 'shop/db-2', sees: { address: '10.244.1.1', port: 5432 } },
      });
    },
  );

  it('names the essential rules: DNS for every Pod, probes from the own node only', () => {
    const store = storeWith();
    expect(ask(store, 'shop/db', 'kube-dns.kube-system.svc', 53, 17)).toMatchObject({
      verdict: 'allowed',
      egress: { ref: 'essential/cluster-dns' },
    });
    expect(ask(store, 'node-1', 'shop/web-1', 8080)).toMatchObject({
      egress: { mode: 'full', ref: 'essential/probes' },
      ingress: { ref: 'essential/probes', sees: { address: '10.244.1.254' } },
    });
    expect(ask(store, 'node-2', 'shop/web-1', 8080)).toMatchObject({ ingress: { verdict: 'blocked' } });
  });

  it('lets a Pod reach itself through its Service, whatever the policy', () => {
    expect(ask(storeWith(), 'shop/web-1', 'service:shop/self', 80)).toMatchObject({
      verdict: 'allowed',
      egress: { ref: 'essential/own-service' },
      ingress: { ref: 'essential/own-service' },
    });
  });

  it('judges who comes by a NodePort as who he is, not as the node that he comes through', () => {
    const store = storeWith({
      units: units.map((unit) =>
        unit.labelSet.id === DB.id ? { ...unit, ingress: [allow(LIST, 5432)] } : unit,
      ),
      cidrs: ['203.0.113.9/32'],
    });
    expect(ask(store, '203.0.113.9', 'node-1', 30_080)).toMatchObject({
      verdict: 'allowed',
      ingress: { name: 'shop/db-2', sees: { address: '203.0.113.9', port: 5432 } },
    });
    expect(ask(store, '203.0.113.8', '192.0.2.1', 30_080)).toMatchObject({ verdict: 'blocked' });
  });

  it('takes for a node’s address the one that its routes choose towards what it dials', () => {
    const store = storeWith();
    // The ClusterIP is translated to a Pod of its own, to which it would speak from its bridge.
    expect(ask(store, 'node-1', '10.96.0.30', 80).ingress?.sees.address).toBe('192.0.2.1');
    expect(ask(store, 'node-1', 'shop/web-1', 8080).ingress?.sees.address).toBe('10.244.1.254');
  });

  it('lets nobody from elsewhere through a node without a Pod of a Local Service', () => {
    const store = storeWith();
    const ports = [{ name: 'main', proto: 6, port: 80, nodePort: 30_081 }];
    const backends = [{ portIndex: 0, targetPort: 8080, podUid: 'web-1', address: '10.244.1.1' }];
    const local = { type: 'NodePort', externalTrafficPolicy: 'Local', ports, backends } as const;
    store.observe('service', service('local', { ...local, ports: [...ports], backends: [...backends] }));
    store.settle(NOW);
    const [refused] = ask(store, '203.0.113.9', 'node-2', 30_081).notes;
    expect(refused).toMatch(/^node-2 has no Pod of shop\/local/);
    expect(ask(store, '203.0.113.9', 'node-2', 30_081)).toMatchObject({ verdict: 'blocked', ingress: null });
    expect(ask(store, '203.0.113.9', 'node-1', 30_081)).toMatchObject({ ingress: { name: 'shop/web-1' } });
    expect(ask(store, 'shop/db-2', 'node-2', 30_081)).toMatchObject({ ingress: { name: 'shop/web-1' } });
  });

  it('knows what a node’s own table always allows from its agent', () => {
    const store = storeWith();
    expect(ask(store, 'node-1', '203.0.113.9', 123, 17)).toMatchObject({
      verdict: 'allowed',
      egress: { ref: 'essential/ntp' },
    });
    expect(ask(store, 'node-1', '192.0.2.99', 123, 17)).toMatchObject({ verdict: 'blocked' });
  });

  it('says nothing of ends that nobody enforces, and lets pass what never leaves its namespace', () => {
    const store = storeWith();
    expect(ask(store, 'tools/tool-9', '203.0.113.9', 443)).toMatchObject({ egress: null, ingress: null });
    expect(ask(store, 'shop/web-1', 'shop/web-1', 9999)).toMatchObject({
      verdict: 'allowed',
      egress: { decision: 'passes' },
    });
  });

  it('tells what it cannot name, and what a name could be', () => {
    const store = storeWith();
    const question = { from: 'shop/nobody', to: 'shop/db', port: 1, proto: 6 };
    expect(store.explain(question, NOW)).toMatchObject({ kind: 'unknown-end', end: 'from' });
    const replica = { uid: 'other', kind: 'StatefulSet', name: 'web' };
    store.observe('pod', pod('web', 5, { owner: replica }));
    expect(store.explain({ ...question, from: 'shop/web' }, NOW)).toMatchObject({ kind: 'ambiguous-end' });
    expect(ask(store, kubernetesWorkloadId(CLUSTER, 'web-owner'), 'shop/db', 5432)).toMatchObject({
      egress: { name: 'shop/web-1' },
    });
  });

  it('tells of several Pods the worst, and that others fare better', () => {
    const store = storeWith({
      units: units.map((unit) =>
        unit.labelSet.id === DB.id ? { ...unit, ingress: [allow(LIST, 5432)] } : unit,
      ),
      cidrs: ['10.244.1.1/32'],
    });
    store.observe('pod', pod('web', 5));
    store.settle(NOW);
    const { verdict, egress, notes } = ask(store, 'shop/web', 'shop/db', 5432);
    expect({ verdict, from: egress?.name }).toEqual({ verdict: 'blocked', from: 'shop/web-5' });
    expect(notes.join()).toMatch(
      /1 of 2 pairs are judged otherwise, such as shop\/web-1 → shop\/db-2: allowed/,
    );
  });

  describe('whether it is in force', () => {
    it('is what the agent says of the place itself', () => {
      const store = storeWith();
      const told = {
        id: 'db-2',
        asked: 'full',
        inForce: null,
        token: 't',
        message: 'no table',
        since: AT,
      } as const;
      acknowledge(store, 'node-2', { notInForce: [told] });
      expect(ask(store, 'shop/web', 'shop/db', 5432).ingress?.inForce).toEqual({
        state: 'no',
        node: 'node-2',
        mode: null,
        since: AT,
        message: 'no table',
      });
    });

    it('is not so while the node has not acknowledged what it was told', () => {
      const store = storeWith();
      acknowledge(store, 'node-2', { revision: 0 });
      const { egress, ingress } = ask(store, 'shop/web', 'shop/db', 5432);
      expect([egress?.inForce.state, ingress?.inForce.state]).toEqual(['yes', 'no']);
      acknowledge(store, 'node-2', { pods: [] });
      expect(ask(store, 'shop/web', 'shop/db', 5432).ingress?.inForce.message).toMatch(/has seen no sandbox/);
    });

    /** The database takes nobody any more: its node is told so at `at`, and the answer is the new policy's. */
    function changePolicy(store: ActorStore, at: number): void {
      const shut = units.map((unit) => (unit.labelSet.id === DB.id ? { ...unit, ingress: [] } : unit));
      publish(store, shut, [...groups, group(LIST, [])], { flush: 2, policyVersion: 8 });
      store.settle(at);
    }
    const later = (seconds: number): string => new Date(NOW + seconds * 1_000).toISOString();
    function asked(store: ActorStore, seconds: number): Judged {
      store.settle(NOW + seconds * 1_000);
      const question = { from: 'shop/web', to: 'shop/db', port: 5432, proto: 6 };
      return store.explain(question, NOW + seconds * 1_000) as Judged;
    }
    const beat = (store: ActorStore, name: string, seconds: number): void =>
      store.heard(heartbeat(name, { observedAt: later(seconds) }), NOW + seconds * 1_000);

    it('tells at once that a kernel is behind the policy that is judged, until its node acknowledges that', () => {
      const store = storeWith();
      const { revision: before } = store.snapshot('node-2', AT);
      const pods = ['db-2'];
      const ack = { node: 'node-2', bootId: 'b', applyMs: 1, pods, failed: [] };
      changePolicy(store, NOW + 1_000);
      const behind = { state: 'no', node: 'node-2', since: later(1) };
      const message = 'node-2 has not acknowledged what it was told';
      expect(asked(store, 1)).toMatchObject({
        policyVersion: 8,
        verdict: 'blocked',
        ingress: { verdict: 'blocked', inForce: { ...behind, message } },
      });
      // One of what it had before comes late, and is no proof of what it was told since.
      for (const name of ['node-1', 'node-2']) beat(store, name, 8);
      store.acked({ ...ack, revision: before, at: later(8) }, NOW + 8_000);
      expect(asked(store, 8).ingress?.inForce).toMatchObject({ ...behind, message });
      const { revision } = store.snapshot('node-2', later(9));
      store.acked({ ...ack, revision, at: later(9) }, NOW + 9_000);
      expect(asked(store, 9).ingress?.inForce.state).toBe('yes');
    });

    it('is not known while its node is away, and not so when that is back with what it had', () => {
      const store = storeWith();
      const { revision: before } = store.snapshot('node-2', AT);
      const ack = { node: 'node-2', bootId: 'b', applyMs: 1, pods: ['db-2'], failed: [] };
      expect(asked(store, 1).ingress?.inForce.state).toBe('yes');
      expect(asked(store, 20).ingress?.inForce).toMatchObject({ state: 'unknown', since: AT });
      changePolicy(store, NOW + 30_000);
      expect(asked(store, 30)).toMatchObject({
        verdict: 'blocked',
        ingress: { inForce: { state: 'unknown', node: 'node-2', mode: 'full', since: AT } },
      });
      // Sent before it went, and delivered only now: nobody was heard by it.
      store.acked({ ...ack, revision: before, at: AT }, NOW + 31_000);
      expect(asked(store, 31).ingress?.inForce.state).toBe('unknown');
      store.acked({ ...ack, revision: before, at: later(32) }, NOW + 32_000);
      expect(asked(store, 32).ingress?.inForce).toMatchObject({
        state: 'no',
        message: 'node-2 has not acknowledged what it was told',
      });
      const { revision } = store.snapshot('node-2', later(33));
      store.acked({ ...ack, revision, at: later(33) }, NOW + 33_000);
      expect(asked(store, 33).ingress?.inForce.state).toBe('yes');
    });

    it('is not known of a node that is silent', () => {
      const store = storeWith();
      const question = { from: 'shop/web', to: 'shop/db', port: 5432, proto: 6 };
      const late = store.explain(question, NOW + 20_000) as Judged;
      expect(late.ingress?.inForce).toMatchObject({ state: 'unknown', node: 'node-2', since: AT });
    });
  });

  it('says that it is not in sync rather than to answer from half of it', () => {
    const store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 0 });
    expect(store.explain({ from: 'a/b', to: 'a/c', port: 1, proto: 6 }, NOW)).toMatchObject({
      kind: 'not-ready',
    });
  });
});
