import fc from 'fast-check';
import type {
  Endpoint,
  EnforcementMode,
  Group,
  LabelSetId,
  ServiceObserved,
  Unit,
  WireRule,
} from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { describe, expect, it } from 'vitest';
import { allow, CLUSTER, group, service } from '../testing/facts.js';
import { naiveUnits } from '../testing/naive-units.js';
import { LABEL_SETS } from '../testing/naive-view.js';
import { ToldChanges } from '../testing/told-changes.js';
import { EffectiveUnits } from './effective-units.calculator.js';

const PEERS = ['g-00000000000000000001', 'g-00000000000000000002'] as const;
/** Whoever stands behind Services. */
const BEHIND = 'g-00000000000000000003';
const ofServices = (rule: number): WireRule => ({
  ref: `/orgs/1/sec_policy/active/rule_sets/${rule}/sec_rules/1`,
  ...{ class: 'allow', ports: [{ proto: -1 }], peers: [BEHIND], servicePorts: true },
});
/** As the control plane has them: whoever shares a list shares the object. */
const LISTS: readonly WireRule[][] = [
  [],
  [allow(PEERS[0], 5432)],
  [allow(PEERS[0], 8080), allow(PEERS[1], 5432)],
  [{ ...allow(PEERS[1], 5432), class: 'deny' }],
  [allow(PEERS[0], 8080), ofServices(2), { ...allow(PEERS[1], 5432), class: 'deny' }],
];
/** What rules say of Services: those behind them let come in, and reach out. */
const SERVICE_LISTS: readonly Pick<Unit, 'ingress' | 'egress'>[] = [
  { ingress: [{ ...ofServices(1), peers: [PEERS[0]] }], egress: [] },
  {
    ingress: [
      { ...ofServices(1), peers: [PEERS[1]] },
      { ...ofServices(3), peers: [BEHIND] },
    ],
    egress: [allow(PEERS[0], 8080)],
  },
];
const SERVICE_SETS = ['1', '2'].map((label) =>
  makeLabelSet({ cluster: CLUSTER, namespace: 'shop', class: 'service', labels: [label] }),
);
const [{ labelSet: SHOP }] = LABEL_SETS as [(typeof LABEL_SETS)[number]];
const BANK = LABEL_SETS.find(({ labelSet }) => labelSet.namespace === 'bank')!.labelSet;
const CIDRS = ['10.244.1.0/24'];
const NONE = { upsert: [], remove: [] };
const address = (pod: number): string => `10.244.1.${pod}`;
const isNobodys = (of: string): boolean => of.startsWith('10.244.1.');

/** A cluster in which Pods, Services and policy come and go, and what was told of its units so far. */
class World {
  readonly units = new ToldChanges<Unit>(({ labelSet }) => labelSet.id);
  readonly groups = new ToldChanges<Group>(({ id }) => id);
  readonly calculator = new EffectiveUnits();
  private readonly base = new Map<LabelSetId, Unit>();
  private readonly known = new Map<string, Group>();
  private readonly services = new Map<string, ServiceObserved>();
  private readonly serviceSets = new Map<string, LabelSetId>();
  private readonly endpoints = new Map<string, Endpoint>();
  private readonly modes = new Map<string | null, EnforcementMode>();
  private used = new Set<LabelSetId>();

  says(unit: Unit): void {
    this.base.set(unit.labelSet.id, unit);
    this.calculator.setPolicy({ units: { upsert: [unit], remove: [] }, groups: NONE });
  }

  saysNothingOf(labelSet: LabelSetId): void {
    this.base.delete(labelSet);
    this.calculator.setPolicy({ units: { upsert: [], remove: [labelSet] }, groups: NONE });
  }

  defines(one: Group): void {
    this.known.set(one.id, one);
    this.calculator.setPolicy({ units: NONE, groups: { upsert: [one], remove: [] } });
  }

  definesNothingOf(id: string): void {
    this.known.delete(id);
    this.calculator.setPolicy({ units: NONE, groups: { upsert: [], remove: [id] } });
  }

  manages(namespace: string, mode: EnforcementMode): void {
    this.modes.set(namespace, mode);
    this.useLabelSets();
  }

