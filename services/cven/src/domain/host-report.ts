/**
 * Whom full mode would cut off from a node: the connections by which the cluster and administrators reach it now, and that
 * neither a rule nor an essential entry allows.
 */
import type { HostConnection } from '@ringfence/contracts';
import { peerLookup } from '@ringfence/firewall';
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

/** `full`: the table that the node would have in full. */
export function cutByFull(full: DesiredTable, connected: readonly RemotePort[]): HostConnection[] {
  return connected
    .filter((remote) => !letsIn(full, remote))
    .slice(0, MOST_CONNECTIONS)
    .map(({ address: peer, port }) => ({ peer, proto: TCP, port }));
}
