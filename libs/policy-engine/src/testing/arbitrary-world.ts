/** Random worlds, small enough that everything collides with everything, references to nothing included. */
import fc from 'fast-check';
import type {
  Endpoint,
  EnforcementBoundary,
  EnforcementMode,
  IpList,
  IpRange,
  LabelGroup,
  LabelSet,
  PortRange,
  RuleActor,
  RuleSet,
  ScopeEntry,
  SeenFromOutside,
  ServiceBinding,
  ServiceObject,
  ServiceRef,
  VirtualService,
} from '@ringfence/contracts';
import { GLOBAL } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import type { Packet } from '../ports.js';
import type { World } from './world.js';

export const CLUSTER = '11111111-1111-4111-8111-111111111111';
const OTHER_CLUSTER = '22222222-2222-4222-8222-222222222222';
const TYPES = ['role', 'app', 'env'] as const;
/** Labels 1–3 are roles, 4–6 applications, 7–9 environments. */
export const LABELS = Array.from({ length: 9 }, (_, i) => ({
  id: String(i + 1),
  key: TYPES[Math.floor(i / 3)]!,
  value: `value-${i + 1}`,
}));
const GROUP_IDS = ['a', 'b', 'c'].map((letter) => `${letter.repeat(8)}-0000-4000-8000-000000000000`);
/** Or none of a type. */
export const anyLabels: fc.Arbitrary<string[]> = fc
  .tuple(...[0, 3, 6].map((base) => fc.option(fc.integer({ min: base + 1, max: base + 3 }))))
  .map((labels) => labels.filter((label) => label !== null).map(String));
export const WORKLOADS = ['w1', 'w2', 'w3', 'w4'];
/** Of another cluster. */
export const ABROAD = ['x1', 'x2'];
export const ADDRESSES_ABROAD = ['192.0.2.8', '203.0.113.9'];
const MODES: readonly EnforcementMode[] = ['idle', 'visibility_only', 'selective', 'full'];

const id = (max: number): fc.Arbitrary<string> => fc.integer({ min: 1, max }).map(String);
/** Rarely 99, which never exists. */
const labelId = fc.oneof({ weight: 20, arbitrary: id(9) }, { weight: 1, arbitrary: fc.constant('99') });
const exclusion = fc.oneof(
  { weight: 5, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);

const scopeEntry: fc.Arbitrary<ScopeEntry> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('label' as const), id: labelId, exclusion }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('label_group' as const),
      id: fc.constantFrom(...GROUP_IDS),
      exclusion,
    }),
  },
);
const virtualId = fc.constantFrom('v1', 'v2', 'v3');
const providerActor: fc.Arbitrary<RuleActor> = fc.oneof(
  { weight: 6, arbitrary: scopeEntry },
  { weight: 3, arbitrary: fc.constant({ kind: 'ams' as const }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...WORKLOADS, ...ABROAD, 'w9')
      .map((name) => ({ kind: 'workload' as const, id: name })),
  },
  { weight: 2, arbitrary: id(3).map((list) => ({ kind: 'ip_list' as const, id: list })) },
  { weight: 1, arbitrary: virtualId.map((service) => ({ kind: 'virtual_service' as const, id: service })) },
);
const consumerActor: fc.Arbitrary<RuleActor> = fc.oneof(
  { weight: 9, arbitrary: providerActor },
  { weight: 1, arbitrary: fc.constant({ kind: 'container_host' as const }) },
);

const ports: fc.Arbitrary<PortRange> = fc.oneof(
  fc
    .constantFrom(6, 17)
    .chain((proto) =>
      fc
        .tuple(fc.integer({ min: 79, max: 84 }), fc.integer({ min: 0, max: 3 }))
        .map(([from, more]) => (more === 0 ? { proto, from } : { proto, from, to: from + more })),
    ),
  fc.constantFrom<PortRange>(
    { proto: 6 },
    { proto: 6, from: 0, to: 65_535 },
    { proto: 17 },
    { proto: 132 },
    { proto: 1 },
    { proto: 1, icmpType: 8 },
    { proto: 1, icmpType: 3, icmpCode: 4 },
    { proto: 58, icmpType: 128, icmpCode: 0 },
  ),
);
const serviceRef: fc.Arbitrary<ServiceRef> = fc.oneof(
  id(3).map((service) => ({ kind: 'service' as const, id: service })),
  ports.map((range) => ({ kind: 'ports' as const, ports: range })),
);