  serves(one: ServiceObserved): void {
    this.services.set(one.uid, one);
    this.calculator.services.setService(one);
  }

  servesNo({ uid }: ServiceObserved): void {
    this.services.delete(uid);
    this.calculator.services.removeService(uid);
  }

  /** undefined: not at all. */
  labels({ uid }: ServiceObserved, labelSet: LabelSetId | undefined): void {
    if (labelSet === undefined) this.serviceSets.delete(uid);
    else this.serviceSets.set(uid, labelSet);
    this.calculator.services.setLabelSet(uid, labelSet ?? null);
  }

  /** undefined: it is gone. */
  runs(pod: number, labelSet: LabelSetId | undefined): void {
    const at = address(pod);
    if (labelSet === undefined) this.endpoints.delete(at);
    else {
      const parts = {
        id: `p-${pod}`,
        workload: `w-${pod % 2}`,
        labelSet,
        class: 'pod',
        node: 'node-1',
      } as const;
      this.endpoints.set(at, { ...parts, addresses: [at] });
    }
    this.calculator.services.addressesChanged([at]);
    this.calculator.services.podChanged(`p-${pod}`);
    this.useLabelSets();
  }

  flush(): void {
    const lookup = (of: string) => this.endpoints.get(of) ?? (isNobodys(of) ? 'nobodys' : undefined);
    const { units, groups } = this.calculator.flush(lookup, { labelSets: [...this.used], cidrs: CIDRS });
    this.units.take(units);
    this.groups.take(groups);
  }

  isAsFound(): void {
    const endpoints = [...this.endpoints.values()];
    const found = naiveUnits({
      ...{ base: [...this.base.values()], groups: [...this.known.values()], inUse: this.inUse(), endpoints },
      ...{ services: [...this.services.values()], serviceSets: this.serviceSets, cidrs: CIDRS },
      isNobodys: (of) => isNobodys(of) && !this.endpoints.has(of),
    });
    expect(new Map(this.units)).toEqual(found.units);
    expect(new Map(this.groups)).toEqual(found.groups);
    for (const [id, unit] of this.units) expect(this.calculator.unit(id)).toBe(unit);
  }

  private inUse() {
    const had = new Set([...this.endpoints.values()].map(({ labelSet }) => labelSet));
    return LABEL_SETS.filter(({ labelSet }) => had.has(labelSet.id)).map(({ labelSet }) => ({
      ...{ labelSet, mode: this.modes.get(labelSet.namespace) ?? 'full' },
    }));
  }

  private useLabelSets(): void {
    const inUse = this.inUse();
    const now = new Set(inUse.map(({ labelSet }) => labelSet.id));
    for (const id of this.used) if (!now.has(id)) this.calculator.disuse(id);
    for (const { labelSet, mode } of inUse) this.calculator.use(labelSet, mode);
    this.used = now;
  }
}

type Step = (world: World) => void;
const anyLabelSet = fc.constantFrom(...LABEL_SETS.map(({ labelSet }) => labelSet));
const anyMode = fc.constantFrom<EnforcementMode>('full', 'full', 'visibility_only');
const podNumber = fc.integer({ min: 1, max: 4 });

const anyPod: fc.Arbitrary<Step> = fc.tuple(podNumber, fc.option(anyLabelSet, { nil: undefined })).map(
  ([pod, labelSet]) =>
    (world) =>
      world.runs(pod, labelSet?.id),
);
const anyUnit: fc.Arbitrary<Step> = fc
  .record({
    labelSet: anyLabelSet,
    mode: anyMode,
    ingress: fc.constantFrom(...LISTS),
    egress: fc.constantFrom(...LISTS),
  })
  .map((unit) => (world) => world.says(unit));
const anyUnsaid: fc.Arbitrary<Step> = anyLabelSet.map(
  ({ id }) =>
    (world) =>
      world.saysNothingOf(id),
);
const anyGroup: fc.Arbitrary<Step> = fc
  .record({
    id: fc.constantFrom(...PEERS),
    members: fc.subarray(LABEL_SETS.map(({ labelSet }) => labelSet.id)),
    workloads: fc.subarray(['w-0', 'w-1'], { maxLength: 1 }),
    cidrs: fc.subarray(['10.0.0.1/32']),
    isGone: fc.constantFrom(false, false, false, true),
  })
  .map(({ id, members, isGone, ...parts }) => (world) => {
    if (isGone) world.definesNothingOf(id);
    else world.defines(group(id, members, parts));
  });
