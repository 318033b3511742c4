/**
 * What a host's own table always lets through, before anything else: without it a rule too few could cut a node off from
 * its cluster, or its agent from the one who could repair the rule. Loopback and neighbour discovery are in every table.
 */
import type { PortRange, Unit, WireRule } from '@ringfence/contracts';
import { inOrder, peerSet } from '@ringfence/firewall';
import type { PeerSet } from '@ringfence/firewall';

const ANYBODY = 'any-address';
const CONTROL_CHANNEL = 'control-channel';

export interface ControlEndpoint {
  readonly address: string;
  readonly port: number;
}

export interface HostEssentialOptions {
  /** Where the agent reaches its cluster's NATS and clas-cache. */
  readonly control: readonly ControlEndpoint[];
  /** TCP ports that administrators use to reach the node. */
  readonly adminPorts: readonly number[];
  readonly managementPort: number;
}

const tcp = (from: number, to = from): PortRange => ({ proto: 6, from, to });
const udp = (from: number, to = from): PortRange => ({ proto: 17, from, to });

/** API server, kubelet, etcd. */
const CLUSTER: readonly PortRange[] = [tcp(6443), tcp(443), tcp(10_250), tcp(2379, 2380)];
/** VXLAN, Geneve, WireGuard, BGP, IP-in-IP. */
const OVERLAY: readonly PortRange[] = [
  udp(8472),
  udp(4789),
  udp(6081),
  udp(51_820, 51_821),
  tcp(179),
  { proto: 4 },
];
const CLUSTER_IN = CLUSTER.filter(({ from }) => from !== 443);

export function hostGroups({ control }: HostEssentialOptions): Map<string, PeerSet> {
  return new Map([
    [ANYBODY, peerSet([], ['0.0.0.0/0', '::/0'])],
    [
      CONTROL_CHANNEL,
      peerSet(
        control.map(({ address }) => address),
        [],
      ),
    ],
  ]);
}

/**
 * The node's unit with the always-allowed in front, so that the rule of a flow is named from what was enforced. `reach`:
 * what it may reach on its own Pods, essential or not.
 */
export function hostUnit(unit: Unit, options: HostEssentialOptions, reach: readonly WireRule[] = []): Unit {
  const essential = (name: string, ports: readonly PortRange[], peer = ANYBODY): WireRule[] =>
    ports.length === 0
      ? []
      : [{ ref: `essential/${name}`, class: 'essential', ports: [...ports], peers: [peer] }];
  const controlPorts = [...new Set(options.control.map(({ port }) => port))].map((port) => tcp(port));
  return {
    ...unit,
    ingress: [
      ...essential('dhcp', [udp(68), udp(546)]),
      ...essential('cluster', CLUSTER_IN),
      ...essential('overlay', OVERLAY),
      ...essential(
        'admin',
        options.adminPorts.map((port) => tcp(port)),
      ),
      ...essential('management', options.managementPort === 0 ? [] : [tcp(options.managementPort)]),
      ...unit.ingress,
    ],
    egress: inOrder([
      ...essential('control-channel', controlPorts, CONTROL_CHANNEL),
      ...essential('dhcp', [udp(67), udp(547)]),
      ...essential('dns', [udp(53), tcp(53)]),
      ...essential('ntp', [udp(123)]),
      ...essential('cluster', CLUSTER),
      ...essential('overlay', OVERLAY),
      ...unit.egress,
      ...reach,
    ]),
  };
}