const resolveAs = fc.constantFrom<('workloads' | 'virtual_services')[]>(
  ['workloads'],
  ['workloads'],
  ['workloads', 'virtual_services'],
  ['virtual_services'],
);
const anyRule = {
  id: id(4),
  enabled: fc.oneof(
    { weight: 6, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  description: fc.constant(''),
  providers: fc.array(providerActor, { minLength: 1, maxLength: 3 }),
  consumers: fc.array(consumerActor, { minLength: 1, maxLength: 3 }),
  services: fc.array(serviceRef, { minLength: 1, maxLength: 2 }),
};
const scoped = { ...anyRule, unscopedConsumers: fc.boolean() };
const byId = <T extends { id: string }>(
  one: fc.Arbitrary<T>,
  maxLength: number,
  minLength = 0,
): fc.Arbitrary<T[]> => fc.uniqueArray(one, { selector: (object) => object.id, minLength, maxLength });

export const anyRuleSet: fc.Arbitrary<RuleSet> = fc.record({
  id: fc.constantFrom('2', '3', '10'),
  name: fc.constant('rule set'),
  description: fc.constant(''),
  enabled: anyRule.enabled,
  // Mostly wide, or two random narrowings would hardly ever leave anybody.
  scopes: fc.oneof(
    { weight: 2, arbitrary: fc.constant<ScopeEntry[][]>([]) },
    { weight: 1, arbitrary: fc.array(fc.array(scopeEntry, { maxLength: 2 }), { maxLength: 2 }) },
  ),
  rules: byId(
    fc.record({
      ...{ ...scoped, resolveProvidersAs: resolveAs, resolveConsumersAs: resolveAs },
      subnetsOf: fc.oneof(
        { weight: 3, arbitrary: fc.constant<('providers' | 'consumers')[]>([]) },
        { weight: 1, arbitrary: fc.subarray<'providers' | 'consumers'>(['providers', 'consumers']) },
      ),
    }),
    4,
    1,
  ),
  denyRules: byId(fc.record({ ...scoped, override: fc.boolean() }), 2),
});
export const anyBoundary: fc.Arbitrary<EnforcementBoundary> = fc.record({
  ...anyRule,
  name: fc.constant('boundary'),
});
export const anyService: fc.Arbitrary<ServiceObject> = fc.record({
  id: id(3),
  name: fc.constant('service'),
  description: fc.constant(''),
  ports: fc.array(
    fc.oneof({ weight: 9, arbitrary: ports }, { weight: 1, arbitrary: fc.constant({ proto: -1 }) }),
    {
      maxLength: 3,
    },
  ),
});
export const anyLabelGroup: fc.Arbitrary<LabelGroup> = fc.constantFrom(...GROUP_IDS.keys()).chain((i) =>
  fc
    .record({
      id: fc.constant(GROUP_IDS[i]!),
      name: fc.constant('group'),
      description: fc.constant(''),
      key: fc.constantFrom('app', 'env'),
      labels: fc.uniqueArray(fc.oneof(id(9), fc.constant('99')), { maxLength: 2 }),
      // Only later groups, so that there is no cycle.
      subGroups: fc.subarray(GROUP_IDS.slice(i + 1)),
    })
    .map((group) => ({
      ...group,
      labels: group.labels.filter((label) => keyOf(label) === group.key || label === '99'),
    })),
);
const keyOf = (label: string): string | undefined => LABELS.find((one) => one.id === label)?.key;

const IPV4 = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.1', '10.0.1.2', '192.0.2.7', '192.0.2.8'];
const IPV6 = ['fd00::1', 'fd00::2', 'fd00::1:1', '2001:db8::7'];
const ipRange: fc.Arbitrary<IpRange> = fc
  .record({
    where: fc.constantFrom<[string, string | null]>(
      ['0.0.0.0/0', null],
      ['::/0', null],
      ['10.0.0.0/24', null],
      ['10.0.0.2', '10.0.1.1'],
      ['10.0.0.2', null],
      ['192.0.2.0/24', null],
      ['fd00::/112', null],
      ['fd00::2', 'fd00::1:1'],
      ['2001:db8::7', null],
    ),
    exclusion,
  })
  .map(({ where: [from, to], exclusion: isExclusion }) => ({
    from,
    to,
    exclusion: isExclusion,
    description: '',
  }));
export const anyIpList: fc.Arbitrary<IpList> = fc.record({
  id: id(3),
  name: fc.constant('list'),
  description: fc.constant(''),
  ranges: fc.array(ipRange, { maxLength: 4 }),
  fqdns: fc.constant([]),
});

const range = (proto: number, from: number, to?: number): PortRange => ({
  proto,
  from,
  ...(to !== undefined && { to }),
});
const address = fc.constantFrom(...IPV4, ...IPV6, '10.0.1.0/24');
export const anyVirtualService: fc.Arbitrary<VirtualService> = fc
  .record({
    id: virtualId,
    name: fc.constant('virtual service'),
    description: fc.constant(''),
    applyTo: fc.constant('host_only' as const),
    labels: anyLabels,
    service: fc.option(id(3)),
    ports: fc.subarray([range(6, 80), range(6, 81, 82), range(17, 80), { proto: 6 }], { minLength: 1 }),
    addresses: fc.array(
      fc.oneof(
        fc.record({ ip: address }),
        fc.record({ ip: address, port: fc.constantFrom(80, 90) }),
        fc.constant({ fqdn: 'db.example.com' }),
      ),
      { maxLength: 2 },
    ),
    overrides: fc.array(address, { maxLength: 1 }),
  })
  .map((one) => (one.service === null ? one : { ...one, ports: [] }));
export const anyServiceBinding: fc.Arbitrary<ServiceBinding> = fc.record({
  id: fc.constantFrom('b1', 'b2', 'b3', 'b4'),
  virtualService: virtualId,
  workload: fc.constantFrom(...WORKLOADS, 'w9'),
  portOverrides: fc.subarray([
    { proto: 6, from: 80, newFrom: 8080, newTo: null },
    { proto: 6, from: 81, newFrom: 79, newTo: 84 },
  ]),
});

export const anyLabelSet: fc.Arbitrary<LabelSet> = fc
  .record({
    class: fc.constantFrom<LabelSet['class']>(
      'pod',
      'pod',
      'pod',
      'node',
      'unmanaged',
      'service',
      'virtual_service',
    ),
    isElsewhere: fc.oneof(
      { weight: 4, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    namespace: fc.constantFrom('shop', 'bank'),
    labels: anyLabels,
  })
  .map(({ class: entityClass, isElsewhere, namespace, labels }) =>
    makeLabelSet({
      cluster: entityClass === 'unmanaged' ? GLOBAL : isElsewhere ? OTHER_CLUSTER : CLUSTER,
      namespace: entityClass === 'node' || entityClass === 'unmanaged' ? null : namespace,
      class: entityClass,
      labels,
    }),
  );
export const anyLabelSetAbroad: fc.Arbitrary<LabelSet> = anyLabels.map((labels) =>
  makeLabelSet({ cluster: OTHER_CLUSTER, namespace: 'shop', class: 'pod', labels }),
);
export const anySubnets: fc.Arbitrary<string[]> = fc.subarray([
  '10.0.0.0/24',
  '192.0.2.6/31',
  'fd00::/112',
  '203.0.113.9/32',
]);
export const anySeen: fc.Arbitrary<SeenFromOutside> = fc.record({
  addresses: fc.subarray(ADDRESSES_ABROAD),
  isHidden: fc.boolean(),
});
export const anyMode: fc.Arbitrary<EnforcementMode> = fc.constantFrom(...MODES);

export const anyCatalogue: fc.Arbitrary<World['catalogue']> = fc
  .oneof(
    { weight: 3, arbitrary: fc.constant<typeof LABELS>([]) },
    { weight: 1, arbitrary: fc.subarray(LABELS, { maxLength: 2 }) },
  )
  .map((missing) => ({ types: [...TYPES], labels: LABELS.filter((label) => !missing.includes(label)) }));

export const anyObjects: fc.Arbitrary<World['objects']> = fc.record({
  version: fc.constant(1),
  ip_lists: byId(anyIpList, 3),
  services: byId(anyService, 3),
  label_groups: byId(anyLabelGroup, 3),
  rule_sets: byId(anyRuleSet, 3, 2),
  enforcement_boundaries: byId(anyBoundary, 2),
  virtual_services: byId(anyVirtualService, 3),
  service_bindings: byId(anyServiceBinding, 4),
});

const ENDPOINTS = 6;
/** A Service without its labels: ports that differ from those of its backends, which may be anybody. */
const anyFront = fc.record({
  clusterIps: fc.subarray(['10.96.0.1', '10.96.0.2', 'fd00:96::1']),
  ports: fc.constantFrom(
    [{ proto: 6, port: 80 }],
    [
      { proto: 6, port: 81 },
      { proto: 17, port: 80 },
    ],
  ),
  backends: fc.array(
    fc.record({
      portIndex: fc.constantFrom(0, 0, 1),
      targetPort: fc.constantFrom(80, 82, 84),
      address: fc.constantFrom(...IPV4.slice(0, ENDPOINTS), '203.0.113.9'),
    }),
    { maxLength: 3 },
  ),
});
/** Every world has addresses of both families, some of them nobody's. */
export const anyWorld: fc.Arbitrary<World> = fc
  .record({
    catalogue: anyCatalogue,
    objects: anyObjects,
    labelSets: fc.uniqueArray(fc.record({ labelSet: anyLabelSet, mode: anyMode }), {
      selector: ({ labelSet }) => labelSet.id,
      minLength: 1,
      maxLength: 8,
    }),
    homes: fc.array(fc.nat(), { minLength: ENDPOINTS, maxLength: ENDPOINTS }),
    names: fc.shuffledSubarray([...WORKLOADS, null, null], { minLength: ENDPOINTS }),
    modes: fc.array(fc.option(anyMode, { nil: undefined }), { minLength: ENDPOINTS, maxLength: ENDPOINTS }),
    fronts: fc.array(anyFront, { minLength: 1, maxLength: 3 }),
    views: fc.tuple(anySeen, anySeen),
    nets: fc.tuple(anySubnets, anySubnets, anySubnets, anySubnets),
  })
  .map(({ homes, names, modes, fronts, views, nets, ...rest }) => {
    const here = rest.labelSets.filter(
      ({ labelSet }) =>
        (labelSet.cluster === CLUSTER || labelSet.class === 'unmanaged') &&
        ['pod', 'node', 'unmanaged'].includes(labelSet.class),
    );
    const endpoints: Endpoint[] =
      here.length === 0 ? [] : homes.map((home, i) => endpointIn(here[home % here.length]!.labelSet, i));
    const workloads = new Map<string, string>();
    for (const [i, endpoint] of endpoints.entries()) {
      endpoint.workload = names[i] ?? null;
      if (modes[i] !== undefined && endpoint.class === 'node') endpoint.mode = modes[i];
      if (endpoint.workload !== null) workloads.set(endpoint.workload, endpoint.labelSet);
    }
    const away = rest.labelSets.filter(({ labelSet }) => labelSet.cluster === OTHER_CLUSTER);
    const seen = new Map(away.length === 0 ? [] : ABROAD.map((name, i) => [name, views[i]!]));
    for (const [i, name] of [...seen.keys()].entries())
      workloads.set(name, away[homes[i]! % away.length]!.labelSet.id);
    const used = new Set(endpoints.flatMap((endpoint) => endpoint.addresses));
    const strangers = [...IPV4, ...IPV6, '203.0.113.9'].filter((address) => !used.has(address));
    const labelled = rest.labelSets.filter(
      ({ labelSet }) => labelSet.class === 'service' && labelSet.cluster === CLUSTER,
    );
    const services = labelled.flatMap(({ labelSet }, i) => ({ labelSet, ...fronts[i % fronts.length]! }));
    const subnets = new Map(WORKLOADS.map((name, i) => [name, nets[i]!]));
    return { cluster: CLUSTER, ...rest, workloads, seen, subnets, endpoints, strangers, services };
  });

function endpointIn(labelSet: LabelSet, i: number): Endpoint {
  const ipv6 = IPV6[i];
  return {
    id: `e${i}`,
    workload: null,
    labelSet: labelSet.id,
    class: labelSet.class,
    addresses: ipv6 === undefined ? [IPV4[i]!] : [IPV4[i]!, ipv6],
    // The first node found hosts every Pod; a node hosts itself.
    node: labelSet.class === 'node' ? `e${i}` : 'e0',
  };
}

/** Packets that are near the edges of the worlds' services. */
export const anyPacket = (world: World): fc.Arbitrary<Packet> =>
  fc
    .record({
      peer: fc.constantFrom(
        ...world.endpoints.flatMap((endpoint) => endpoint.addresses),
        ...world.strangers,
        ...(world.services ?? []).flatMap(({ clusterIps }) => clusterIps),
      ),
      what: fc.oneof(
        fc.record({ proto: fc.constantFrom(6, 6, 17, 132), port: fc.integer({ min: 78, max: 88 }) }),
        fc.constantFrom(
          { proto: 1, port: 8 * 256 },
          { proto: 1, port: 3 * 256 + 4 },
          { proto: 58, port: 128 * 256 },
        ),
      ),
    })
    .map(({ peer, what }) => ({ ...what, peer }));