const anyService: fc.Arbitrary<Step> = fc
  .record({
    name: fc.constantFrom('front', 'back', 'kube-dns'),
    behind: fc.uniqueArray(fc.option(podNumber), { maxLength: 3 }),
    targetPort: fc.constantFrom(5432, 8080),
    hasSecond: fc.boolean(),
    isGone: fc.constantFrom(false, false, true),
  })
  .map(({ name, behind, targetPort, hasSecond, isGone }) => {
    const second = { name: 'second', proto: 6, port: 8080, nodePort: null };
    const isDns = name === 'kube-dns';
    const one = service(name, {
      ...{ namespace: isDns ? 'kube-system' : 'shop', clusterIps: [`10.96.0.${name.length}`] },
      ports: [
        { name: 'main', proto: isDns ? 17 : 6, port: 80, nodePort: null },
        ...(hasSecond ? [second] : []),
      ],
      backends: behind.map((pod, i) => ({
        ...{ portIndex: hasSecond ? i % 2 : 0, targetPort, podUid: pod === null ? null : `p-${pod}` },
        address: pod === null ? '10.0.0.1' : address(pod),
      })),
    });
    return (world) => (isGone ? world.servesNo(one) : world.serves(one));
  });
const anyServiceLabels: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom('front', 'back'), fc.option(fc.constantFrom(...SERVICE_SETS), { nil: undefined }))
  .map(
    ([name, labelSet]) =>
      (world) =>
        world.labels(service(name), labelSet?.id),
  );
const anyServiceUnit: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom(...SERVICE_SETS), fc.option(fc.constantFrom(...SERVICE_LISTS)))
  .map(
    ([labelSet, rules]) =>
      (world) =>
        rules === null ? world.saysNothingOf(labelSet.id) : world.says({ labelSet, mode: 'full', ...rules }),
  );
const anyServiceGroup: fc.Arbitrary<Step> = fc
  .subarray(SERVICE_SETS.map(({ id }) => id))
  .map((behindServices) => (world) => world.defines(group(BEHIND, [], { behindServices })));
const anyProfile: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom('shop', 'bank'), anyMode).map(
  ([namespace, mode]) =>
    (world) =>
      world.manages(namespace, mode),
);

const anyStep = fc.oneof(
  { weight: 4, arbitrary: anyPod },
  { weight: 3, arbitrary: anyUnit },
  { weight: 1, arbitrary: anyUnsaid },
  { weight: 2, arbitrary: anyGroup },
  { weight: 3, arbitrary: anyService },
  { weight: 3, arbitrary: fc.oneof(anyServiceLabels, anyServiceUnit, anyServiceGroup) },
  { weight: 1, arbitrary: anyProfile },
);

/** Two Pods of one Service that policy lets each other reach: its ClusterIP is open. */
function opening(): World {
  const world = new World();
  world.defines(group(PEERS[0], [SHOP.id]));
  world.says({ labelSet: SHOP, mode: 'full', ingress: [], egress: LISTS[1]! });
  for (const pod of [1, 2]) world.runs(pod, SHOP.id);
  const backends = [1, 2].map((pod) => ({ portIndex: 0, targetPort: 5432, podUid: `p-${pod}` }));
  world.serves(
    service('front', { backends: backends.map((one, i) => ({ ...one, address: address(i + 1) })) }),
  );
  return world;
}

