import { describe, expect, it } from 'vitest';
import { passesNetworkPolicies, TRUTH_CLUSTER, trafficOf, TRUTH_TABLE } from '../testing/index.js';
import type { JudgedCluster } from '../testing/index.js';
import { networkPolicyForm } from './network-policy.js';

const formOf = (spec: unknown, namespace = 'shop') =>
  networkPolicyForm({ metadata: { uid: 'u', name: 'p', namespace, resourceVersion: '1' }, spec });

describe('what NetworkPolicies mean', () => {
  for (const { says, steps } of TRUTH_TABLE) {
    it(says, () => {
      let cluster: JudgedCluster = { ...TRUTH_CLUSTER, policies: [] };
      for (const { pods = {}, namespaces = {}, policies, passes, cut } of steps) {
        cluster = {
          ...cluster,
          namespaces: new Map([...cluster.namespaces, ...Object.entries(namespaces)]),
          pods: cluster.pods.map((pod) => ({
            ...pod,
            labels: pods[`${pod.namespace}/${pod.name}`] ?? pod.labels,
          })),
          policies: policies?.map(({ in: namespace, spec }) => formOf(spec, namespace)) ?? cluster.policies,
        };
        expect(cluster.policies.filter(({ refused }) => refused !== undefined)).toEqual([]);
        const through = [...passes, ...cut].filter((text) =>
          passesNetworkPolicies(cluster, trafficOf(cluster, text)),
        );
        expect(through).toEqual(passes);
      }
    });
  }
});

const ingress = (rule: unknown) => ({ podSelector: {}, ingress: [rule] });
const peer = (value: unknown) => ingress({ from: [{ podSelector: {} }, value] });
const port = (value: unknown) => ingress({ ports: [value] });
const REFUSED: readonly (readonly [says: string, spec: unknown, field: string])[] = [
  ['a spec that is none', 'all', 'spec'],
  ['a selector that is none', { podSelector: [] }, 'spec.podSelector'],
  [
    'a label that is no text',
    { podSelector: { matchLabels: { app: 1 } } },
    'spec.podSelector.matchLabels.app',
  ],
  [
    'a key that is none',
    { podSelector: { matchLabels: { 'a b': 'x' } } },
    'spec.podSelector.matchLabels.a b',
  ],
  [
    'an operator that is none',
    { podSelector: { matchExpressions: [{ key: 'app', operator: 'Is' }] } },
    'spec.podSelector.matchExpressions[0].operator',
  ],
  [
    'In without values',
    { podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [] }] } },
    'spec.podSelector.matchExpressions[0].values',
  ],
  [
    'Exists with values',
    { podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['x'] }] } },
    'spec.podSelector.matchExpressions[0].values',
  ],
  ['a policy type that is none', { policyTypes: ['Both'] }, 'spec.policyTypes[0]'],
  ['a field that is not known', { tier: 1 }, 'spec.tier'],
  ['a field of a rule that is not known', ingress({ to: [] }), 'spec.ingress[0].to'],
  ['a peer that names nobody', peer({}), 'spec.ingress[0].from[1]'],
  [
    'a kind of peer that is not known',
    peer({ serviceAccounts: {} }),
    'spec.ingress[0].from[1].serviceAccounts',
  ],
  [
    'an ipBlock beside a selector',
    peer({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }),
    'spec.ingress[0].from[1].ipBlock',
  ],
  ['an ipBlock without a CIDR', peer({ ipBlock: {} }), 'spec.ingress[0].from[1].ipBlock.cidr'],
  ['an address for a CIDR', peer({ ipBlock: { cidr: '10.0.0.1' } }), 'spec.ingress[0].from[1].ipBlock.cidr'],
  [
    'an exception outside',
    peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '11.0.0.0/16'] } }),
    'spec.ingress[0].from[1].ipBlock.except[1]',
  ],
  [
    'an exception of everything',
    peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }),
    'spec.ingress[0].from[1].ipBlock.except[0]',
  ],
  ['a protocol that is none', port({ protocol: 'ICMP' }), 'spec.ingress[0].ports[0].protocol'],
  ['port 0', port({ port: 0 }), 'spec.ingress[0].ports[0].port'],
  ['port 65536', port({ port: 65_536 }), 'spec.ingress[0].ports[0].port'],
  ['a number as text', port({ port: '80' }), 'spec.ingress[0].ports[0].port'],
  ['a name that is too long', port({ port: 'abcdefghijklmnop' }), 'spec.ingress[0].ports[0].port'],
  ['endPort without a port', port({ endPort: 80 }), 'spec.ingress[0].ports[0].endPort'],
  ['endPort beside a name', port({ port: 'http', endPort: 80 }), 'spec.ingress[0].ports[0].endPort'],
  ['endPort below port', port({ port: 80, endPort: 79 }), 'spec.ingress[0].ports[0].endPort'],
  ['an egress rule with from', { egress: [{ from: [] }] }, 'spec.egress[0].from'],
];

describe('a NetworkPolicy that cannot be read', () => {
  it.each(REFUSED)('%s: is refused by its field, and opens nothing', (_, spec, field) => {
    const form = formOf(spec);
    expect(form.refused?.field).toBe(field);
    expect(form.refused?.message).not.toBe('');
    expect(form.ingress).toEqual([]);
  });

  it('isolates whom it means where that can be read, and else every Pod both ways', () => {
    const DB = { matchLabels: { app: 'db' } };
    const selected = [{ key: 'app', operator: 'In', values: ['db'] }];
    expect(formOf({ podSelector: DB, policyTypes: ['Egress'], egress: [{ x: 1 }] })).toMatchObject({
      ...{ pods: selected, ingress: null, egress: [] },
    });
    expect(formOf({ podSelector: DB, ingress: [{ x: 1 }] })).toMatchObject({ pods: selected, egress: null });
    expect(formOf({ podSelector: DB, egress: [{ x: 1 }] })).toMatchObject({ pods: selected, egress: [] });
    expect(formOf({ podSelector: 7, policyTypes: 7 })).toMatchObject({ pods: [], ingress: [], egress: [] });
  });

  it('refuses one that would fit into no message', () => {
    const from = Array.from({ length: 20_000 }, (_, i) => ({
      ipBlock: { cidr: `10.${i >> 8}.${i & 255}.0/24` },
    }));
    expect(formOf(ingress({ from }))).toMatchObject({ refused: { token: 'too_large' }, ingress: [] });
  });
});

describe('the normal form', () => {
  it('is one for all ways to write the same', () => {
    const a = { podSelector: { matchLabels: { b: '1', a: '2' } }, ingress: [{ from: [], ports: null }] };
    const b = {
      podSelector: {
        matchExpressions: [
          { key: 'b', operator: 'In', values: ['1', '1'] },
          { key: 'a', operator: 'In', values: ['2'] },
        ],
      },
      policyTypes: ['Ingress'],
      ingress: [{}],
    };
    expect(formOf(a)).toEqual(formOf(b));
    const block = (cidr: string, except: string[]) => formOf(peer({ ipBlock: { cidr, except } }));
    expect(block('010.0.0.1/8', ['10.2.0.9/16', '10.1.0.0/16', '10.2.0.0/016'])).toEqual(
      block('10.0.0.0/8', ['10.1.0.0/16', '10.2.0.0/16']),
    );
  });
});
