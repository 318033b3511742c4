/** What nodes are told of NetworkPolicies against what Kubernetes says of them, at random: whatever happens, in whatever order. */
import { judgedAt, TRUTH_CLUSTER } from '@ringfence/cluster-facts/testing';
import type { JudgedCluster, JudgedPod, PodTraffic } from '@ringfence/cluster-facts/testing';
import type { LabelRequirement, NetworkPolicyForm, Unit } from '@ringfence/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyBed, uidOf } from '../../testing/policy-bed.js';

const LABELS = [{}, { app: 'web' }, { app: 'db' }, { app: 'web', tier: 'front' }] as const;
const NAMESPACES = ['shop', 'bank', 'attic'] as const;
const PORTS = [[], [{ name: 'http', proto: 6, port: 80 }], [{ name: 'http', proto: 6, port: 8080 }]] as const;
const anyRequirement = fc.constantFrom(
  ...(['web', 'db'] as const).map((value) => ({ key: 'app', operator: 'In' as const, values: [value] })),
  { key: 'app', operator: 'NotIn' as const, values: ['db'] },
  { key: 'tier', operator: 'Exists' as const, values: [] },
  { key: 'tier', operator: 'DoesNotExist' as const, values: [] },
);
const anySelector = fc.array(anyRequirement, { maxLength: 1 });
const anyPeer = fc.oneof(
  fc.record({
    kind: fc.constant('pods' as const),
    namespaces: fc.option(
      fc.array(fc.constant<LabelRequirement>({ key: 'team', operator: 'In', values: ['red'] }), {
        maxLength: 1,
      }),
    ),
    pods: anySelector,
  }),
  fc.constantFrom(
    ...([['10.0.0.0/24', '10.0.0.2/32'], ['192.0.2.0/24']] as const).map(([cidr, ...except]) => ({
      ...{ kind: 'addresses' as const, cidr, except },
    })),
  ),
);
const anyPort = fc.constantFrom(
  { proto: 6 },
  { proto: 6, from: 80, to: 90 },
  { proto: 6, name: 'http' },
  { proto: 17 },
);
const anyRules = fc.option(
  fc.array(
    fc.record({
      peers: fc.option(fc.array(anyPeer, { minLength: 1, maxLength: 2 })),
      ports: fc.option(fc.array(anyPort, { minLength: 1, maxLength: 2 })),
    }),
    { maxLength: 2 },
  ),
);
const anyForm: fc.Arbitrary<NetworkPolicyForm> = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  name: fc.constantFrom('a', 'b'),
  pods: anySelector,
  ingress: anyRules,
  egress: anyRules,
});

interface World {
  readonly namespaces: Map<string, Readonly<Record<string, string>>>;
  readonly pods: Map<string, JudgedPod>;
  readonly policies: Map<string, NetworkPolicyForm>;
}
type Step = (world: World, bed: PolicyBed) => void;
const anyPodStep: fc.Arbitrary<Step> = fc
  .record({
    number: fc.integer({ min: 1, max: 5 }),
    namespace: fc.constantFrom(...NAMESPACES),
    labels: fc.constantFrom(...LABELS),
    namedPorts: fc.constantFrom(...PORTS),
    hostNetwork: fc.constantFrom(false, false, false, true),
    isGone: fc.constantFrom(false, false, false, true),
  })
  .map(({ number, isGone, ...rest }) => (world, bed) => {
    const name = `p${number}`;
    for (const [key, other] of world.pods) {
      // A Pod stays in its namespace: another one has the address then.
      if (other.name !== name || (other.namespace === rest.namespace && !isGone)) continue;
      bed.setPod(other, true);
      world.pods.delete(key);
    }
    if (isGone) return;
    const one: JudgedPod = { ...rest, name, addresses: [`10.0.0.${number}`], node: 'n1' };
    world.pods.set(uidOf(one), one);
    bed.setPod(one);
  });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: anyPodStep },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...NAMESPACES),
        fc.constantFrom<Readonly<Record<string, string>>>({}, { team: 'red' }),
      )
      .map(([name, labels]): Step => (world, bed) => {
        world.namespaces.set(name, labels);
        bed.setNamespace(name, labels);
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('x', 'y', 'z'), fc.option(anyForm, { freq: 3 }))
      .map(([uid, form]): Step => (world, bed) => {
        bed.setPolicy(uid, form);
        if (form === null) world.policies.delete(uid);
        else world.policies.set(uid, form);
      }),
  },
);

