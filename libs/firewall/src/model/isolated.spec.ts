import type { Unit, WireRule } from '@ringfence/contracts';
import { evaluate } from '@ringfence/policy-engine';
import { describe, expect, it } from 'vitest';
import { naiveKernel } from '../testing/index.js';
import { peerSet } from './addresses.js';
import { hostReach } from './host-reach.js';
import { peerLookup } from './place-policy.js';
import { buildModel, endpointUnit, OWN_HOST } from './policy-model.js';

const [NODE, FRIEND, FOE] = ['172.16.0.1', '10.0.0.1', '10.0.0.2'];
const rule = (ruleClass: WireRule['class'], address: string, port: number): WireRule => ({
  ...{ ref: `${ruleClass} ${port}`, class: ruleClass, peers: [address] },
  ports: [{ proto: 6, from: port, to: port }],
});
const groups = (id: string) => peerSet([id === OWN_HOST ? NODE : id], []);
const details = { workload: 'w', probePorts: [] };

const unit = (isolated: Unit['isolated'], mode: Unit['mode'] = 'visibility_only'): Unit => ({
  labelSet: { id: 'ls-1', cluster: 'c', namespace: 'n', class: 'pod', labels: [] },
  ...{ mode, isolated },
  ingress: [
    rule('override_deny', FRIEND, 1),
    rule('allow', FRIEND, 1),
    rule('allow', FRIEND, 2),
    rule('deny', FRIEND, 3),
  ],
  egress: [],
});

function verdicts(
  one: Unit,
  direction: 'ingress' | 'egress',
  packets: readonly (readonly [string, number])[],
) {
  const own = endpointUnit(one, details);
  const model = buildModel(own, groups, { kind: 'pod', revision: 1 });
  return packets.map(([peer, port]) => {
    const packet = { proto: 6, port, peer };
    const verdict = naiveKernel(model, { direction, ...packet });
    const members = peerLookup((id) => model.peers.get(id));
    expect(evaluate({ unit: own, direction, packet, members, hostAddresses: new Set() }).verdict).toBe(
      verdict,
    );
    return verdict;
  });
}

describe('a Pod that is isolated in a direction', () => {
  const isolated = { ingress: true, egress: false };

  it('is in full there: what nothing allows is blocked, and override-deny stands above what does', () => {
    const packets = [
      [FRIEND, 1],
      [FRIEND, 2],
      [FRIEND, 3],
      [FOE, 2],
    ] as const;
    expect(verdicts(unit(isolated), 'ingress', packets)).toEqual([
      'blocked',
      'allowed',
      'blocked',
      'blocked',
    ]);
    expect(verdicts(unit(undefined), 'ingress', packets)[3]).toBe('potentially_blocked');
  });

  it('is in its mode in the other', () => {
    expect(verdicts(unit(isolated), 'egress', [[FOE, 2]])).toEqual(['potentially_blocked']);
  });

  it('and its own node reach each other, both ways, and in no other direction is that said', () => {
    const both = { ingress: true, egress: true };
    expect(verdicts(unit(both), 'ingress', [[NODE, 9]])).toEqual(['allowed']);
    expect(verdicts(unit(both), 'egress', [[NODE, 9]])).toEqual(['allowed']);
    expect(endpointUnit(unit(isolated), details).egress).toEqual([]);
  });

  it('opens nothing of its node’s own table', () => {
    const endpoint = { workload: 'w', addresses: [FRIEND] };
    expect(hostReach([{ endpoint, unit: unit(isolated) }], () => false).rules).toEqual([]);
  });
});
