/**
 * The truth: for random rules and real packets, the kernel and the policy engine give one verdict. TCP, UDP and ICMP, both
 * families, both directions, all modes; the tables follow one another as deltas, as in life. Every way into a kernel passes it.
 */
import { execFile } from 'node:child_process';
import type { EnforcementMode, Unit, WireRule } from '@ringfence/contracts';
import { changeBetween } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { evaluate, GroupMembers } from '@ringfence/policy-engine';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kernel } from '../kernel/port/kernel.port.js';
import { group, modelOf, unitOf } from './models.js';
import { openTestbed, peerAddress, PEERS, POD } from './testbed.js';
import type { Testbed } from './testbed.js';

const PORTS = [7001, 7002, 7003];
const GROUPS = [1, 2, 3];

const portRange = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      proto: fc.constantFrom(6, 17),
      from: fc.constantFrom(7000, 7001, 7002),
      to: fc.constantFrom(7002, 7003),
    }),
  },
  fc.record({ proto: fc.constantFrom(6, 17, -1, 1, 58) }),
  fc.record({ proto: fc.constantFrom(1, 58), icmpType: fc.constantFrom(8, 128, 3) }),
);
const wireRule = fc
  .record({
    class: fc.constantFrom('essential', 'override_deny', 'allow', 'allow', 'allow', 'deny') as fc.Arbitrary<
      WireRule['class']
    >,
    ports: fc.array(portRange, { minLength: 1, maxLength: 2 }),
    peers: fc.array(fc.constantFrom(...GROUPS).map(group), { minLength: 1, maxLength: 2 }),
  })
  .map((rule): WireRule => ({ ref: 'r', ...rule }));
const order = ['essential', 'override_deny', 'allow', 'deny'];
const rules = fc
  .array(wireRule, { maxLength: 5 })
  .map((list) => list.toSorted((a, b) => order.indexOf(a.class) - order.indexOf(b.class)));
const member = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...PEERS), fc.constantFrom(4 as const, 6 as const))
      .map(([n, family]) => peerAddress(n, family)),
  },
  fc.constantFrom('10.77.0.10/31', 'fd77::12/127', '0.0.0.0/0'),
);
const world = fc.record({
  mode: fc.constantFrom('visibility_only', 'selective', 'full', 'full') as fc.Arbitrary<EnforcementMode>,
  isolated: fc.option(fc.record({ ingress: fc.boolean(), egress: fc.boolean() }), { nil: undefined }),
  ingress: rules,
  egress: rules,
  members: fc.tuple(
    fc.array(member, { maxLength: 3 }),
    fc.array(member, { maxLength: 3 }),
    fc.array(member, { maxLength: 3 }),
  ),
});

interface Probe {
  readonly direction: 'ingress' | 'egress';
  readonly proto: 6 | 17 | 1 | 58;
  readonly port: number;
  readonly peer: number;
  readonly family: 4 | 6;
}
const PROBES: readonly Probe[] = (['ingress', 'egress'] as const).flatMap((direction) =>
  PEERS.slice(0, 3).flatMap((peer) =>
    ([4, 6] as const).flatMap((family) => [
      ...PORTS.flatMap((port) =>
        [6 as const, 17 as const].map((proto) => ({ direction, proto, port, peer, family })),
      ),
      {
        direction,
        proto: family === 4 ? (1 as const) : (58 as const),
        port: family === 4 ? 2048 : 32_768,
        peer,
        family,
      },
    ]),
  ),
);

export function truthSuite(name: string, make: () => Kernel): void {
  describe(`${name} and the policy engine`, () => {
    let bed: Testbed;
    let kernel: Kernel;
    let current: FirewallModel | undefined;

    beforeAll(async () => {
      bed = openTestbed();
      kernel = make();
      await kernel.open(bed.netns);
      for (const family of [4, 6] as const) {
        await bed.inPod.run('listen', { host: POD[family], tcp: PORTS, udp: PORTS });
        for (const n of PEERS)
          await bed.inWorld.run('listen', { host: peerAddress(n, family), tcp: PORTS, udp: PORTS });
      }
    });
    afterAll(async () => {
      await kernel.stop();
      await bed.close();
    });

    const probe = async ({ direction, proto, port, peer, family }: Probe): Promise<boolean> => {
      const [from, to] =
        direction === 'ingress'
          ? [peerAddress(peer, family), POD[family]]
          : [POD[family], peerAddress(peer, family)];
      if (proto === 1 || proto === 58) return ping(direction === 'ingress' ? bed.world : bed.netns, from, to);
      const agent = direction === 'ingress' ? bed.inWorld : bed.inPod;
      return (await agent.run(proto === 6 ? 'tcp' : 'udp', { from, to, port, timeoutMs: 600 })) === 'open';
    };

    const expected = (
      unit: Unit,
      members: GroupMembers,
      { direction, proto, port, peer, family }: Probe,
    ): boolean => {
      const packet = { proto, port, peer: peerAddress(peer, family) };
      return evaluate({ unit, direction, packet, members, hostAddresses: new Set() }).verdict !== 'blocked';
    };

    it('give one verdict for every packet', async () => {
      for (const { mode, members, ...rulesOf } of fc.sample(world, { numRuns: 40, seed: 77 })) {
        const unit = unitOf(mode, rulesOf);
        const change = changeBetween(
          current,
          modelOf(unit, Object.fromEntries(members.map((list, i) => [GROUPS[i], list]))),
        );
        if (change !== 'nothing') {
          await kernel.apply(bed.netns, change);
          current = change.model;
        }
        const lookup = membersOf(members);
        const seen = await Promise.all(PROBES.map(async (each) => [each, await probe(each)] as const));
        const wrong = seen
          .filter(([each, passed]) => passed !== expected(unit, lookup, each))
          .map(([each, passed]) => ({ ...each, passed }));
        expect({ unit, members, wrong }).toEqual({ unit, members, wrong: [] });
      }
    });
  });
}

function membersOf(lists: readonly (readonly string[])[]): GroupMembers {
  const members = new GroupMembers();
  lists.forEach((list, i) => {
    const labelSet = `ls-${String(i).padStart(20, '0')}`;
    const cidrs = list.map((each) =>
      each.includes('/') ? each : `${each}/${each.includes(':') ? 128 : 32}`,
    );
    members.upsertGroup({
      id: group(GROUPS[i] ?? 0),
      labelSets: [labelSet],
      workloads: [],
      cidrs,
      fqdns: [],
      ownHost: false,
    });
  });
  return members;
}

function ping(netns: string, from: string, to: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(
      'nsenter',
      [`--net=${netns}`, 'busybox', 'ping', '-c', '1', '-W', '1', '-I', from, to],
      (error) => resolve(error === null),
    );
  });
}
