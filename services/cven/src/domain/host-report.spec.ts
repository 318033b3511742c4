import { beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_PLANE_NODES, JUDGING_NODES, POD_NETWORKS } from '@ringfence/policy-engine';
import { allow } from '../testing/models.js';
import { groupOf, podEndpoint, podUnit, viewOf } from '../testing/views.js';
import { DesiredTables } from './desired-tables.calculator.js';
import type { NodeFacts } from './host-essentials.js';
import { controlPorts, cutByFull, letsInWitness } from './host-report.js';
import { ViewState } from './view.state.js';

const FACTS: NodeFacts = {
  control: [{ address: '172.18.0.9', port: 4222 }],
  dialled: [],
  adminPorts: [{ port: 22, cidrs: ['10.0.0.0/8'] }],
  managementPort: 0,
  resolvers: ['10.0.0.53'],
  timeServers: [],
  links: [],
};

describe('what a node says of itself before it is set to full', () => {
  let view: ViewState;
  beforeEach(() => {
    view = new ViewState();
    const rules = { ingress: [allow([1], { proto: 6, from: 10_250 })] };
    view.apply({
      ...viewOf({
        revision: 1,
        groups: [
          groupOf(1, [], { cidrs: ['192.0.2.7/32'] }),
          { ...groupOf(2, [], { cidrs: ['192.0.2.1/32'] }), id: CONTROL_PLANE_NODES },
        ],
        endpoints: [podEndpoint('node-1', 5, { class: 'node' })],
        units: [podUnit(5, 'idle', rules)],
      }),
      apiServers: [{ address: '198.51.100.9', port: 41_234 }],
    });
  });
  const report = (...connected: [address: string, port: number][]) =>
    cutByFull(
      new DesiredTables(view, () => FACTS, 1).hostInFull('node-1'),
      connected.map(([address, port]) => ({ address, port })),
    );

  it('names whoever is connected by what neither a rule nor an essential entry allows', () => {
    const cut = report(
      ['192.0.2.1', 10_250],
      ['198.51.100.9', 10_250],
      ['192.0.2.7', 10_250],
      ['203.0.113.5', 10_250],
      ['10.1.2.3', 22],
      ['203.0.113.5', 22],
    );
    expect(cut).toEqual([
      { peer: '203.0.113.5', proto: 6, port: 10_250 },
      { peer: '203.0.113.5', proto: 6, port: 22 },
    ]);
  });

  it('does not count on a witness in a Pod that another node hides, but where all Pods are let in', () => {
    const rules = {
      ingress: [allow([3, 4], { proto: 6, from: 9100 }), allow([3, 5], { proto: 6, from: 9101 })],
    };
    view.apply({
      ...viewOf({
        ...{ revision: 2, base: 1 },
        groups: [
          groupOf(3, [], { cidrs: ['192.0.2.2/32'] }),
          groupOf(4, [], { cidrs: ['10.244.7.7/32'] }),
          groupOf(5, [], { cidrs: ['10.244.0.0/16'] }),
          { ...groupOf(6, [], { cidrs: ['10.244.0.0/16'] }), id: POD_NETWORKS },
          { ...groupOf(7, [6]), id: JUDGING_NODES },
        ],
        endpoints: [podEndpoint('node-2', 6, { class: 'node', addresses: ['192.0.2.2'] })],
        units: [podUnit(5, 'idle', rules)],
      }),
    });
    const full = new DesiredTables(view, () => FACTS, 1).hostInFull('node-1');
    const letsIn = (...from: string[]) => [9100, 9101].map((port) => letsInWitness(full, from, port));
    expect(letsIn('10.244.7.7')).toEqual([true, true]);
    expect(letsIn('10.244.7.7', '192.0.2.2')).toEqual([false, true]);
    expect(letsIn('192.0.2.2', '192.0.2.2')).toEqual([true, true]);
  });

  it('looks at the ports of the kubelet, etcd, administrators and API servers', () => {
    expect(controlPorts(FACTS, view.apiServers)).toEqual(new Set([10_250, 2379, 2380, 22, 41_234]));
  });
});
