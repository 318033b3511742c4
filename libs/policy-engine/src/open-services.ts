/**
 * A rule that lets a consumer reach providers on a target port also lets it reach the ClusterIPs of the Services in
 * front of them, on the service port: in the consumer's namespace the packet still carries the ClusterIP. Providers are
 * Pods, nodes (also for Pods on a node's network) and addresses of an IP list, such as the API server's. Exactly those
 * pairs of protocol and port; who is behind a ClusterIP is judged at the provider's ingress.
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

/** A port of one Service, as far as its backends are in some group. */
export interface ServicePortBehind {
  readonly clusterIps: readonly Address[];
  readonly proto: number;
  readonly port: number;
  /** Of those backends. A named target port may differ from Pod to Pod. */
  readonly targetPorts: readonly number[];
}

export interface OpenedServices {
  /** The unit's egress rules, each followed by those for its ClusterIPs. */
  readonly egress: WireRule[];
  readonly groups: Group[];
}

/** `portsBehind`: the ports of Services that have a backend in the group. */
export function openServices(
  unit: Pick<Unit, 'egress'>,
  portsBehind: (group: GroupId) => readonly ServicePortBehind[],
): OpenedServices {
  const groups = new Map<GroupId, Group>();
  const egress = unit.egress.flatMap((rule) => {
    if (rule.class !== 'allow') return [rule];
    const opened = clusterIpsOf(rule, portsBehind).map(({ proto, port, clusterIps }) => {
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

function clusterIpsOf(
  rule: WireRule,
  portsBehind: (group: GroupId) => readonly ServicePortBehind[],
): OpenedPort[] {
  const opened = new Map<string, OpenedPort>();
  for (const peer of rule.peers) {
    for (const { proto, port, targetPorts, clusterIps } of portsBehind(peer)) {
      if (!targetPorts.some((target) => onPorts(rule.ports, { proto, port: target, peer: '' }))) continue;
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
  endpoint(id: string): Endpoint | undefined;
  ownerOf(address: Address): Endpoint | undefined;
  holdsEndpoint(group: GroupId, endpoint: Pick<Endpoint, 'labelSet' | 'workload'>): boolean;
  contains(group: GroupId, address: Address, hostAddresses: ReadonlySet<Address>): boolean;
}
const NO_HOST: ReadonlySet<Address> = new Set();

type FrontedService = Pick<ServiceObserved, 'clusterIps' | 'ports' | 'backends'>;

/** By looking at every Service. Whoever asks often keeps the answers until the group, a Service or a Pod changes. */
export function servicePortsBehind(
  group: GroupId,
  services: Iterable<FrontedService>,
  endpoints: EndpointLookup,
): ServicePortBehind[] {
  return [...services].flatMap((service) =>
    service.clusterIps.length === 0 ? [] : portsOfServiceBehind(group, service, endpoints),
  );
}

function portsOfServiceBehind(
  group: GroupId,
  { clusterIps, ports, backends }: FrontedService,
  endpoints: EndpointLookup,
): ServicePortBehind[] {
  return ports.flatMap(({ proto, port }, portIndex) => {
    const targetPorts = new Set<number>();
    for (const backend of backends) {
      if (backend.portIndex !== portIndex) continue;
      const endpoint = endpoints.endpoint(backend.podUid ?? '') ?? endpoints.ownerOf(backend.address);
      // Of what is no Pod of ours (a node, the API server) IP lists may speak too.
      const isMeant =
        endpoint?.class === 'pod'
          ? endpoints.holdsEndpoint(group, endpoint)
          : endpoints.contains(group, backend.address, NO_HOST);
      if (isMeant) targetPorts.add(backend.targetPort);
    }
    return targetPorts.size === 0 ? [] : [{ clusterIps, proto, port, targetPorts: [...targetPorts] }];
  });
}
