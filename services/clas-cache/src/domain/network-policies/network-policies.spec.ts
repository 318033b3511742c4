/** What nodes are told of NetworkPolicies, against what Kubernetes says of them: row by row. */
import { TRUTH_CLUSTER, trafficOf, TRUTH_TABLE } from '@ringfence/cluster-facts/testing';
import type { WrittenPolicy } from '@ringfence/cluster-facts/testing';
import type { Unit, WireRule } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { describe, expect, it } from 'vitest';
import { asOf, CLUSTER, group, service, tellPolicy } from '../../testing/facts.js';
import { PlayedTruth, VISIBLE } from '../../testing/played-truth.js';
import { bedOf, formOf, PolicyBed } from '../../testing/policy-bed.js';
import type { ActorStore } from '../actor-store.js';
import { takeObserved } from '../observed.js';
import { restoreFacts, storedFacts } from '../stored-state.js';
import type { StoredFacts } from '../stored-state.js';
import { takeTold } from '../told.js';

describe('NetworkPolicies as they are enforced', () => {
  for (const { says, steps } of TRUTH_TABLE) {
    it(says, () => {
      const played = new PlayedTruth();
      for (const step of steps) {
        played.step(step);
        const through = [...step.passes, ...step.cut].filter((text) =>
          played.bed.passes(trafficOf(played.cluster, text)),
        );
        expect(through).toEqual(step.passes);
      }
    });
  }
});

describe('a namespace with a NetworkPolicy', () => {
  it('is closed to Pods of which nothing else is known yet', () => {
    const bed = bedOf({ ...TRUTH_CLUSTER, policies: [formOf({ in: 'shop', spec: {} })] }, VISIBLE);
    bed.flush();
    expect(bed.namespaces).toEqual([
      { name: 'attic', mode: 'visibility_only' },
      { name: 'bank', mode: 'visibility_only' },
      { name: 'shop', mode: 'full' },
    ]);
    // Kubelink was told not to import them (any more): an empty list.
    takeObserved(bed.graph, 'list', { kind: 'networkpolicy', epoch: 'e2' });
    bed.flush();
    expect(bed.namespaces).toContainEqual({ name: 'shop', mode: 'visibility_only' });
    expect(bed.endpoints.get('shop-db')?.labelSet).toBe(bed.endpoints.get('shop-web')?.labelSet);
  });
});

describe('the own Service of a Pod that may call nobody', () => {
  const through = (spec: object): boolean => {
    const bed = bedOf({ ...TRUTH_CLUSTER, policies: [formOf({ in: 'shop', spec })] }, VISIBLE);
    const backends = ['10.0.0.1', '10.0.0.2'].map((address) => ({
      portIndex: 0,
      targetPort: 8080,
      podUid: null,
      address,
    }));
    takeObserved(bed.graph, 'service', service('front', { clusterIps: ['10.96.0.3'], backends }));
    bed.flush();
    return bed.passes(trafficOf({ ...TRUTH_CLUSTER, policies: [] }, 'shop/web > 10.96.0.3 tcp 80'));
  };

  it('is open to it only where every Pod behind it judges who comes', () => {
    expect(through({ podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'] })).toBe(false);
    expect(through({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })).toBe(true);
  });
});

describe('after a restart without Kubelink', () => {
  it('what NetworkPolicies say is in force as it was', () => {
    const spec = {
      podSelector: {},
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }] }],
    };
    const bed = bedOf({ ...TRUTH_CLUSTER, policies: [formOf({ in: 'shop', spec })] }, VISIBLE);
    bed.flush();
    const again = new PolicyBed(VISIBLE);
    restoreFacts(again.graph, JSON.parse(JSON.stringify(storedFacts(bed.graph))) as StoredFacts);
    again.flush();
    for (const told of ['endpoints', 'units', 'groups'] as const)
      expect(new Map<string, unknown>(again[told])).toEqual(new Map<string, unknown>(bed[told]));
    expect(again.passes(trafficOf({ ...TRUTH_CLUSTER, policies: [] }, 'attic/box > shop/db tcp 1'))).toBe(
      false,
    );
  });
});

