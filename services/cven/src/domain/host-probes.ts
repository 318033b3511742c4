/** The node's own probes of its Pods, as always-allowed rules of the host: exactly the declared pairs of address and port. */
import type { Endpoint, WireRule } from '@ringfence/contracts';
import { peerSet, PROBES_REF } from '@ringfence/firewall';
import type { PeerSet } from '@ringfence/firewall';

export interface HostProbes {
  readonly rules: readonly WireRule[];
  /** Groups that only these rules name. */
  readonly groups: ReadonlyMap<string, PeerSet>;
  /** Equal for equal probes. */
  readonly key: string;
}

export function hostProbes(pods: readonly Endpoint[]): HostProbes {
  const addresses = new Map<string, { proto: number; port: number; addresses: Set<string> }>();
  for (const { pod, addresses: own } of pods) {
    for (const { proto, port } of pod?.probePorts ?? []) {
      const group = `probed-${proto}-${port}`;
      const known = addresses.get(group) ?? { proto, port, addresses: new Set() };
      for (const address of own) known.addresses.add(address);
      addresses.set(group, known);
    }
  }
  const sorted = [...addresses].sort(([a], [b]) => a.localeCompare(b));
  return {
    rules: sorted.map(([group, { proto, port }]) => ({
      ref: PROBES_REF,
      class: 'essential',
      ports: [{ proto, from: port, to: port }],
      peers: [group],
    })),
    groups: new Map(sorted.map(([group, probed]) => [group, peerSet(probed.addresses, [])])),
    key: JSON.stringify(sorted.map(([group, probed]) => [group, [...probed.addresses].sort()])),
  };
}
