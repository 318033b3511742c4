/** The node's always-allowed as others are told of it: addresses instead of groups that only this agent knows. */
import type { NodeEssential } from '@ringfence/contracts';
import type { PeerSet } from '@ringfence/firewall';
import type { HostEssentials } from './host-essentials.js';

export function toldEssentials(essentials: HostEssentials | undefined): NodeEssential[] {
  if (essentials === undefined) return [];
  const { groups } = essentials;
  return (['ingress', 'egress'] as const).flatMap((direction) =>
    essentials[direction].map(({ ref, ports, peers }) => ({
      ref,
      direction,
      ports,
      cidrs: peers.flatMap((peer) => cidrsOf(groups.get(peer))),
      groups: peers.filter((peer) => !groups.has(peer)),
    })),
  );
}

function cidrsOf(set: PeerSet | undefined): string[] {
  if (set === undefined) return [];
  const hosts4 = [...set.hosts4].map((address) => `${address}/32`);
  const hosts6 = [...set.hosts6].map((address) => `${address}/128`);
  return [...hosts4, ...hosts6, ...set.cidrs4, ...set.cidrs6];
}
