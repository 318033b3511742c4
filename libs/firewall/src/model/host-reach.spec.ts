import { describe, expect, it } from 'vitest';
import type { Endpoint, WireRule } from '@ringfence/contracts';
import { hostReach } from './host-reach.js';
import { PROBES_REF } from './policy-model.js';

const HOSTS = 'g-00000000000000000001';
const OTHERS = 'g-00000000000000000002';
const rule = (port: number, parts: Partial<WireRule> = {}): WireRule => ({
  ref: `/rules/${port}`,
  class: 'allow',
  ports: [{ proto: 6, from: port, to: port }],
  peers: [HOSTS],
  ...parts,
});
const endpoint = (address: string, probes: readonly number[] = []): Endpoint => ({
  id: address,
  workload: 'w',
  labelSet: 'ls-1',
  class: 'pod',
  addresses: [address],
  node: 'node-1',
  pod: { namespace: 'shop', name: 'web', probePorts: probes.map((port) => ({ proto: 6, port })) },
});
const isOwnHost = (group: string): boolean => group === HOSTS;
const reachOf = (...pods: Parameters<typeof hostReach>[0][]) =>
  hostReach(
    pods.flatMap((each) => [...each]),
    isOwnHost,
  );

describe('a node reaches on its own Pods', () => {
  it('what a rule lets the container host do there, and their probes; nothing else', () => {
    const ingress = [rule(8080), rule(9000, { peers: [OTHERS] }), rule(7000, { class: 'deny' })];
    const { rules, groups } = reachOf([{ endpoint: endpoint('10.0.0.1', [81]), unit: { ingress } }]);
    const reached = rules.map(({ ref, ports, peers }) => [
      ref,
      ports[0]?.from,
      [...(groups.get(peers[0] ?? '')?.hosts4 ?? [])],
    ]);
    expect(reached).toHaveLength(2);
    expect(reached).toContainEqual(['/rules/8080', 8080, ['10.0.0.1']]);
    expect(reached).toContainEqual([PROBES_REF, 81, ['10.0.0.1']]);
  });

  it('only the Pods whose rule it is', () => {
    const only = rule(8080, { onlyWorkloads: ['other'] });
    expect(reachOf([{ endpoint: endpoint('10.0.0.1'), unit: { ingress: [only] } }]).rules).toEqual([]);
  });

  it('all Pods of one rule through one group', () => {
    const unit = { ingress: [rule(8080)] };
    const { rules, groups } = reachOf([
      { endpoint: endpoint('10.0.0.2'), unit },
      { endpoint: endpoint('10.0.0.1'), unit },
    ]);
    expect(rules).toHaveLength(1);
    expect([...(groups.get(rules[0]?.peers[0] ?? '')?.hosts4 ?? [])].sort()).toEqual([
      '10.0.0.1',
      '10.0.0.2',
    ]);
  });
});
