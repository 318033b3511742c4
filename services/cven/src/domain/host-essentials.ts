/**
 * What a node's own table lets through before anything else: the least that keeps the node in its cluster and its agent in
 * reach of those who could repair a rule. Every entry names who needs it; none is open to everybody. Loopback and neighbour
 * discovery are in every table, what the node's Pods let their own host do is `hostReach`'s.
 *
 *   who                          knows them
 *   API servers                  Kubernetes (the Service default/kubernetes), and what the node's own agents talk to
 *   nodes, control-plane nodes   Kubernetes, by address and role
 *   resolvers, time, links       the node itself
 *   administrators               people over REST, or a setting; without either the node's own networks and the other nodes
 */
import type { AdminPort, PortRange, Unit, WireRule } from '@ringfence/contracts';
import { inOrder, peerSet } from '@ringfence/firewall';
import type { PeerSet } from '@ringfence/firewall';
import { CLUSTER_NODES, CONTROL_PLANE_NODES, POD_NETWORKS, questionId } from '@ringfence/policy-engine';

export interface RemotePort {
  readonly address: string;
  readonly port: number;
}

/** What the agent knows of its node. A new object whenever anything of it changes. */
export interface NodeFacts {
  /** Where the agent reaches its cluster's NATS and clas-cache. */
  readonly control: readonly RemotePort[];
  /** What kubelet, the runtime and other agents of the node were seen to talk to. */
  readonly dialled: readonly RemotePort[];
  readonly adminPorts: readonly AdminPort[];
  readonly managementPort: number;
  readonly resolvers: readonly string[];
  readonly timeServers: readonly string[];
  /** CIDRs of the interfaces that lead out of the node. */
  readonly links: readonly string[];
}

/** What the cluster tells. */
export interface ClusterPlace {
  readonly apiServers: readonly RemotePort[];
  readonly addresses: readonly string[];
  readonly isControlPlane: boolean;
  /** Of Pods on the node that policy says nothing about: its kubelet probes them all the same. */
  readonly otherPods: readonly string[];
}

export interface HostEssentials {
  readonly ingress: readonly WireRule[];
  readonly egress: readonly WireRule[];
  /** Groups that only these rules name. */
  readonly groups: ReadonlyMap<string, PeerSet>;
}

const tcp = (from: number, to = from): PortRange => ({ proto: 6, from, to });
const udp = (from: number, to = from): PortRange => ({ proto: 17, from, to });
const KUBELET = tcp(10_250);
const ETCD = tcp(2379, 2380);
/** VXLAN, Geneve, WireGuard, BGP, IP-in-IP. */
const OVERLAY: readonly PortRange[] = [
  udp(8472),
  udp(4789),
  udp(6081),
  udp(51_820, 51_821),
  tcp(179),
  { proto: 4 },
];
/** Where servers for the whole link are asked, and from where they may answer. */
const LINK_WIDE = { asked: ['255.255.255.255/32', 'ff02::1:2/128'], answering: ['fe80::/10'] } as const;

export function hostEssentials(facts: NodeFacts, cluster: ClusterPlace): HostEssentials {
  const book = new EssentialBook();
  const said = (rules: readonly WireRule[]): WireRule[] => rules.filter(({ ports }) => ports.length > 0);
  return {
    ingress: said(ingressRules(book, facts, cluster)),
    egress: said(egressRules(book, facts, cluster)),
    groups: book.groups,
  };
}

