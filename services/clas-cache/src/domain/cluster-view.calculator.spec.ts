import fc from 'fast-check';
import type { Endpoint, Group, Unit } from '@ringfence/contracts';
import { beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER, groups, node, pod, profile, service, units, WEB, workload } from '../testing/facts.js';
import { naiveCluster } from '../testing/naive-view.js';
import { anyStep, begin, emptyState, publish } from '../testing/random-cluster.js';
import type { Hearer } from '../testing/random-cluster.js';
import { ToldChanges } from '../testing/told-changes.js';
import { ClusterGraph } from './cluster-graph.js';
import type { ClusterView, ViewChanges } from './cluster-view.calculator.js';
import { takeObserved } from './observed.js';
import { recordsOf } from './stored-state.js';
import { takeTold, takeUntold } from './told.js';

/** The view, told in the words of the cluster, and what it has told so far. */
class ToldView implements Hearer {
  readonly endpoints = new ToldChanges<Endpoint>(({ id }) => id);
  readonly units = new ToldChanges<Unit>(({ labelSet }) => labelSet.id);
  readonly groups = new ToldChanges<Group>(({ id }) => id);
  readonly view: ClusterView;
  private readonly graph = new ClusterGraph(
    { cluster: CLUSTER, readinessTimerSeconds: 15 },
    0,
    recordsOf(null),
  );

  constructor() {
    ({ view: this.view } = this.graph);
  }

  readonly observe: Hearer['observe'] = (kind, observed) => takeObserved(this.graph, kind, observed);
  readonly told: Hearer['told'] = (kind, token, told) =>
    told === null ? takeUntold(this.graph, kind, token) : takeTold(this.graph, kind, token, told);

  flush(): ViewChanges {
    const changes = this.view.flush();
    this.endpoints.take(changes.endpoints);
    this.units.take(changes.units);
    this.groups.take(changes.groups);
    return changes;
  }
}

const NOTHING = { upsert: [], remove: [] };

describe('the view of a cluster', () => {
  const managing = () => {
    const state = emptyState();
    const told = new ToldView();
    begin(told, state);
    for (const namespace of ['shop', 'bank']) told.told('profile', namespace, profile(namespace));
    for (const namespace of ['shop', 'bank']) state.managed.set(namespace, true);
    return { state, told };
  };

  it('tells, change by change, what plain loops find in the whole of it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyStep, fc.boolean()), { maxLength: 30 }), (steps) => {
        const { state, told } = managing();
        const isAsFound = (): void => {
          told.flush();
          const { endpoints, units: found, groups: all } = naiveCluster(state);
          expect([...told.endpoints.values()].sort(byId)).toEqual(endpoints.sort(byId));
          expect(new Map(told.units)).toEqual(found);
          expect(new Map(told.groups)).toEqual(all);
        };
        isAsFound();
        for (const [step, isFlushed] of steps) {
          step.to(told, state);
          if (isFlushed) isAsFound();
        }
        isAsFound();
      }),
      { numRuns: 100 },
    );
  });

  it('says nothing when the same is seen and told again', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
        const { state, told } = managing();
        for (const step of steps) step.to(told, state);
        told.flush();
        for (const one of state.pods.values()) told.observe('pod', one);
        for (const one of state.services.values()) told.observe('service', one);
        for (const [namespace, managed] of state.managed)
          told.told('profile', namespace, profile(namespace, { managed }));
        publish(told, state, structuredClone({ units: state.units, groups: state.groups }));
        expect(told.flush()).toMatchObject({ endpoints: NOTHING, units: NOTHING, groups: NOTHING });
      }),
      { numRuns: 60 },
    );
  });

  it('takes back all that it told of Pods and policy when they are gone', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
        const { state, told } = managing();
        told.flush();
        const before = naiveCluster(emptyState());
        for (const step of steps) step.to(told, state);
        told.flush();
        for (const one of state.services.values()) told.observe('service', { ...one, gone: true });
        publish(told, state, { units: [], groups: [] });
        for (const one of state.pods.values()) told.observe('pod', { ...one, gone: true });
        told.flush();
        expect([told.endpoints.size, told.units.size]).toEqual([0, 0]);
        const standing = [...told.groups.keys()].filter((id) => !groupsOfSteps.has(id)).sort();
        expect(standing).toEqual([...before.groups.keys()].sort());
      }),
      { numRuns: 60 },
    );
  });
});

/** Records of groups that nobody takes back stay, as every record of policy. */
const groupsOfSteps = new Set(['g-00000000000000000001', 'g-00000000000000000002']);
const byId = (a: Endpoint, b: Endpoint): number => (a.id < b.id ? -1 : 1);

