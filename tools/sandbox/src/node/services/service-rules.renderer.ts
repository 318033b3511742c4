/**
 * The nft text that makes Services work on one node, as kube-proxy would: a call to a service address or node port is sent
 * to a random backend; a port without backends is refused. One table, replaced as a whole in one transaction. Pure, total, and
 * equal input gives equal text, so that the caller can leave out a load that would change nothing.
 */
import type { Backend, ServicePort } from './service-table.js';

export interface ServiceRulesInput {
  ports: readonly ServicePort[];
  /** All Pods of the cluster: from them a node port counts as a call from inside. */
  podNetwork: string;
  /** Pods reach the world outside with their node's address. */
  isOverlay: boolean;
}

const serviceTableName = 'sandbox-services';

// "Give this connection the node's source address on its way out", as kube-proxy's own mark.
const masqueradeMark = '0x4000';

export function renderServiceRules({ ports, podNetwork, isOverlay }: ServiceRulesInput): string {
  const served = ports.map((port, index) => ({ ...port, chain: `svc_${index}` }));
  const clusterElements = served
    .filter(isAnswered)
    .map((port) => `${port.protocol} . ${port.clusterAddress} . ${port.port} : goto ${port.chain}`);
  const nodeElements = served
    .filter((port) => port.nodePort !== undefined && port.backends.length > 0)
    .map((port) => `${port.protocol} . ${port.nodePort} : goto ${port.chain}_node`);
  const refusedCluster = served
    .filter((port) => !isAnswered(port))
    .map((port) => `${port.protocol} . ${port.clusterAddress} . ${port.port}`);
  const refusedNode = served
    .filter((port) => port.nodePort !== undefined && port.backends.length === 0)
    .map((port) => `${port.protocol} . ${port.nodePort}`);
  const hairpins = [
    ...new Set(served.flatMap((port) => port.backends.map((backend) => backend.address))),
  ].sort();
  return `table ip ${serviceTableName}
delete table ip ${serviceTableName}
table ip ${serviceTableName} {
${served.flatMap((port) => serviceChains(port, podNetwork)).join('\n')}
${map('cluster_addresses', 'inet_proto . ipv4_addr . inet_service : verdict', clusterElements)}
${map('node_ports', 'inet_proto . inet_service : verdict', nodeElements)}
${set('refused_addresses', 'inet_proto . ipv4_addr . inet_service', refusedCluster)}
${set('refused_node_ports', 'inet_proto . inet_service', refusedNode)}
${set(
  'hairpins',
  'ipv4_addr . ipv4_addr',
  hairpins.map((address) => `${address} . ${address}`),
)}
  chain services {
    meta l4proto . ip daddr . th dport vmap @cluster_addresses
    fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @node_ports
  }
  chain prerouting { type nat hook prerouting priority -100; policy accept; jump services; }
  chain output { type nat hook output priority -100; policy accept; jump services; }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    meta mark & ${masqueradeMark} == ${masqueradeMark} masquerade
    ip saddr . ip daddr @hairpins ct status dnat masquerade
${isOverlay ? `    ip saddr ${podNetwork} ip daddr != ${podNetwork} masquerade\n` : ''}  }
  chain refuse {
    meta l4proto . ip daddr . th dport @refused_addresses reject
  }
  chain refuse_forward { type filter hook forward priority 0; policy accept; jump refuse; }
  chain refuse_output { type filter hook output priority 0; policy accept; jump refuse; }
  chain refuse_input {
    type filter hook input priority 0; policy accept;
    fib daddr type local meta l4proto . th dport @refused_node_ports reject
  }
}
`;
}

type ChainedPort = ServicePort & { chain: string };

function internalBackends(port: ServicePort): readonly Backend[] {
  return port.isInternalLocal ? port.backends.filter((backend) => backend.isLocal) : port.backends;
}

function isAnswered(port: ServicePort): boolean {
  return internalBackends(port).length > 0;
}

function serviceChains(port: ChainedPort, podNetwork: string): string[] {
  const chains: string[] = [];
  if (isAnswered(port)) chains.push(chain(port.chain, port.id, [translate(port, internalBackends(port))]));
  if (port.nodePort !== undefined && port.backends.length > 0) {
    chains.push(chain(`${port.chain}_node`, `${port.id} node port`, nodePortRules(port, podNetwork)));
  }
  return chains;
}

function nodePortRules(port: ChainedPort, podNetwork: string): string[] {
  const everywhere = [`meta mark set meta mark | ${masqueradeMark}`, translate(port, port.backends)];
  if (!port.isExternalLocal) return everywhere;
  // Calls from inside the cluster may go anywhere; from outside only to this node's Pods, which then see the caller's address.
  const local = port.backends.filter((backend) => backend.isLocal);
  const inside = everywhere.flatMap((rule) => [
    `ip saddr ${podNetwork} ${rule}`,
    `fib saddr type local ${rule}`,
  ]);
  return [...inside, local.length > 0 ? translate(port, local) : 'drop'];
}

function translate(port: ServicePort, backends: readonly Backend[]): string {
  const prefix = `meta l4proto ${port.protocol}`;
  if (backends.length === 1) return `${prefix} dnat to ${backends[0]?.address}:${backends[0]?.port}`;
  const choices = backends
    .map((backend, index) => `${index} : ${backend.address} . ${backend.port}`)
    .join(', ');
  return `${prefix} dnat to numgen random mod ${backends.length} map { ${choices} }`;
}

function chain(name: string, comment: string, rules: readonly string[]): string {
  return `  # ${comment}\n  chain ${name} {\n${rules.map((rule) => `    ${rule}`).join('\n')}\n  }`;
}

function map(name: string, type: string, elements: readonly string[]): string {
  return `  map ${name} { type ${type}; ${elementList(elements)}}`;
}

function set(name: string, type: string, elements: readonly string[]): string {
  return `  set ${name} { type ${type}; ${elementList(elements)}}`;
}

function elementList(elements: readonly string[]): string {
  return elements.length === 0 ? '' : `elements = { ${elements.join(', ')} }; `;
}
