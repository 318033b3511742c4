/** Random worlds around random policy objects (`arbitrary-objects.ts`): who is there, under which labels and addresses, and packets between them. */
import fc from 'fast-check';
import type { Endpoint, EnforcementMode, LabelSet, SeenFromOutside } from '@ringfence/contracts';
import { GLOBAL } from '@ringfence/contracts';
import { makeLabelSet } from '@ringfence/labels';
import type { Packet } from '../ports.js';
import { ABROAD, anyLabels, anyObjects, IPV4, IPV6, LABELS, TYPES, WORKLOADS } from './arbitrary-objects.js';
import type { World } from './world.js';

export const CLUSTER = '11111111-1111-4111-8111-111111111111';
const OTHER_CLUSTER = '22222222-2222-4222-8222-222222222222';
export const ADDRESSES_ABROAD = ['192.0.2.8', '203.0.113.9'];
const MODES: readonly EnforcementMode[] = ['idle', 'visibility_only', 'selective', 'full'];

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