/** Only the attic is not managed. */
const anyModes = fc.record({
  shop: fc.constantFrom('idle', 'visibility_only', 'selective', 'full') as fc.Arbitrary<Unit['mode']>,
  bank: fc.constantFrom('visibility_only', 'full') as fc.Arbitrary<Unit['mode']>,
});
const OTHERS = ['192.0.2.1', '172.16.0.1', '172.16.0.2'];

function packets(cluster: JudgedCluster): PodTraffic[] {
  const ends = [
    ...cluster.pods.map((pod) => ({ pod, address: pod.hostNetwork ? '172.16.0.1' : pod.addresses[0]! })),
    ...OTHERS.map((address) => ({ pod: null, address })),
  ];
  return ends.flatMap((from) =>
    ends
      .filter((to) => to !== from)
      .flatMap((to) =>
        (
          [
            [6, 80],
            [6, 8080],
            [17, 80],
          ] as const
        ).map(([proto, port]) => ({ from, to, proto, port })),
      ),
  );
}

const clusterOf = ({ namespaces, pods, policies }: World): JudgedCluster => ({
  ...{ namespaces, nodes: TRUTH_CLUSTER.nodes },
  pods: [...pods.values()],
  policies: [...policies.values()],
});

/** null: nobody enforces anything there. In full our own mode decides about the own node, too. */
function blockedByWords(
  direction: 'ingress' | 'egress',
  traffic: PodTraffic,
  {
    cluster,
    modes,
  }: { readonly cluster: JudgedCluster; readonly modes: Readonly<Record<string, Unit['mode']>> },
): boolean | null {
  const [own, peer] = direction === 'ingress' ? [traffic.to, traffic.from] : [traffic.from, traffic.to];
  const mode = own.pod === null || own.pod.hostNetwork ? undefined : modes[own.pod.namespace];
  if (mode === undefined) return null;
  const hasNode = mode !== 'full';
  const { isIsolated, isAllowed } = judgedAt(
    direction,
    hasNode ? cluster : { ...cluster, nodes: new Map() },
    traffic,
  );
  return mode === 'full' ? !isAllowed : isIsolated && !isAllowed && peer.address !== own.address;
}

describe('whatever happens to Pods, namespaces and NetworkPolicies', () => {
  const happens = fc.tuple(anyModes, fc.array(fc.tuple(anyStep, fc.boolean()), { maxLength: 25 }));
  const played = (
    [modes, steps]: readonly [Record<string, Unit['mode']>, readonly (readonly [Step, boolean])[]],
    look: (world: World, bed: PolicyBed) => void,
  ): void => {
    const world: World = { namespaces: new Map(), pods: new Map(), policies: new Map() };
    const bed = new PolicyBed(modes);
    for (const [step, isFlushed] of [...steps, [() => undefined, true] as const]) {
      step(world, bed);
      if (!isFlushed) continue;
      bed.flush();
      look(world, bed);
    }
  };

  it('is enforced as Kubernetes says, beside each mode of ours', () => {
    fc.assert(
      fc.property(happens, ([modes, steps]) => {
        played([modes, steps], (world, bed) => {
          const cluster = clusterOf(world);
          for (const traffic of packets(cluster))
            for (const direction of ['ingress', 'egress'] as const)
              expect({ direction, traffic, told: bed.isBlocked(direction, traffic) }).toEqual({
                ...{ direction, traffic },
                told: blockedByWords(direction, traffic, { cluster, modes }),
              });
        });
      }),
      { numRuns: 60 },
    );
  });

  it('is told as if all of it had been there at once', () => {
    fc.assert(
      fc.property(happens, ([modes, steps]) => {
        played([modes, steps], (world, bed) => {
          const anew = new PolicyBed(modes);
          for (const [name, labels] of world.namespaces) anew.setNamespace(name, labels);
          for (const one of world.pods.values()) anew.setPod(one);
          for (const [uid, form] of world.policies) anew.setPolicy(uid, form);
          anew.flush();
          for (const told of ['endpoints', 'peers', 'units', 'groups'] as const)
            expect(new Map<string, unknown>(bed[told])).toEqual(new Map<string, unknown>(anew[told]));
          expect(bed.namespaces).toEqual(anew.namespaces);
        });
      }),
      { numRuns: 60 },
    );
  });
});
