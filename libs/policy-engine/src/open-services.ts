/**
 * A rule that lets a consumer reach providers on a target port also lets it reach the ClusterIPs of the Services in
 * front of them, on the service port: in the consumer's namespace the packet still carries the ClusterIP. Providers are
 * Pods, nodes (also for Pods on a node's network) and addresses of an IP list, such as the API server's. Exactly those
 * pairs of protocol and port. Nobody can see which backend gets the packet, and whoever may write slices names any address:
 * so a ClusterIP opens only where each of its backends is meant by the rule, on a port of it, or judges who comes for
 * itself (a Pod in full).
 */
import type {
  Address,
  Endpoint,
  Group,
  GroupId,
  ServiceObserved,
  Unit,
  WireRule,
} from '@ringfence/contracts';
import { onPorts } from './ports.js';
import { questionId } from './question.js';
import { egressToServices } from './service-ends.js';
import type { ServiceEnd } from './service-ends.js';

/** A port of one Service, as far as its backends are in some group. */
export interface ServicePortBehind {
  readonly clusterIps: readonly Address[];
  readonly proto: number;
  readonly port: number;
  /** Of those backends. A named target port may differ from Pod to Pod. */
  readonly targetPorts: readonly number[];
  /** Those of them where nobody judges but the rule. */
  readonly unjudgedPorts: readonly number[];
}

export interface OpenedServices {
  /** The unit's egress rules, each followed by those for its ClusterIPs; in place of one that Services provide, its pairs. */
  readonly egress: WireRule[];
  readonly groups: Group[];
}

/** What is asked about the Services of the cluster. */
export interface ServiceLookup {
  /** The ports of Services that have a backend in the group, and none that is neither in it nor judges. */
  portsBehind(group: GroupId): readonly ServicePortBehind[];
  /** The Services that the group means by their labels. */
  servicesOf(group: GroupId): readonly ServiceEnd[];
}

export function openServices(unit: Pick<Unit, 'egress'>, lookup: ServiceLookup): OpenedServices {
  const groups = new Map<GroupId, Group>();
  const egress = unit.egress.flatMap((rule) => {
    if (rule.class !== 'allow') return [rule];
    if (rule.servicePorts === true) {
      const named = rule.peers.flatMap((peer) => lookup.servicesOf(peer));
      const pairs = egressToServices(rule, named);
      for (const group of pairs.groups) groups.set(group.id, group);
      return pairs.rules;
    }
    const opened = clusterIpsOf(rule, lookup).map(({ proto, port, clusterIps }) => {
      const group = vipGroup(rule, { proto, port }, clusterIps);
      groups.set(group.id, group);
      return { ...rule, ports: [{ proto, from: port, to: port }], peers: [group.id] };
    });
    return [rule, ...opened];
  });
  return { egress, groups: [...groups.values()] };
}

interface OpenedPort {
  readonly proto: number;
  readonly port: number;
  readonly clusterIps: Set<Address>;
}

function clusterIpsOf(rule: WireRule, lookup: Pick<ServiceLookup, 'portsBehind'>): OpenedPort[] {
  const opened = new Map<string, OpenedPort>();
  for (const peer of rule.peers) {
    for (const { proto, port, targetPorts, unjudgedPorts, clusterIps } of lookup.portsBehind(peer)) {
      const isMeant = (target: number): boolean => onPorts(rule.ports, { proto, port: target, peer: '' });
      if (!targetPorts.some(isMeant) || !unjudgedPorts.every(isMeant)) continue;
      const key = `${proto}/${port}`;
      const one = opened.get(key) ?? { proto, port, clusterIps: new Set() };
      opened.set(key, one);
      for (const address of clusterIps) one.clusterIps.add(address);
    }
  }
  return [...opened.values()].sort((a, b) => a.proto - b.proto || a.port - b.port);
}

/** The question is the rule's, together with the port: other Services behind the same port are a changed answer. */
function vipGroup(
  rule: WireRule,
  { proto, port }: { proto: number; port: number },
  ips: Iterable<Address>,
): Group {
  const cidrs = [...ips].sort().map((address) => `${address}/${address.includes(':') ? 128 : 32}`);
  const id = questionId('cluster_ip', rule.peers, rule.ports, proto, port);
  return { id, labelSets: [], workloads: [], cidrs, fqdns: [], ownHost: false };
}

/** What is asked about endpoints; `GroupMembers` answers it. */
export interface EndpointLookup {
  ownerOf(address: Address): Endpoint | undefined;
  holdsEndpoint(group: GroupId, endpoint: Pick<Endpoint, 'labelSet' | 'workload'>): boolean;
  contains(group: GroupId, address: Address, hostAddresses: ReadonlySet<Address>): boolean;
}
const NO_HOST: ReadonlySet<Address> = new Set();

type FrontedService = Pick<ServiceObserved, 'clusterIps' | 'ports' | 'backends'>;

export interface BackendLookup extends EndpointLookup {
  /** Whether Pods of the label set judge who comes, by a policy in full. */
  judges(labelSet: string): boolean;
  /** In a network of Pods, and not known whose: a Pod that comes or goes. */
  isNobodys(address: Address): boolean;
}

/** By looking at every Service. Whoever asks often keeps the answers until the group, a Service or a Pod changes. */
export function servicePortsBehind(
  group: GroupId,
  services: Iterable<FrontedService>,
  endpoints: BackendLookup,
): ServicePortBehind[] {
  return [...services].flatMap((service) =>
    service.clusterIps.length === 0 ? [] : portsOfServiceBehind(group, service, endpoints),
  );
}

function portsOfServiceBehind(
  group: GroupId,
  { clusterIps, ports, backends }: FrontedService,
  endpoints: BackendLookup,
): ServicePortBehind[] {
  return ports.flatMap(({ proto, port }, portIndex) => {
    const [targetPorts, unjudgedPorts] = [new Set<number>(), new Set<number>()];
    for (const { address, targetPort } of backends.filter((each) => each.portIndex === portIndex)) {
      const owner = endpoints.ownerOf(address);
      if (owner === undefined && endpoints.isNobodys(address)) continue;
      const judges = owner?.class === 'pod' && endpoints.judges(owner.labelSet);
      if (isMeant(group, { address, owner }, endpoints)) targetPorts.add(targetPort);
      else if (!judges) return [];
      if (!judges) unjudgedPorts.add(targetPort);
    }
    if (targetPorts.size === 0) return [];
    return [{ clusterIps, proto, port, targetPorts: [...targetPorts], unjudgedPorts: [...unjudgedPorts] }];
  });
}

/** Of what is no Pod of ours (a node, the API server) IP lists may speak too. */
function isMeant(
  group: GroupId,
  { address, owner }: { readonly address: Address; readonly owner: Endpoint | undefined },
  endpoints: EndpointLookup,
): boolean {
  return owner?.class === 'pod'
    ? endpoints.holdsEndpoint(group, owner)
    : endpoints.contains(group, address, NO_HOST);
}
