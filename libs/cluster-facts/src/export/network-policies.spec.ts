/** Exported NetworkPolicies, read as a cluster reads them and judged sentence by sentence, against the words of the rule sets. */
import type {
  LabelSet,
  PolicyObjects,
  RuleActor,
  RuleSet,
  ScopeEntry,
  ServiceRef,
} from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import { CLUSTER, LABELS, verdictByWords } from '@ringfence/policy-engine/testing';
import type { SpokenVerdict, World } from '@ringfence/policy-engine/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgedAt } from '../testing/index.js';
import type { JudgedCluster, JudgedPod, PodTraffic, TrafficEnd } from '../testing/index.js';
import { networkPolicyForm } from '../network-policy/network-policy.js';
import type { NetworkPolicyManifest } from './manifest.js';
import { exportNetworkPolicies } from './network-policies.js';
import type { ExportedPolicies, ExportWish, NotSaid } from './network-policies.js';

const TYPES = ['role', 'app', 'env'] as const;
const keyOf = (id: string): string | undefined => LABELS.find((label) => label.id === id)?.key;
const valueOf = (id: string): string | undefined => LABELS.find((label) => label.id === id)?.value;
const carrierOf = (type: string): string => `example.com/${type}`;

const formOf = ({ metadata, spec }: NetworkPolicyManifest) =>
  networkPolicyForm({ metadata: { ...metadata, uid: 'u', resourceVersion: '1' }, spec });

/** What the API server asks of names, and of values of annotations nothing. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$/;

interface Town {
  readonly world: World;
  readonly wish: ExportWish;
}
/** Two of each type, so that much meets. */
const IDS = ['1', '2', '4', '5', '7', '8'];
const [GROUP, LIST, SERVICE] = ['g', '1', '1'];
const anyLabel = fc.constantFrom(...IDS).map((id) => ({ kind: 'label' as const, id, exclusion: false }));
const anyExclusion = anyLabel.map((label) => ({ ...label, exclusion: true }));
const aGroup = fc.constant({ kind: 'label_group' as const, id: GROUP, exclusion: false });
const anyScope = fc.oneof(
  fc.constant<ScopeEntry[][]>([]),
  fc.array(fc.array(fc.oneof({ weight: 4, arbitrary: anyLabel }, anyExclusion, aGroup), { maxLength: 2 }), {
    minLength: 1,
    maxLength: 2,
  }),
);
const anyActor: fc.Arbitrary<RuleActor> = fc.oneof(
  { weight: 8, arbitrary: anyLabel },
  { weight: 5, arbitrary: fc.constant({ kind: 'ams' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'ip_list' as const, id: LIST }) },
  { weight: 1, arbitrary: anyExclusion },
  { weight: 1, arbitrary: aGroup },
  {
    weight: 1,
    arbitrary: fc.constantFrom<RuleActor>(
      { kind: 'workload', id: 'w1' },
      { kind: 'virtual_service', id: 'v1' },
      { kind: 'container_host' },
    ),
  },
);
const anySide = fc.array(anyActor, { minLength: 1, maxLength: 2 });
const anyService = fc.constantFrom<ServiceRef>(
  ...[{ proto: -1 }, { proto: 6 }, { proto: 6, from: 80 }, { proto: 6, from: 81, to: 90 }].map((ports) => ({
    kind: 'ports' as const,
    ports,
  })),
  { kind: 'ports', ports: { proto: 17, from: 0, to: 65_535 } },
  { kind: 'ports', ports: { proto: 1 } },
  { kind: 'service', id: SERVICE },
);
const anyRule = {
  id: fc.nat({ max: 1_000_000 }).map(String),
  enabled: fc.constantFrom(true, true, true, false),
  description: fc.constant(''),
  ...{ providers: anySide, consumers: anySide, unscopedConsumers: fc.boolean() },
  services: fc.array(anyService, { minLength: 1, maxLength: 2 }),
};
const anyResolving = fc.constantFrom<('workloads' | 'virtual_services')[]>(
  ...[['workloads' as const], ['workloads' as const], ['virtual_services' as const]],
);
const unique = { selector: ({ id }: { readonly id: string }) => id };
const anyRuleSet: fc.Arbitrary<RuleSet> = fc.record({
  id: fc.constantFrom('2', '3'),
  ...{ name: fc.constant('rules'), description: fc.constant('') },
  enabled: fc.constantFrom(true, true, true, false),
  scopes: anyScope,
  rules: fc.uniqueArray(
    fc.record({ ...anyRule, resolveProvidersAs: anyResolving, resolveConsumersAs: anyResolving }),
    { ...unique, minLength: 1, maxLength: 4 },
  ),
  denyRules: fc.uniqueArray(fc.record({ ...anyRule, override: fc.boolean() }), { ...unique, maxLength: 1 }),
});
const OBJECTS: Omit<PolicyObjects, 'rule_sets'> = {
  version: 1,
  ip_lists: [
    {
      ...{ id: LIST, name: 'list', description: '', fqdns: [] },
      ranges: ['10.0.0.0/30', '192.0.2.0/24', '!10.0.0.2/32'].map((text) => ({
        from: text.replace('!', ''),
        ...{ to: null, exclusion: text.startsWith('!'), description: '' },
      })),
    },
  ],
  services: [
    { id: SERVICE, name: 'web', description: '', ports: [{ proto: 6, from: 80, to: 83 }, { proto: 132 }] },
  ],
  label_groups: [
    { id: GROUP, name: 'group', description: '', key: 'app', labels: ['4', '5'], subGroups: [] },
  ],
  ...{ enforcement_boundaries: [], virtual_services: [], service_bindings: [] },
};
const PODS = 5;
const STRANGERS = ['192.0.2.7', '203.0.113.9'];

