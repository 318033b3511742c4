/** The view of one node looked up in plain loops, for comparison with what the calculators lead an agent to. */
import type { Endpoint, Group, PodObserved, ServiceObserved, Unit } from '@ringfence/contracts';
import { indexCatalogue, kubernetesWorkloadId, makeLabelSet, resolveLabels } from '@ringfence/labels';
import {
  cidrsOf,
  CLUSTER_NODES,
  CONTROL_PLANE_NODES,
  GroupMembers,
  JUDGING_NODES,
  openServices,
  POD_NETWORKS,
  servicePortsBehind,
} from '@ringfence/policy-engine';
import type { BackendLookup } from '@ringfence/policy-engine';
import { clusterDns } from '../domain/cluster-dns.js';
import { guardUnit } from '../domain/node-port-guards.calculator.js';
import { ownServiceRules } from '../domain/own-services.js';
import { catalogue, CLUSTER, group, profile } from './facts.js';

/** Everything that a random sequence leaves behind. */
export interface State {
  readonly pods: Map<string, PodObserved>;
  readonly workloads: Set<string>;
  readonly services: Map<string, ServiceObserved>;
  readonly managed: Map<string, boolean>;
  units: readonly Unit[];
  groups: readonly Group[];
}

/** The view of one node, looked up in plain loops. */
export function naiveView(state: State, name: string) {
  const endpoints = naiveEndpoints(state);
  const members = new GroupMembers();
  for (const endpoint of endpoints) members.upsertEndpoint(endpoint);
  for (const one of state.groups) members.upsertGroup(one);
  const cidrs = cidrsOf([{ from: '10.244.1.0/24', to: null, exclusion: false, description: '' }]);
  const services = [...state.services.values()];
  const dns = clusterDns(services, { labelSets: [...new Set(endpoints.map((one) => one.labelSet))], cidrs });
  const everybodys = [
    group(JUDGING_NODES, []),
    group(POD_NETWORKS, [], { cidrs }),
    group(CLUSTER_NODES, [], { cidrs: ['192.0.2.1/32'] }),
    group(CONTROL_PLANE_NODES, []),
  ];
  const groups = new Map([...state.groups, ...dns.groups, ...everybodys].map((one) => [one.id, one]));
  const isNobodys = (address: string): boolean =>
    address.startsWith('10.244.1.') && ![...state.pods.values()].some((one) => holds(one, address));
  const backendsOf = ({ backends }: ServiceObserved) =>
    backends
      .filter(({ address }) => !isNobodys(address))
      .map((backend) => ({ ...backend, of: members.ownerOf(backend.address) }));
  const targets = services.flatMap((one) =>
    backendsOf(one).flatMap(({ of, portIndex, targetPort: port }) => {
      const { proto, nodePort } = one.ports[portIndex]!;
      return of === undefined || nodePort === null
        ? []
        : [{ labelSet: of.labelSet, workload: of.workload, proto, port }];
    }),
  );
  const lookup: BackendLookup = {
    ownerOf: (address) => members.ownerOf(address),
    holdsEndpoint: (id, endpoint) => members.holdsEndpoint(id, endpoint),
    contains: (id, address, own) => members.contains(id, address, own),
    judges: (id) => (state.units.find((one) => one.labelSet.id === id)?.mode ?? 'full') === 'full',
    isNobodys,
  };
  const unitOf = (id: string): Unit => {
    const { labelSet, mode } = LABEL_SETS.find((one) => one.labelSet.id === id)!;
    const base = state.units.find((one) => one.labelSet.id === id) ?? {
      labelSet,
      mode,
      ingress: [],
      egress: [],
    };
    const opened = openServices(base, (asked) => servicePortsBehind(asked, services, lookup));
    for (const one of opened.groups) groups.set(one.id, one);
    const servers = endpoints.filter(
      (one) => one.labelSet === id && one.addresses.some((each) => dns.backendAddresses.has(each)),
    );
    const onlyWorkloads = [...new Set(servers.flatMap((one) => one.workload ?? []))].sort();
    const answers = servers.length === 0 ? [] : dns.ingress.map((rule) => ({ ...rule, onlyWorkloads }));
    const own = ownServiceRules(
      id,
      services.flatMap((one) =>
        backendsOf(one).every(({ of }) => namespaceOf(of) === one.namespace)
          ? backendsOf(one).flatMap(({ of, portIndex }) =>
              of?.labelSet === id ? [{ ...one, ...one.ports[portIndex]!, workload: of.workload }] : [],
            )
          : [],
      ),
    );
    for (const one of own.groups) groups.set(one.id, one);
    return {
      ...base,
      ingress: [...answers, ...base.ingress],
      egress: [...dns.egress, ...own.egress, ...opened.egress],
    };
  };
  const here = new Set(endpoints.filter((one) => one.node === name).map((one) => one.labelSet));
  const guarded = [...new Set(targets.map(({ labelSet }) => labelSet))].filter((id) => !here.has(id));
  const units = [
    ...[...here].map(unitOf),
    ...guarded.map((id) =>
      guardUnit(
        unitOf(id),
        targets.filter(({ labelSet }) => labelSet === id),
      ),
    ),
  ];
  const named = new Set(
    everybodys
      .map(({ id }) => id)
      .concat(units.flatMap((one) => [...one.ingress, ...one.egress]).flatMap((rule) => rule.peers)),
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

const namespaceOf = (endpoint: Endpoint | undefined): string | null | undefined =>
  LABEL_SETS.find(({ labelSet }) => labelSet.id === endpoint?.labelSet)?.labelSet.namespace;

const index = indexCatalogue(catalogue);
export const ANNOTATIONS: readonly Record<string, string>[] = [
  {},
  { 'com.illumio.role': 'web' },
  { 'com.illumio.role': 'db' },
];
export const LABEL_SETS = ANNOTATIONS.flatMap((annotations) =>
  ['shop', 'bank'].flatMap((namespace) => {
    const { labels } = resolveLabels(profile(namespace), index, annotations);
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
    const { labels } = resolveLabels(profile(one.namespace), index, one.annotations);
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
