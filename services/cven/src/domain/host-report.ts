/**
 * Whom full mode would cut off from a node: the connections by which the cluster and administrators reach it now, and that
 * neither a rule nor an essential entry allows.
 */
import type { HostConnection } from '@ringfence/contracts';
import { isDenial, isIpv6, peerLookup } from '@ringfence/firewall';
import { evaluate } from '@ringfence/policy-engine';
import type { DesiredTable } from './desired-tables.calculator.js';
import type { NodeFacts, RemotePort } from './host-essentials.js';

const MOST_CONNECTIONS = 20;
const TCP = 6;
const NOBODY: ReadonlySet<string> = new Set();

/** By which the cluster and administrators reach a node. */
export function controlPorts(
  { adminPorts }: NodeFacts,
  apiServers: readonly RemotePort[],
): ReadonlySet<number> {
  const known = [...adminPorts, ...apiServers].map(({ port }) => port);
  return new Set([10_250, 2379, 2380, ...known]);
}

/** Whether the table lets somebody into the node. */
export function letsIn({ unit, model }: DesiredTable, { address: peer, port }: RemotePort): boolean {
  const members = peerLookup((group) => model.peers.get(group));
  const packet = { proto: TCP, port, peer };
  const input = { unit, direction: 'ingress', packet, members, hostAddresses: NOBODY } as const;
  return evaluate({ ...input, mode: model.mode }).verdict !== 'blocked';
}

/**
 * Whether it lets in who looks from outside: by its own address, the first of them, and by those of the node that it runs on,
 * which may hide it.
 */
export function letsInWitness(table: DesiredTable, from: readonly string[], port: number): boolean {
  const [own, ...hiding] = from;
  const isHidden = own !== undefined && hiding.length > 0 && !isJudging(table, own);
  return (
    from.every((address) => letsIn(table, { address, port })) &&
    (!isHidden || letsInHiddenPod(table, { address: own, port }))
  );
}

function isJudging({ model }: DesiredTable, address: string): boolean {
  const members = peerLookup((group) => model.peers.get(group));
  return model.judging.some((group) => members.contains(group, address, NOBODY));
}

function letsInHiddenPod({ model: { hidden, mode } }: DesiredTable, { address, port }: RemotePort): boolean {
  if (hidden === null || mode !== 'full') return true;
  const { segments, anyProtocol } = hidden.pod[isIpv6(address) ? 6 : 4];
  const segment = segments.find(({ proto, from, to }) => proto === TCP && from <= port && port <= to);
  const [first] = segment?.rules ?? anyProtocol;
  return first !== undefined && !isDenial(first.class);
}

/** `full`: the table that the node would have in full. */
export function cutByFull(full: DesiredTable, connected: readonly RemotePort[]): HostConnection[] {
  return connected
    .filter((remote) => !letsIn(full, remote))
    .slice(0, MOST_CONNECTIONS)
    .map(({ address: peer, port }) => ({ peer, proto: TCP, port }));
}
