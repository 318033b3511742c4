/**
 * The essential rule that lets every Pod look names up at the cluster's DNS, whatever the policy says: without it no
 * Pod finds anything, and nobody would see why. Exactly the pairs of port and protocol that the DNS Service has.
 */
import { hostCidrs, makeGroup } from '@ringfence/contracts';
import type { Address, Group, GroupId, PortRange, WireRule } from '@ringfence/contracts';
import { normalisePorts, questionId } from '@ringfence/policy-engine';
import type { FrontedService } from './service-profiles.js';

const REF = 'essential/cluster-dns';
/** Only system namespaces: a label that anybody may write must not make a Service essential. */
const NAMESPACES = new Set(['kube-system', 'openshift-dns']);
const NAMES = new Set(['kube-dns', 'dns-default']);

const DNS_CLUSTER_IPS: GroupId = questionId('essential', 'cluster-dns', 'cluster-ips');
const DNS_BACKENDS: GroupId = questionId('essential', 'cluster-dns', 'backends');
const DNS_CLIENTS: GroupId = questionId('essential', 'cluster-dns', 'clients');

export interface ClusterDns {
  /** For every Pod. */
  readonly egress: WireRule[];
  /** For the DNS Pods themselves. */
  readonly ingress: WireRule[];
  readonly groups: Group[];
  readonly backendAddresses: ReadonlySet<Address>;
}

export interface DnsClients {
  readonly labelSets: readonly string[];
  /** Pod networks, for Pods of unmanaged namespaces. */
  readonly cidrs: readonly string[];
}

export const isClusterDns = ({ namespace, name, labels }: FrontedService): boolean =>
  NAMESPACES.has(namespace) && (NAMES.has(name) || labels['k8s-app'] === 'kube-dns');

export function clusterDns(services: Iterable<FrontedService>, clients: DnsClients): ClusterDns {
  const all = [...services].filter(isClusterDns);
  const clusterIps = all.flatMap((service) => service.clusterIps);
  const backends = all.flatMap((service) => service.backends);
  const servicePorts = all.flatMap(({ ports }) => ports.map(({ proto, port }) => tcpOrUdp(proto, port)));
  const targetPorts = all.flatMap(({ ports, backends: own }) =>
    own.map(({ portIndex, targetPort }) => tcpOrUdp(ports[portIndex]?.proto ?? 17, targetPort)),
  );
  return {
    egress: [...rule(servicePorts, DNS_CLUSTER_IPS), ...rule(targetPorts, DNS_BACKENDS)],
    ingress: rule(targetPorts, DNS_CLIENTS),
    groups: [
      makeGroup(DNS_CLUSTER_IPS, { cidrs: hostCidrs(clusterIps) }),
      makeGroup(DNS_BACKENDS, { cidrs: hostCidrs(backends.map(({ address }) => address)) }),
      makeGroup(DNS_CLIENTS, {
        labelSets: [...clients.labelSets].sort(),
        cidrs: [...new Set(clients.cidrs)].sort(),
      }),
    ],
    backendAddresses: new Set(backends.map(({ address }) => address)),
  };
}

const tcpOrUdp = (proto: number, port: number): PortRange => ({ proto, from: port, to: port });

function rule(ports: readonly PortRange[], peer: GroupId): WireRule[] {
  if (ports.length === 0) return [];
  return [{ ref: REF, class: 'essential', ports: normalisePorts(ports), peers: [peer] }];
}