describe('what is enforced for the label sets that somebody has', () => {
  it('is what plain loops find, after any changes, whenever it is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyStep, fc.boolean()), { maxLength: 40 }), (steps) => {
        const world = opening();
        for (const [step, isFlushed] of steps) {
          step(world);
          if (!isFlushed) continue;
          world.flush();
          world.isAsFound();
        }
        world.flush();
        world.isAsFound();
      }),
      { numRuns: 300 },
    );
  });

  it('opens for a rule to a Service its ClusterIP on its port and who is behind it on the target port, and nothing else', () => {
    const world = new World();
    const front = service('front', {
      ports: [
        { name: 'web', proto: 6, port: 80, nodePort: null },
        { name: 'admin', proto: 6, port: 9000, nodePort: null },
      ],
      backends: [
        { portIndex: 0, targetPort: 8080, podUid: 'p-1', address: address(1) },
        { portIndex: 1, targetPort: 8081, podUid: 'p-2', address: address(2) },
      ],
    });
    world.defines(group(BEHIND, [], { behindServices: [SERVICE_SETS[0]!.id] }));
    world.defines(group(PEERS[0], [BANK.id]));
    world.says({ labelSet: BANK, mode: 'full', ingress: [], egress: [ofServices(1)] });
    world.says({ labelSet: SERVICE_SETS[0]!, mode: 'full', ...SERVICE_LISTS[0]! });
    world.labels(front, SERVICE_SETS[0]!.id);
    world.serves(front);
    for (const pod of [1, 2]) world.runs(pod, SHOP.id);
    world.runs(3, BANK.id);
    world.flush();
    const opened = world.units.get(BANK.id)!.egress.filter((rule) => rule.class === 'allow');
    expect(
      opened.map(({ ports, peers: [peer] }) => {
        const { cidrs, workloads } = world.groups.get(peer!)!;
        return [ports[0]!.from, ...cidrs, ...workloads];
      }),
    ).toEqual([
      [80, '10.96.0.20/32'],
      [8080, 'w-1'],
      [8081, 'w-0'],
      [9000, '10.96.0.20/32'],
    ]);
    expect(
      world.units
        .get(SHOP.id)!
        .ingress.map(({ ports, onlyWorkloads, peers }) => [ports[0]!.from, onlyWorkloads, peers]),
    ).toEqual([
      [8080, ['w-1'], [PEERS[0]]],
      [8081, ['w-0'], [PEERS[0]]],
    ]);
    // Whoever may write slices names any address: a Service speaks for Pods of its own namespace, and opens to no stranger.
    world.serves({
      ...front,
      backends: [...front.backends, { portIndex: 0, targetPort: 22, podUid: 'p-1', address: '10.0.0.1' }],
    });
    world.flush();
    const now = world.units.get(BANK.id)!.egress.filter((rule) => rule.class === 'allow');
    expect(now.map(({ ports }) => ports[0]!.from)).toEqual([8080, 8081, 9000]);
  });

  it('opens no ClusterIP any more for a group that nobody defines', () => {
    const world = opening();
    const allowed = (): unknown[] =>
      world.units.get(SHOP.id)!.egress.filter((rule) => rule.class === 'allow');
    world.flush();
    expect(allowed()).toHaveLength(2);
    world.definesNothingOf(PEERS[0]);
    world.flush();
    expect(allowed()).toEqual(LISTS[1]);
  });

  it('is closed in the mode of its namespace where nobody has spoken, and known as soon as somebody has', () => {
    const world = new World();
    world.manages('shop', 'selective');
    world.runs(1, SHOP.id);
    expect(world.calculator.isKnown(SHOP.id)).toBe(false);
    world.flush();
    expect(world.units.get(SHOP.id)).toMatchObject({ mode: 'selective', ingress: [], egress: [] });
    world.says({ labelSet: SHOP, mode: 'full', ingress: [], egress: LISTS[1]! });
    world.flush();
    expect(world.calculator.isKnown(SHOP.id)).toBe(true);
    expect(world.units.get(SHOP.id)).toMatchObject({ mode: 'full', egress: LISTS[1] });
  });

  it('is told once more when a label set comes back, and not while nobody has it', () => {
    const world = new World();
    world.says({ labelSet: SHOP, mode: 'full', ingress: LISTS[1]!, egress: [] });
    world.flush();
    expect(world.units.size).toBe(0);
    for (const isThere of [true, false, true]) {
      world.runs(2, isThere ? SHOP.id : undefined);
      world.flush();
      expect([...world.units.keys()]).toEqual(isThere ? [SHOP.id] : []);
    }
  });
});
