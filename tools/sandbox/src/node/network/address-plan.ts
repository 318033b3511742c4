/**
 * Which addresses an instance of the sandbox uses. Instances on one machine share the host's routing table, so each takes a slot:
 * a node network 172.30.<slot>.0/24 and a Pod network 10.<244 + slot>.0.0/16. Service addresses exist only inside the nodes and
 * may repeat. Pure; which slots are taken is the caller's to find out.
 */

export interface AddressPlan {
  slot: number;
  /** The bridge of the host: how nodes and Pods reach servers of the host. */
  hostAddress: string;
  nodeNetwork: string;
  podNetwork: string;
}

export interface NodeAddresses {
  address: string;
  podCidr: string;
}

export const slotCount = 12;
export const maxNodes = 200;

export function planForSlot(slot: number, nodeNetworkPrefix = '172.30'): AddressPlan {
  return {
    slot,
    hostAddress: `${nodeNetworkPrefix}.${slot}.1`,
    nodeNetwork: `${nodeNetworkPrefix}.${slot}.0/24`,
    podNetwork: `10.${244 + slot}.0.0/16`,
  };
}

/** Nodes count from 1; node n has the host part n + 10 and the n-th /24 of the Pod network. */
export function nodeAddresses(plan: AddressPlan, node: number): NodeAddresses {
  if (!Number.isInteger(node) || node < 1 || node > maxNodes)
    throw new Error(`a sandbox has 1 to ${maxNodes} nodes, not ${node}`);
  return {
    address: plan.nodeNetwork.replace('.0/24', `.${node + 10}`),
    podCidr: plan.podNetwork.replace('.0.0/16', `.${node}.0/24`),
  };
}

/** Slots in the order to try: those whose networks no route or address of the host touches. */
export function freeSlots(usedNetworks: readonly string[], nodeNetworkPrefix?: string): number[] {
  const used = usedNetworks.flatMap((network) => parseNetwork(network) ?? []);
  return Array.from({ length: slotCount }, (_, slot) => slot).filter((slot) => {
    const plan = planForSlot(slot, nodeNetworkPrefix);
    const own = [plan.nodeNetwork, plan.podNetwork].flatMap((network) => parseNetwork(network) ?? []);
    return own.every((mine) => used.every((other) => !overlaps(mine, other)));
  });
}

interface Network {
  first: number;
  last: number;
}

function parseNetwork(text: string): Network | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const address = match.slice(1, 5).reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(match[5] ?? 32));
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

function overlaps(left: Network, right: Network): boolean {
  return left.first <= right.last && right.first <= left.last;
}