describe('a NetworkPolicy beside our own policy', () => {
  const DB = { matchLabels: { app: 'db' } };
  const GROUP = 'g-00000000000000000001';
  const labelSet = makeLabelSet({ cluster: CLUSTER, namespace: 'shop', class: 'pod', labels: [] });
  const rule = (ruleClass: WireRule['class'], port: number): WireRule => ({
    ...{ ref: `/${ruleClass}/${port}`, class: ruleClass, peers: [GROUP] },
    ports: [{ proto: 6, from: port, to: port }],
  });
  const ingress = [rule('override_deny', 1), rule('allow', 1), rule('allow', 2), rule('deny', 3)];
  const published = (mode: Unit['mode'], written: readonly WrittenPolicy[]): PolicyBed => {
    const bed = bedOf({ ...TRUTH_CLUSTER, policies: written.map((each) => formOf(each)) }, VISIBLE);
    const egress = [{ ...rule('allow', 0), ports: [{ proto: -1 }] }];
    const unit = { labelSet, mode, ingress, egress };
    const store = {
      told: (...[kind, token, told]: Parameters<ActorStore['told']>) =>
        takeTold(bed.graph, kind, token, told!),
    };
    tellPolicy(
      store as Pick<ActorStore, 'told'>,
      { units: [unit], groups: [group(GROUP, [labelSet.id])], endpoints: [] },
      asOf(2),
    );
    bed.flush();
    return bed;
  };
  const through = (bed: PolicyBed): string[] =>
    [
      'shop/web > shop/db tcp 1',
      'shop/web > shop/db tcp 2',
      'shop/web > shop/db tcp 3',
      'shop/web > shop/db tcp 4',
      'bank/web > shop/db tcp 3',
    ]
      .filter((text) => bed.passes(trafficOf({ ...TRUTH_CLUSTER, policies: [] }, text)))
      .map((text) => text.replace('shop/db tcp ', ''));

  it('lets through what it allows and what our rules allow, and override-deny stands above both', () => {
    const closed = [{ in: 'shop', spec: { podSelector: DB } }];
    const open = [{ in: 'shop', spec: { podSelector: DB, ingress: [{ from: [{ podSelector: {} }] }] } }];
    expect(through(published('visibility_only', closed))).toEqual(['shop/web > 2']);
    expect(through(published('visibility_only', open))).toEqual([
      'shop/web > 2',
      'shop/web > 3',
      'shop/web > 4',
    ]);
    expect(through(published('full', open))).toEqual(['shop/web > 2', 'shop/web > 3', 'shop/web > 4']);
    const idle = published('idle', closed);
    expect(through(idle)).toEqual(['shop/web > 2']);
    // An idle one would have no table at all.
    expect(idle.graph.view.modeAsked('shop-db')).toBe('visibility_only');
  });

  it('leaves every variant of a label set in the groups that name it, as long as somebody has it', () => {
    const bed = published('visibility_only', [{ in: 'shop', spec: { podSelector: DB } }]);
    const variant = bed.endpoints.get('shop-db')!.labelSet;
    expect(variant).not.toBe(labelSet.id);
    expect(bed.units.get(variant)?.labelSet).toEqual({ ...labelSet, id: variant });
    expect(bed.groups.get(GROUP)?.labelSets).toEqual([labelSet.id, variant].sort());
    expect(bed.graph.view.isPolicyKnown('shop-db')).toBe(true);
    bed.setPolicy('policy-0', null);
    bed.flush();
    expect(bed.groups.get(GROUP)?.labelSets).toEqual([labelSet.id]);
    expect(bed.units.has(variant)).toBe(false);
  });

  it('opens the ClusterIP of who may be reached, by the port of the Service, and no other', () => {
    const spec = {
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: DB }], ports: [{ port: 'sql' }] }],
    };
    const bed = bedOf({ ...TRUTH_CLUSTER, policies: [formOf({ in: 'shop', spec })] }, VISIBLE);
    const behind = (address: string) => [{ portIndex: 0, targetPort: 5432, podUid: null, address }];
    takeObserved(
      bed.graph,
      'service',
      service('db', { clusterIps: ['10.96.0.1'], backends: behind('10.0.0.2') }),
    );
    takeObserved(
      bed.graph,
      'service',
      service('web', { clusterIps: ['10.96.0.2'], backends: behind('10.0.0.3') }),
    );
    bed.flush();
    const cluster = { ...TRUTH_CLUSTER, policies: [] };
    const passing = ['10.96.0.1 tcp 80', '10.96.0.1 tcp 5432', '10.96.0.2 tcp 80'].filter((to) =>
      bed.passes(trafficOf(cluster, `shop/web > ${to}`)),
    );
    expect(passing).toEqual(['10.96.0.1 tcp 80']);
  });
});