/** All Pods of a namespace have its own labels; of the other types some are carried by labels of Kubernetes. */
const anyTown: fc.Arbitrary<Town> = fc
  .record({
    ruleSets: fc.uniqueArray(anyRuleSet, { ...unique, minLength: 1, maxLength: 2 }),
    fixed: fc.record({ shop: anyFixed(), bank: anyFixed() }),
    carried: fc.oneof(
      { weight: 4, arbitrary: fc.constant<(typeof TYPES)[number][]>([...TYPES]) },
      { weight: 1, arbitrary: fc.subarray([...TYPES]) },
    ),
    pods: fc.array(
      fc.record({
        namespace: fc.constantFrom('shop', 'bank'),
        labels: fc.tuple(
          ...[0, 2, 4].map((i) => fc.option(fc.constantFrom(...IDS.slice(i, i + 2)), { freq: 4 })),
        ),
      }),
      { minLength: PODS, maxLength: PODS },
    ),
  })
  .map(({ ruleSets, fixed, carried, pods }) => {
    const objects: PolicyObjects = { ...OBJECTS, rule_sets: ruleSets };
    const sets = pods.map(({ namespace, labels }) =>
      labelSetOf(
        namespace,
        labels.filter((id) => id !== null),
        fixed[namespace],
      ),
    );
    const world: World = {
      ...{ cluster: CLUSTER, catalogue: { types: [...TYPES], labels: LABELS }, objects },
      labelSets: [...new Map(sets.map((one) => [one.id, one])).values()].map((labelSet) => ({
        labelSet,
        mode: 'full' as const,
      })),
      workloads: new Map([['w1', sets[0]!.id]]),
      endpoints: sets.map(({ id }, i) => ({
        ...{ id: `e${i}`, workload: i === 0 ? 'w1' : null, labelSet: id, class: 'pod', node: 'n1' },
        addresses: [`10.0.0.${i + 1}`],
      })),
      strangers: STRANGERS,
    };
    const wish: ExportWish = {
      ...{ objects, ruleSets, keyOf, valueOf, dns: false },
      namespaces: Object.entries(fixed).map(([name, labels]) => ({ name, labels })),
      carriers: new Map(carried.map((type) => [type, carrierOf(type)])),
    };
    return { world, wish };
  });

