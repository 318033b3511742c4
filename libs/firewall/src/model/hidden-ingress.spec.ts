/** Whoever is hidden may what everybody may whom he could be: the same as asking for each of them. */
import type { WireRule } from '@ringfence/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDenial } from './firewall.model.js';
import type { DirectionPolicy } from './firewall.model.js';
import { hiddenIngress } from './hidden-ingress.js';
import { peerSet } from './addresses.js';

const POD_NETWORKS = 'pod-networks';
/** All of the Pod networks, in two pieces. */
const PODS = ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.8', '10.0.0.9'];
const NETWORKS = ['10.0.0.0/30', '10.0.0.8/31'];
const RANGES = [
  ...NETWORKS,
  ...['0.0.0.0/0', '10.0.0.0/28', '10.0.0.0/29', '10.0.0.8/29', '10.0.0.2/31', '10.0.0.4/30', '10.0.0.9/32'],
];
const PORTS = [80, 81, 82];

const range = fc.constantFrom(...RANGES);
const host = fc.constantFrom(...PODS, '192.0.2.1');
const world = fc.record({
  groups: fc.array(
    fc.record({ ranges: fc.array(range, { maxLength: 3 }), hosts: fc.array(host, { maxLength: 2 }) }),
    { minLength: 1, maxLength: 3 },
  ),
  rules: fc.array(
    fc.record({
      class: fc.constantFrom<WireRule['class']>('essential', 'override_deny', 'allow', 'deny'),
      from: fc.constantFrom(...PORTS),
      peers: fc.array(fc.nat(2), { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 5 },
  ),
});

function said({ segments }: DirectionPolicy, port: number): 'allowed' | 'denied' | 'nothing' {
  const first = segments.find(({ from, to }) => from <= port && port <= to)?.rules[0];
  return first === undefined ? 'nothing' : isDenial(first.class) ? 'denied' : 'allowed';
}

describe('whoever a node hides', () => {
  it('is a Pod: allowed is what all Pods may by one rule, denied what a rule before it denies any of them', () => {
    fc.assert(
      fc.property(world, ({ groups, rules }) => {
        const members = (id: string) => {
          if (id === POD_NETWORKS) return peerSet([], NETWORKS);
          const group = groups[Number(id)];
          return group && peerSet(group.hosts, group.ranges);
        };
        const wire = rules.map(({ class: ruleClass, from, peers }): WireRule => ({
          ...{ ref: 'r', class: ruleClass, ports: [{ proto: 6, from }], peers: peers.map(String) },
        }));
        const isIn = (address: string, peer: number): boolean => {
          const set = members(String(peer));
          return set !== undefined && holds([...set.cidrs4], address);
        };
        const isNamed = (address: string, peer: number): boolean =>
          isIn(address, peer) || (members(String(peer))?.hosts4.has(address) ?? false);
        const { pod } = hiddenIngress(wire, POD_NETWORKS, members);
        for (const port of PORTS) {
          const first = rules.find(
            ({ class: ruleClass, from, peers }) =>
              from === port &&
              (isDenial(ruleClass)
                ? PODS.some((address) => peers.some((peer) => isNamed(address, peer)))
                : peers.some((peer) => PODS.every((address) => isIn(address, peer)))),
          );
          const expected = first === undefined ? 'nothing' : isDenial(first.class) ? 'denied' : 'allowed';
          expect(said(pod[4], port)).toBe(expected);
        }
      }),
    );
  });

  it('is a stranger: only what everybody may, and what Pods need whatever their networks are', () => {
    const rules: WireRule[] = [
      { ref: 'api', class: 'essential', ports: [{ proto: 6, from: 6443 }], peers: [POD_NETWORKS] },
      { ref: 'pods', class: 'allow', ports: [{ proto: 6, from: 80 }], peers: ['pods'] },
      { ref: 'all', class: 'allow', ports: [{ proto: 6, from: 81 }], peers: ['all'] },
      { ref: 'no', class: 'deny', ports: [{ proto: 6, from: 82 }], peers: ['one'] },
    ];
    const sets = new Map([
      [POD_NETWORKS, peerSet([], NETWORKS)],
      ['pods', peerSet([], ['10.0.0.0/8'])],
      ['all', peerSet([], ['0.0.0.0/1', '128.0.0.0/1'])],
      ['one', peerSet(['192.0.2.1'], [])],
    ]);
    const { stranger, pod } = hiddenIngress(rules, POD_NETWORKS, (id) => sets.get(id));
    const seen = (policy: DirectionPolicy) => [6443, 80, 81, 82].map((port) => said(policy, port));
    expect(seen(stranger[4])).toEqual(['allowed', 'nothing', 'allowed', 'denied']);
    expect(seen(pod[4])).toEqual(['allowed', 'allowed', 'allowed', 'nothing']);
    // Nobody has told of Pod networks of this family: whoever comes by it could be anybody.
    expect(seen(pod[6])).toEqual(['allowed', 'nothing', 'nothing', 'nothing']);
  });
});

/** In plain numbers. */
function holds(cidrs: readonly string[], address: string): boolean {
  const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return cidrs.some((cidr) => {
    const [network = '', bits = '32'] = cidr.split('/');
    const size = 2 ** (32 - Number(bits));
    return Math.floor(number(network) / size) === Math.floor(number(address) / size);
  });
}
