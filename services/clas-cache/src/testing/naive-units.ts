/** Units as they are enforced, looked up in plain loops, for comparison with what the calculators make of changes. */
import type { Endpoint, EnforcementMode, Group, LabelSet, ServiceObserved, Unit } from '@ringfence/contracts';
import {
  GroupMembers,
  inOrder,
  openServices,
  rulesBehind,
  serviceEndOf,
  servicePortsBehind,
  withMembers,
} from '@ringfence/policy-engine';
import type { BackendLookup } from '@ringfence/policy-engine';
import { clusterDns } from '../domain/cluster-dns.js';
import { ownServiceRules } from '../domain/own-services.js';

export interface Known {
  /** What the control plane said. */
  readonly base: readonly Unit[];
  readonly groups: readonly Group[];
  readonly services: readonly ServiceObserved[];
  /** Label sets of Services themselves, by their uids. */
  readonly serviceSets: ReadonlyMap<string, string>;
  readonly endpoints: readonly Endpoint[];
  /** Label sets that somebody has, each with the mode of a closed unit. */
  readonly inUse: readonly { readonly labelSet: LabelSet; readonly mode: EnforcementMode }[];
  /** Pod networks. */
  readonly cidrs: readonly string[];
  /** In a network of Pods, and not known whose. */
  isNobodys(address: string): boolean;
}

/** Also the groups that units refer to. */
export function naiveUnits(known: Known) {
  const { inUse, endpoints, services, isNobodys } = known;
  const members = new GroupMembers();
  for (const endpoint of endpoints) members.upsertEndpoint(endpoint);
  for (const one of known.groups) members.upsertGroup(one);
  const dns = clusterDns(services, {
    labelSets: inUse.map(({ labelSet }) => labelSet.id),
    cidrs: known.cidrs,
  });
  const baseOf = (id: string): Unit | undefined => known.base.find((one) => one.labelSet.id === id);
  const useOf = (id: string | undefined) => inUse.find(({ labelSet }) => labelSet.id === id);
  const lookup: BackendLookup = {
    ownerOf: (address) => members.ownerOf(address),
    holdsEndpoint: (id, endpoint) => members.holdsEndpoint(id, endpoint),
    contains: (id, address, own) => members.contains(id, address, own),
    judges: (id) => (baseOf(id)?.mode ?? useOf(id)?.mode) === 'full',
    isNobodys,
  };
  const backendsOf = ({ backends }: ServiceObserved) =>
    backends
      .filter(({ address }) => !isNobodys(address))
      .map((backend) => ({ ...backend, of: members.ownerOf(backend.address) }));
  const ownPorts = (id: string) =>
    services.flatMap((one) =>
      backendsOf(one).every(({ of }) => useOf(of?.labelSet)?.labelSet.namespace === one.namespace)
        ? backendsOf(one).flatMap(({ of, portIndex }) =>
            of?.labelSet === id ? [{ ...one, ...one.ports[portIndex]!, workload: of.workload }] : [],
          )
        : [],
    );
  const ends = services
    .filter(({ uid }) => known.serviceSets.has(uid))
    .sort((a, b) => (a.uid < b.uid ? -1 : 1))
    .map((one) =>
      serviceEndOf(one, known.serviceSets.get(one.uid)!, (address) => {
        if (isNobodys(address)) return undefined;
        const { labelSet = null, workload = null } = members.ownerOf(address) ?? {};
        const namespace = useOf(labelSet ?? undefined)?.labelSet.namespace ?? null;
        return { labelSet, workload, namespace, judges: labelSet !== null && lookup.judges(labelSet) };
      }),
    );
  const servicesOf = (id: string) => {
    const meant = known.groups.find((one) => one.id === id)?.behindServices ?? [];
    return meant.flatMap((labelSet) => ends.filter((end) => end.labelSet === labelSet));
  };
  const told = [...known.groups.map((one) => withMembers(one, servicesOf(one.id))), ...dns.groups];
  const groups = new Map(told.map((one) => [one.id, one]));
  const unitOf = ({ labelSet, mode }: Known['inUse'][number]): Unit => {
    const { id } = labelSet;
    const said = baseOf(id) ?? { labelSet, mode, ingress: [], egress: [] };
    const behind = rulesBehind(id, ends, baseOf);
    const base = {
      ...said,
      ingress: inOrder(said.ingress, behind.ingress),
      egress: inOrder(said.egress, behind.egress),
    };
    const portsBehind = (asked: string) => servicePortsBehind(asked, services, lookup);
    const opened = openServices(base, { portsBehind, servicesOf });
    const servers = endpoints.filter(
      (one) => one.labelSet === id && one.addresses.some((each) => dns.backendAddresses.has(each)),
    );
    const onlyWorkloads = [...new Set(servers.flatMap((one) => one.workload ?? []))].sort();
    const answers = servers.length === 0 ? [] : dns.ingress.map((rule) => ({ ...rule, onlyWorkloads }));
    const own = ownServiceRules(id, ownPorts(id));
    for (const one of [...opened.groups, ...own.groups]) groups.set(one.id, one);
    return {
      ...base,
      ingress: [...answers, ...base.ingress],
      egress: [...dns.egress, ...own.egress, ...opened.egress],
    };
  };
  const units = new Map(inUse.map((one) => [one.labelSet.id, unitOf(one)]));
  return { units, groups, members };
}