function anyFixed(): fc.Arbitrary<string[]> {
  return fc
    .subarray([...TYPES], { maxLength: 2 })
    .chain((types) =>
      fc.tuple(...types.map((type) => fc.constantFrom(...IDS.filter((id) => keyOf(id) === type)))),
    );
}

function labelSetOf(namespace: string, labels: readonly string[], fixed: readonly string[]): LabelSet {
  const types = new Set(fixed.map(keyOf));
  const rest = labels.filter((id) => !types.has(keyOf(id)));
  return makeLabelSet({ cluster: CLUSTER, namespace, class: 'pod', labels: [...fixed, ...rest] });
}

function clusterOf({ world }: Town, { policies }: ExportedPolicies): JudgedCluster {
  const setOf = new Map(world.labelSets.map(({ labelSet }) => [labelSet.id, labelSet]));
  const pods = world.endpoints.map((endpoint): JudgedPod => {
    const { namespace, labels } = setOf.get(endpoint.labelSet)!;
    return {
      ...{ namespace: namespace!, name: endpoint.id, addresses: endpoint.addresses, node: 'n1' },
      labels: Object.fromEntries(labels.map((id) => [carrierOf(keyOf(id)!), valueOf(id)!])),
      ...{ hostNetwork: false, namedPorts: [] },
    };
  });
  const names = new Map(['shop', 'bank'].map((name) => [name, { 'kubernetes.io/metadata.name': name }]));
  return { namespaces: names, pods, nodes: new Map(), policies: policies.map(formOf) };
}

const PORTS = [
  [6, 80],
  [6, 83],
  [17, 80],
  [132, 80],
  [1, 2048],
] as const;

function* traffic({ world }: Town, { pods }: JudgedCluster): Generator<PodTraffic> {
  const ends: TrafficEnd[] = [
    ...pods.map((pod) => ({ pod, address: pod.addresses[0]! })),
    ...world.strangers.map((address) => ({ pod: null, address })),
  ];
  for (const from of ends)
    for (const to of ends) {
      if (from === to || (from.pod ?? to.pod) === null) continue;
      for (const [proto, port] of PORTS) yield { from, to, proto, port };
    }
}

/** Whether a rule set is about the Pod: as the words say it, one of its scopes means it. */
function isWithin({ world, wish }: Town, labelSet: LabelSet): boolean {
  const everything: Pick<PolicyObjects['rule_sets'][number], 'rules' | 'denyRules'> = {
    denyRules: [],
    rules: [
      {
        ...{ id: '1', enabled: true, description: '', unscopedConsumers: false },
        ...{ providers: [{ kind: 'ams' }], consumers: [{ kind: 'ams' }] },
        services: [{ kind: 'ports', ports: { proto: -1 } }],
        ...{ resolveProvidersAs: ['workloads'], resolveConsumersAs: ['workloads'] },
      },
    ],
  };
  const asked: World = {
    ...world,
    objects: { ...world.objects, rule_sets: wish.ruleSets.map((one) => ({ ...one, ...everything })) },
  };
  const end = world.endpoints.find((one) => one.labelSet === labelSet.id)!;
  const packet = { proto: 6, port: 1, peer: end.addresses[0]! };
  return verdictByWords(asked, end, 'ingress', packet).decision === 'allow';
}

const isAbout = (ref: string | null, { ruleSet, rule }: NotSaid): boolean =>
  ref?.includes(`/rule_sets/${ruleSet}/`) === true &&
  (rule === null || ref.endsWith(`/${rule.kind}/${rule.id}`));

