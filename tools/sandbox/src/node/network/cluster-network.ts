/**
 * The network below the nodes: one network namespace per node, a veth pair from each to a bridge of the host, routes between
 * the nodes and from the host to the Pods. What happens inside a node (Pods, Services) is for containerd and the node agent.
 *
 *   host: bridge 172.30.s.1 ──┬── veth ── eth0 172.30.s.11 [netns node 1] ── Pods 10.x.1.0/24
 *                             └── veth ── eth0 172.30.s.12 [netns node 2] ── Pods 10.x.2.0/24
 */
import { runCommand } from '../command.js';
import { type InstanceNames, nodeLink, nodeNetns } from '../names.js';
import { withMachineLock } from './machine-lock.js';
import { type AddressPlan, freeSlots, maxNodes, nodeAddresses, planForSlot } from './address-plan.js';

/** Clean-up finds the reservation of a Pod network by this metric. */
export const reservedRouteMetric = 30_100;

export interface NodeNetwork {
  node: number;
  address: string;
  podCidr: string;
  netns: string;
}

/** Creates the bridge on the first free slot, the Pod route included, so that the next sandbox sees the slot taken. */
export function createBridge(names: InstanceNames, nodeNetworkPrefix?: string): Promise<AddressPlan> {
  return withMachineLock(() => createBridgeOnFreeSlot(names, nodeNetworkPrefix));
}

async function createBridgeOnFreeSlot(
  names: InstanceNames,
  nodeNetworkPrefix?: string,
): Promise<AddressPlan> {
  const slots = freeSlots(await usedNetworks(), nodeNetworkPrefix);
  const slot = slots[0];
  if (slot === undefined)
    throw new Error('no free address range is left for another sandbox on this machine');
  const plan = planForSlot(slot, nodeNetworkPrefix);
  await ipBatch([
    `link add ${names.bridge} type bridge`,
    `address add ${plan.hostAddress}/24 dev ${names.bridge}`,
    `link set ${names.bridge} up`,
    // Less specific than the nodes' routes: it marks the range as taken and keeps calls to vanished nodes from leaving the machine.
    `route add unreachable ${plan.podNetwork} metric ${reservedRouteMetric + plan.slot}`,
  ]);
  return plan;
}

export async function createNodeNetworks(
  names: InstanceNames,
  plan: AddressPlan,
  count: number,
): Promise<NodeNetwork[]> {
  if (count > maxNodes) throw new Error(`a sandbox has at most ${maxNodes} nodes`);
  const networks = Array.from({ length: count }, (_, index): NodeNetwork => {
    const node = index + 1;
    return { node, ...nodeAddresses(plan, node), netns: `/run/netns/${nodeNetns(names, node)}` };
  });
  for (const network of networks) await createNodeNetwork(names, plan, network, networks);
  await ipBatch(
    networks.map(({ podCidr, address }) => `route replace ${podCidr} via ${address} dev ${names.bridge}`),
  );
  return networks;
}

async function createNodeNetwork(
  names: InstanceNames,
  plan: AddressPlan,
  own: NodeNetwork,
  all: readonly NodeNetwork[],
): Promise<void> {
  const netns = nodeNetns(names, own.node);
  const link = nodeLink(names, own.node);
  await ipBatch([
    `netns add ${netns}`,
    `link add ${link} type veth peer name eth0 netns ${netns}`,
    `link set ${link} master ${names.bridge} up`,
  ]);
  const routes = all
    .filter((other) => other.node !== own.node)
    .map((other) => `route add ${other.podCidr} via ${other.address}`);
  await ipBatch(
    // The default route also covers the Service addresses: without a route the kernel refuses before it translates.
    [
      'link set lo up',
      `address add ${own.address}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${plan.hostAddress}`,
      ...routes,
    ],
    netns,
  );
  await runCommand('nsenter', [`--net=${own.netns}`, 'sh', '-c', forwardingSysctls]);
  await runCommand('nsenter', [`--net=${own.netns}`, 'nft', '-f', '-'], { input: connectionTracking });
}

// The kernel tracks connections only while some rule asks for it. On a real node kube-proxy was there before anything
// connected; without this, the direction of the node's first connections would be guessed from the first packet seen later.
const connectionTracking = `table inet sandbox-tracking {
  chain in { type filter hook input priority 0; policy accept; ct state new accept; }
  chain out { type filter hook output priority 0; policy accept; ct state new accept; }
}
`;

// Pods answer to addresses of other interfaces (translated Services), which strict reverse-path filtering would drop.
const forwardingSysctls = [
  'echo 1 > /proc/sys/net/ipv4/ip_forward',
  'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter',
  'echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter',
].join(' && ');

async function usedNetworks(): Promise<string[]> {
  const [routes, addresses] = await Promise.all([
    runCommand('ip', ['-4', '-json', 'route', 'show', 'table', 'all']),
    runCommand('ip', ['-4', '-json', 'address']),
  ]);
  const destinations = (JSON.parse(routes) as { dst: string }[]).map((route) => route.dst);
  const local = (JSON.parse(addresses) as { addr_info?: { local: string; prefixlen: number }[] }[]).flatMap(
    (link) => (link.addr_info ?? []).map((info) => `${info.local}/${info.prefixlen}`),
  );
  return [...destinations.filter((destination) => destination !== 'default'), ...local];
}

async function ipBatch(lines: readonly string[], netns?: string): Promise<void> {
  if (lines.length === 0) return;
  await runCommand('ip', [...(netns === undefined ? [] : ['-n', netns]), '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
  });
}
