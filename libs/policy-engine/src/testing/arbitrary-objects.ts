/** Random policy objects, small enough that everything collides with everything, references to nothing included. */
import fc from 'fast-check';
import type {
  EnforcementBoundary,
  IpList,
  IpRange,
  LabelGroup,
  PortRange,
  RuleActor,
  RuleSet,
  ScopeEntry,
  ServiceBinding,
  ServiceObject,
  ServiceRef,
  VirtualService,
} from '@ringfence/contracts';
import type { World } from './world.js';

export const TYPES = ['role', 'app', 'env'] as const;
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

export const IPV4 = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.1', '10.0.1.2', '192.0.2.7', '192.0.2.8'];
export const IPV6 = ['fd00::1', 'fd00::2', 'fd00::1:1', '2001:db8::7'];
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
