/** The whole cluster, and the view of one node, looked up in plain loops: for comparison with what the calculators tell. */
import type { Endpoint, Group, PodObserved, ServiceObserved, Unit } from '@ringfence/contracts';
import { indexCatalogue, kubernetesWorkloadId, makeLabelSet, resolveLabels } from '@ringfence/labels';
import {
  cidrsOf,
  CLUSTER_NODES,
  CONTROL_PLANE_NODES,
  JUDGING_NODES,
  POD_NETWORKS,
} from '@ringfence/policy-engine';
import { guardUnit } from '../domain/node-port-guards.calculator.js';
import { catalogue, CLUSTER, group, profile } from './facts.js';
import { naiveUnits } from './naive-units.js';

/** Everything that a random sequence leaves behind. */
export interface State {
  readonly pods: Map<string, PodObserved>;
  readonly workloads: Set<string>;
  readonly services: Map<string, ServiceObserved>;
  readonly managed: Map<string, boolean>;
  units: readonly Unit[];
  groups: readonly Group[];
}

/** Everything that is known in the cluster, whoever needs it. */
export function naiveCluster(state: State) {
  const endpoints = naiveEndpoints(state);
  const cidrs = cidrsOf([{ from: '10.244.1.0/24', to: null, exclusion: false, description: '' }]);
  const services = [...state.services.values()];
  const isNobodys = (address: string): boolean =>
    address.startsWith('10.244.1.') && ![...state.pods.values()].some((one) => holds(one, address));
  const inUse = LABEL_SETS.filter(({ labelSet }) => endpoints.some((one) => one.labelSet === labelSet.id));
  const { units, groups, members } = naiveUnits({
    ...{ base: state.units, groups: state.groups, services, endpoints, inUse, cidrs, isNobodys },
    serviceSets: new Map(),
  });
  const everybodys = [
    group(JUDGING_NODES, []),
    group(POD_NETWORKS, [], { cidrs }),
    group(CLUSTER_NODES, [], { cidrs: ['192.0.2.1/32'] }),
    group(CONTROL_PLANE_NODES, []),
  ];
  for (const one of everybodys) groups.set(one.id, one);
  const targets = services.flatMap(({ backends, ports }) =>
    backends.flatMap(({ address, portIndex, targetPort: port }) => {
      const { proto, nodePort } = ports[portIndex]!;
      const of = isNobodys(address) ? undefined : members.ownerOf(address);
      return of === undefined || nodePort === null
        ? []
        : [{ labelSet: of.labelSet, workload: of.workload, proto, port }];
    }),
  );
  return { endpoints, units, groups, targets, everybodys: everybodys.map(({ id }) => id) };
}

/** What one node needs of it. */
export function naiveView(cluster: ReturnType<typeof naiveCluster>, name: string) {
  const { endpoints, units: all, groups, targets, everybodys } = cluster;
  const here = new Set(endpoints.filter((one) => one.node === name).map((one) => one.labelSet));
  const guarded = [...new Set(targets.map(({ labelSet }) => labelSet))].filter((id) => !here.has(id));
  const units = [
    ...[...here].map((id) => all.get(id)!),
    ...guarded.map((id) =>
      guardUnit(
        all.get(id)!,
        targets.filter(({ labelSet }) => labelSet === id),
      ),
    ),
  ];
  const named = new Set(
    everybodys.concat(units.flatMap((one) => [...one.ingress, ...one.egress]).flatMap((rule) => rule.peers)),
  );
  const known = [...groups.values()].filter((one) => named.has(one.id));
  const seen = endpoints.filter(
    (one) =>
      one.node === name ||
      targets.some(({ workload }) => workload === one.workload) ||
      known.some(
        (each) => each.labelSets.includes(one.labelSet) || each.workloads.includes(one.workload ?? ''),
      ),
  );
  const byId = <T>(list: readonly T[], id: (one: T) => string): Map<string, T> =>
    new Map(list.map((one) => [id(one), one]));
  return {
    nodePorts: new Set(targets.map((target) => JSON.stringify(target))),
    units: byId(units, (one) => one.labelSet.id),
    groups: byId(known, (one) => one.id),
    endpoints: byId(
      seen.map(({ pod: named, ...one }) => (one.node === name ? { ...one, pod: named } : one) as Endpoint),
      (one) => one.id,
    ),
  };
}

const index = indexCatalogue(catalogue);
export const ANNOTATIONS: readonly Record<string, string>[] = [
  {},
  { 'com.illumio.role': 'web' },
  { 'com.illumio.role': 'db' },
];
export const LABEL_SETS = ANNOTATIONS.flatMap((annotations) =>
  ['shop', 'bank'].flatMap((namespace) => {
    const { labels } = resolveLabels(profile(namespace), index, { annotations });
    const labelSet = makeLabelSet({ cluster: CLUSTER, namespace, class: 'pod', labels });
    return [{ annotations, labelSet, mode: 'full' as const }];
  }),
);

const holds = (one: PodObserved, address: string): boolean =>
  !one.hostNetwork && one.phase === 'Running' && one.addresses.includes(address);

function naiveEndpoints(state: State): Endpoint[] {
  const order = [...state.pods.values()];
  const isHolder = (one: PodObserved): boolean => !one.hostNetwork && one.phase === 'Running';
  return order.flatMap((one): Endpoint[] => {
    if (!isHolder(one) || state.managed.get(one.namespace) !== true) return [];
    const { labels } = resolveLabels(profile(one.namespace), index, one);
    const owns = (address: string): boolean =>
      order.findLast((other) => isHolder(other) && other.addresses.includes(address)) === one;
    return [
      {
        id: one.uid,
        workload: kubernetesWorkloadId(CLUSTER, one.owner.uid),
        labelSet: makeLabelSet({ cluster: CLUSTER, namespace: one.namespace, class: 'pod', labels }).id,
        class: 'pod',
        addresses: one.addresses.filter(owns),
        node: one.node,
        pod: { namespace: one.namespace, name: one.name, probePorts: [] },
      },
    ];
  });
}
