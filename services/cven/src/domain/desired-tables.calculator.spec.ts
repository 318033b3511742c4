/** Which table a place must have: closed where something is missing, the same answer while nothing changes. */
import type { Endpoint } from '@ringfence/contracts';
import { beforeEach, describe, expect, it } from 'vitest';
import { allow } from '../testing/models.js';
import { groupOf, podEndpoint, podPlace, podUnit, viewOf } from '../testing/views.js';
import { DesiredTables } from './desired-tables.calculator.js';
import type { Desired, DesiredTable, HostPlace, Place } from './desired-tables.calculator.js';
import type { NodeFacts } from './host-essentials.js';
import { ViewState } from './view.state.js';

const HOST: HostPlace = { kind: 'host', id: 'host', netns: '/proc/1/ns/net', node: 'node-1' };
const ESSENTIAL: NodeFacts = {
  control: [{ address: '172.18.0.9', port: 4222 }],
  adminPorts: [{ port: 22, cidrs: null }],
  dialled: [],
  resolvers: [],
  timeServers: [],
  links: [],
  managementPort: 9610,
};

describe('the desired tables', () => {
  let view: ViewState;
  let tables: DesiredTables;
  beforeEach(() => {
    view = new ViewState();
    tables = new DesiredTables(view, () => ESSENTIAL, 1);
    const rules = { ingress: [allow([1], { proto: 6, from: 80 })] };
    const namespaces = [
      { name: 'shop', mode: 'full' as const },
      { name: 'lab', mode: 'visibility_only' as const },
    ];
    view.apply(
      viewOf({
        revision: 1,
        groups: [groupOf(1, [2])],
        endpoints: [podEndpoint('a', 1)],
        units: [podUnit(1, 'full', rules)],
        namespaces,
      }),
    );
  });
  const of = (place: Place, ...others: Place[]): Desired => {
    const desired = tables.compute([place, ...others]).get(place.id);
    if (desired === undefined) throw new Error('no answer');
    return desired;
  };
  const model = (desired: Desired) => {
    if ('failed' in desired) throw new Error(desired.failed.message);
    return desired.model;
  };

  it('give a known Pod its policy', () => {
    const desired = of(podPlace('a'));
    expect(model(desired)).toMatchObject({
      mode: 'full',
      kind: 'pod',
      ingress: { segments: [{ proto: 6, from: 80, to: 80 }] },
    });
    expect(desired).toMatchObject({ isOwnPolicy: true });
  });

  it('close an unknown Pod of a managed namespace in full, and leave every other unknown one alone', () => {
    const closed = of(podPlace('stranger'));
    expect(model(closed)).toMatchObject({ mode: 'full', ingress: { segments: [], anyProtocol: [] } });
    expect(closed).toMatchObject({ isOwnPolicy: false });
    expect(model(of(podPlace('stranger', 'lab'))).mode).toBe('idle');
    expect(model(of(podPlace('stranger', 'elsewhere'))).mode).toBe('idle');
  });

  it('close a Pod whose unit is missing', () => {
    view.apply(viewOf({ base: 1, revision: 2, endpoints: [podEndpoint('b', 7)] }));
    expect(model(of(podPlace('b'))).mode).toBe('full');
  });

  it('are the same object until something that matters changes, and shared by Pods that are alike', () => {
    const before = of(podPlace('a'));
    view.apply(
      viewOf({
        base: 1,
        revision: 2,
        endpoints: [podEndpoint('b', 1), podEndpoint('x', 9, { addresses: ['10.0.0.9'] })],
      }),
    );
    expect(of(podPlace('a'), podPlace('b'))).toBe(before);
    expect(of(podPlace('b'), podPlace('a'))).toBe(before);
    view.apply(
      viewOf({ base: 2, revision: 3, endpoints: [podEndpoint('y', 2, { addresses: ['10.0.0.7'] })] }),
    );
    expect(of(podPlace('a'))).not.toBe(before);
  });

  it('let the own node reach exactly the declared probe ports', () => {
    view.setHostAddresses(['172.18.0.2']);
    const pod = { namespace: 'shop', name: 'a', probePorts: [{ proto: 6, port: 8081 }] };
    view.apply(
      viewOf({ base: 1, revision: 2, endpoints: [podEndpoint('a', 1, { pod, addresses: ['10.0.0.3'] })] }),
    );
    const probe = model(of(podPlace('a'))).ingress.segments.find(({ from }) => from === 8081);
    expect(probe?.rules).toEqual([{ ref: 'essential/probes', class: 'essential', peers: ['own-host'] }]);
    const host = model(of(HOST, podPlace('a')));
    expect(host.mode).toBe('idle');
    expect(host.guard?.targets).toEqual([]);
  });

  it('guard on every node what Services make reachable through nodes, by the rules of the Pods, not those for their host', () => {
    const rules = {
      ingress: [
        allow([1], { proto: 6, from: 80 }),
        allow([2], { proto: 6 }),
        allow([1], { proto: 6, from: 90 }),
      ],
    };
    const away = { node: 'node-2', workload: 'web', addresses: ['10.0.1.3', 'fd00::3'] };
    view.apply({
      ...viewOf({
        base: 1,
        revision: 2,
        groups: [groupOf(2, [], { ownHost: true })],
        endpoints: [
          podEndpoint('b', 2, away),
          podEndpoint('c', 2, { ...away, workload: 'other', addresses: ['10.0.1.4'] }),
          podEndpoint('d', 2, { ...away, workload: 'other', node: 'node-1', addresses: ['10.0.0.9'] }),
        ],
        units: [podUnit(2, 'selective', rules)],
      }),
      nodePorts: [{ labelSet: podUnit(2, 'full').labelSet.id, workload: 'web', proto: 6, port: 80 }],
    });
    const { guard } = model(of(HOST, podPlace('a')));
    const target = { proto: 6, port: 80, mode: 'selective', rules: [{ class: 'allow' }] };
    expect(guard?.targets).toMatchObject([
      { ...target, address: '10.0.1.3' },
      { ...target, address: 'fd00::3' },
    ]);
    expect(guard?.hairpins).toEqual(['10.0.0.9']);
  });

  it('leave the host alone while it has no policy, and give it the always-allowed first when it has', () => {
    expect(model(of(HOST)).mode).toBe('idle');
    view.apply(
      viewOf({
        base: 1,
        revision: 2,
        endpoints: [podEndpoint('node-1', 5, { class: 'node' })],
        units: [podUnit(5, 'full')],
      }),
    );
    const { egress, ingress } = model(of(HOST));
    expect(egress.segments.find(({ from }) => from === 4222)?.rules[0]?.ref).toBe(
      'essential/control-channel',
    );
    expect(ingress.segments.find(({ from }) => from === 22)?.rules[0]?.ref).toBe('essential/admin');
  });

  it('let administrators into the host from where people say over REST, and no longer from where the agent is set', () => {
    const endpoint = podEndpoint('node-1', 5, { class: 'node' });
    const told = (revision: number, adminPorts?: Endpoint['adminPorts']): unknown => {
      const endpoints = [{ ...endpoint, ...(adminPorts && { adminPorts }) }];
      view.apply(viewOf({ base: revision - 1, revision, endpoints, units: [podUnit(5, 'full')] }));
      const { unit, model: host } = of(HOST) as DesiredTable;
      return unit.ingress
        .filter(({ ref }) => ref === 'essential/admin')
        .map(({ ports, peers }) => [ports[0]?.from, host.peers.get(peers[0] ?? '')?.cidrs4 ?? []]);
    };
    expect(told(2)).toEqual([[22, []]]);
    const entries = [22, 9100].map((port) => ({ port, cidrs: ['10.0.0.0/8'] }));
    expect(told(3, entries)).toEqual([
      [22, ['10.0.0.0/8']],
      [9100, ['10.0.0.0/8']],
    ]);
    expect(told(4)).toEqual([[22, []]]);
  });

  it('say so when a policy cannot be put into rules, for that Pod only', () => {
    view.apply(
      viewOf({
        base: 1,
        revision: 2,
        endpoints: [podEndpoint('x', 2, { addresses: ['nonsense'] }), podEndpoint('b', 3)],
        units: [podUnit(3, 'full')],
      }),
    );
    expect(of(podPlace('a'), podPlace('b'))).toMatchObject({ failed: { token: 'invalid_address' } });
    expect(model(of(podPlace('b'), podPlace('a'))).mode).toBe('full');
  });
});