describe('what is asked of a Pod', () => {
  let told: ToldView;
  beforeEach(() => {
    told = new ToldView();
    begin(told, emptyState());
    told.told('profile', 'shop', profile('shop'));
    told.observe('workload', workload('web'));
    told.observe('pod', pod('web', 1));
  });

  it('is to be closed until the control plane has spoken about its label set, and then what it said', () => {
    told.flush();
    expect([told.view.isPolicyKnown('web-1'), told.view.modeAsked('web-1')]).toEqual([false, 'full']);
    const [unit] = units;
    publish(told, emptyState(), { units: [{ ...unit!, mode: 'visibility_only' }], groups });
    told.flush();
    expect([told.view.isPolicyKnown('web-1'), told.view.modeAsked('web-1')]).toEqual([
      true,
      'visibility_only',
    ]);
  });

  it('follows the mode of its namespace as long as nobody has spoken', () => {
    told.flush();
    told.told('profile', 'shop', profile('shop', { mode: 'selective' }));
    expect(told.flush().units.upsert.map(({ labelSet, mode }) => [labelSet.id, mode])).toEqual([
      [WEB.id, 'selective'],
    ]);
  });

  it('is nothing when its namespace is not managed', () => {
    told.told('profile', 'shop', profile('shop', { managed: false }));
    told.flush();
    expect(told.view.modeAsked('web-1')).toBeUndefined();
    expect(told.units.size).toBe(0);
  });
});

describe('the backend of a Service', () => {
  it('is the Pod that has its address, nobody in a network of Pods, and unknown elsewhere', () => {
    const told = new ToldView();
    begin(told, emptyState());
    told.told('profile', 'shop', profile('shop'));
    told.observe('workload', workload('web'));
    told.observe('pod', pod('web', 1));
    told.flush();
    expect(told.view.backend('10.244.1.1')).toMatchObject({ id: 'web-1', labelSet: WEB.id });
    expect(told.view.backend('10.244.1.9')).toBe('nobodys');
    expect(told.view.backend('198.51.100.7')).toBeUndefined();
  });
});

describe('the Pods that answer for the cluster’s DNS', () => {
  it('are those that have its addresses, as long as they do, whichever Pod a slice names beside them', () => {
    const told = new ToldView();
    begin(told, emptyState());
    told.told('profile', 'shop', profile('shop'));
    told.observe('workload', workload('web'));
    const backends = [{ portIndex: 0, targetPort: 53, podUid: 'another', address: '10.244.1.1' }];
    told.observe('service', service('kube-dns', { namespace: 'kube-system', backends }));
    const answers = (): number | undefined => told.units.get(WEB.id)?.ingress.length;
    for (const [at, expected] of [
      ['10.244.1.2', 0],
      ['10.244.1.1', 1],
      ['10.244.1.2', 0],
    ] as const) {
      told.observe('pod', pod('web', 1, { addresses: [at] }));
      told.flush();
      expect(answers()).toBe(expected);
    }
  });
});

describe('what every node is told', () => {
  const kubernetes = (...addresses: string[]) =>
    service('kubernetes', {
      namespace: 'default',
      backends: addresses.map((address) => ({ portIndex: 0, targetPort: 6443, podUid: null, address })),
    });

  it('is the whole list of API servers, or of managed namespaces, when it has changed, and never too many', () => {
    const told = new ToldView();
    begin(told, emptyState());
    told.observe('service', kubernetes('198.51.100.7', 'no address'));
    told.told('profile', 'shop', profile('shop'));
    expect(told.flush()).toMatchObject({
      apiServers: [{ address: '198.51.100.7', port: 6443 }],
      namespaces: [{ name: 'shop', mode: 'full' }],
    });
    told.observe('service', kubernetes('198.51.100.7'));
    told.told('profile', 'shop', profile('shop'));
    expect(told.flush()).toMatchObject({ apiServers: null, namespaces: null });
    const many = Array.from({ length: 70 }, (_, n) => `198.51.100.${n + 1}`);
    told.observe('service', kubernetes(...many));
    expect(told.flush().apiServers).toHaveLength(64);
  });

  it('is made from the version and the settings that were taken in', () => {
    const told = new ToldView();
    begin(told, emptyState());
    told.told('settled', '', { position: 12 });
    expect(told.flush().stamp).toMatchObject({ policyVersion: 1, settled: 12 });
    told.observe('node', node('node-2'));
    expect(told.flush().stamp).toMatchObject({ policyVersion: 1, settled: 12 });
  });
});