function ingressRules(book: EssentialBook, facts: NodeFacts, cluster: ClusterPlace): WireRule[] {
  const { apiServers, addresses, isControlPlane } = cluster;
  const nearby = [book.networks('links', facts.links), CLUSTER_NODES];
  const servers = book.hosts(
    'api-servers',
    apiServers.map(({ address }) => address),
  );
  const own = apiServers.filter(({ address }) => addresses.includes(address));
  const answering = book.networks('dhcp-answering', [...facts.links, ...LINK_WIDE.answering]);
  return [
    book.rule('dhcp', [udp(68), udp(546)], [answering]),
    book.rule('kubelet', [KUBELET], [CONTROL_PLANE_NODES, servers]),
    book.rule('api-server', portsOf(own), [CLUSTER_NODES, POD_NETWORKS]),
    book.rule('etcd', isControlPlane ? [ETCD] : [], [CONTROL_PLANE_NODES]),
    book.rule('overlay', OVERLAY, [CLUSTER_NODES]),
    ...facts.adminPorts.map(({ port, cidrs }) =>
      book.rule('admin', [tcp(port)], cidrs === null ? nearby : [book.networks(`admin ${port}`, cidrs)]),
    ),
    book.rule('management', facts.managementPort === 0 ? [] : [tcp(facts.managementPort)], nearby),
  ];
}

function egressRules(
  book: EssentialBook,
  facts: NodeFacts,
  { apiServers, addresses, isControlPlane, otherPods }: ClusterPlace,
): WireRule[] {
  const asked = book.networks('dhcp-asked', [...facts.links, ...LINK_WIDE.asked]);
  return [
    ...book.pairs('control-channel', facts.control),
    book.rule('dhcp', [udp(67), udp(547)], [asked]),
    book.rule('dns', [udp(53), tcp(53)], [book.hosts('resolvers', facts.resolvers)]),
    book.rule('ntp', [udp(123)], [book.hosts('time-servers', facts.timeServers)]),
    ...book.pairs('api-server', apiServers),
    ...book.pairs('node-agents', facts.dialled),
    book.rule('kubelet', isControlPlane ? [KUBELET] : [], [CLUSTER_NODES]),
    book.rule('etcd', isControlPlane ? [ETCD] : [], [CONTROL_PLANE_NODES]),
    book.rule('overlay', OVERLAY, [CLUSTER_NODES]),
    book.rule('probes-of-unmanaged-pods', [tcp(1, 65_535)], [book.hosts('unmanaged-pods', otherPods)]),
    // What is translated to the node itself (its own ClusterIP) still seems to leave it where its rules look.
    book.rule('own-addresses', [{ proto: -1 }], [book.hosts('own-addresses', addresses)]),
  ];
}

/**
 * The node's unit with the always-allowed in front, so that the rule of a flow is named from what was enforced. `reach`:
 * what it may reach on its own Pods, essential or not.
 */
export function hostUnit(unit: Unit, essentials: HostEssentials, reach: readonly WireRule[] = []): Unit {
  return {
    ...unit,
    ingress: [...essentials.ingress, ...unit.ingress],
    egress: inOrder([...essentials.egress, ...unit.egress, ...reach]),
  };
}

const portsOf = (remotes: readonly RemotePort[]): PortRange[] =>
  [...new Set(remotes.map(({ port }) => port))].sort((a, b) => a - b).map((port) => tcp(port));

class EssentialBook {
  readonly groups = new Map<string, PeerSet>();

  hosts(name: string, addresses: Iterable<string>): string {
    return this.group(name, peerSet(addresses, []));
  }

  networks(name: string, cidrs: Iterable<string>): string {
    return this.group(name, peerSet([], cidrs));
  }

  rule(name: string, ports: readonly PortRange[], peers: readonly string[]): WireRule {
    return { ref: `essential/${name}`, class: 'essential', ports: [...ports], peers: [...peers] };
  }

  /** Exactly these pairs of address and port, no cross product. */
  pairs(name: string, remotes: readonly RemotePort[]): WireRule[] {
    return portsOf(remotes).map((range) => {
      const own = remotes.filter(({ port }) => port === range.from).map(({ address }) => address);
      return this.rule(name, [range], [this.hosts(`${name} ${range.from}`, own)]);
    });
  }

  private group(name: string, peers: PeerSet): string {
    const id = questionId('host', name);
    this.groups.set(id, peers);
    return id;
  }
}