/** Where nothing is let through. */
const isNothingLost = ({ decision, ref }: SpokenVerdict, notSaid: readonly NotSaid[]): boolean =>
  decision !== 'allow' || notSaid.some((each) => isAbout(ref, each));

describe('exported NetworkPolicies', () => {
  const anything = (look: (town: Town, exported: ExportedPolicies, cluster: JudgedCluster) => void): void =>
    fc.assert(
      fc.property(anyTown, (town) => {
        const exported = exportNetworkPolicies(town.wish)!;
        look(town, exported, clusterOf(town, exported));
      }),
      { numRuns: 150 },
    );

  it('let through what the rules allow, nothing else, and what they do not let through is named', () => {
    anything((town, { notSaid }, cluster) => {
      const unsaidScope = notSaid.some(({ rule }) => rule === null);
      const setOf = new Map(town.world.labelSets.map(({ labelSet }) => [labelSet.id, labelSet]));
      const isOurs = new Map(
        town.world.endpoints.map((end) => [end.id, isWithin(town, setOf.get(end.labelSet)!)]),
      );
      for (const one of traffic(town, cluster))
        for (const direction of ['ingress', 'egress'] as const) {
          const [own, peer] = direction === 'ingress' ? [one.to, one.from] : [one.from, one.to];
          if (own.pod === null) continue;
          const end = town.world.endpoints.find(({ id }) => id === own.pod!.name)!;
          const { isIsolated, isAllowed } = judgedAt(direction, cluster, one);
          const packet = { proto: one.proto, port: one.port, peer: peer.address };
          const said = verdictByWords(town.world, end, direction, packet);
          const isRight = isAllowed ? said.decision === 'allow' : !isIsolated || isNothingLost(said, notSaid);
          if (!unsaidScope) expect(isIsolated).toBe(isOurs.get(end.id));
          if (!isRight)
            expect({ direction, one, said, notSaid, isIsolated, isAllowed }).toBe('what the rules say');
        }
    });
  });

  it('are such that an API server takes them, each name once', () => {
    anything((_, { policies }) => {
      for (const policy of policies) {
        expect(formOf(policy).refused).toBeUndefined();
        expect(policy.metadata.name).toMatch(NAME);
      }
      const names = policies.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);
      expect(new Set(names).size).toBe(names.length);
    });
  });

  /** Whoever reads may ask for it, of every rule in a thousand namespaces. */
  it.each([
    ['many manifests', new Map(TYPES.map((type) => [type, carrierOf(type)]))],
    ['many words of what cannot be said', new Map()],
  ])('end before they are %s', (_, carriers) => {
    const label = (id: string) => ({ kind: 'label' as const, id, exclusion: false });
    const rule = (id: number): RuleSet['rules'][number] => ({
      ...{ id: String(id), enabled: true, description: '', unscopedConsumers: true },
      ...{ providers: [label('1')], consumers: [label('2')] },
      services: [{ kind: 'ports', ports: { proto: 6, from: id } }],
      ...{ resolveProvidersAs: ['workloads'], resolveConsumersAs: ['workloads'] },
    });
    const ruleSets = Array.from({ length: 10 }, (_each, n): RuleSet => ({
      ...{ id: String(n), name: 'rules', description: '', enabled: true, denyRules: [] },
      ...{ scopes: [[label(String((n % 3) + 4))]], rules: [1, 2, 3, 4].map((i) => rule(n * 10 + i)) },
    }));
    const namespaces = Array.from({ length: 1_000 }, (_each, n) => ({ name: `ns-${n}`, labels: [] }));
    const objects = { ...OBJECTS, rule_sets: ruleSets };
    const wish = { objects, ruleSets, namespaces, carriers, keyOf, valueOf, dns: false };
    expect(exportNetworkPolicies(wish)).toBeNull();
    const fewer = exportNetworkPolicies({ ...wish, namespaces: namespaces.slice(0, 20) })!;
    expect(fewer.policies.length + fewer.notSaid.length).toBeGreaterThan(0);
  });
});
