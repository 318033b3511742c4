/**
 * What a node's own processes must be able to reach on the Pods that it hosts: whatever those Pods let their own host in
 * for, be it a declared probe or a rule for the container host. Exactly those pairs of address and port.
 */
import type { Endpoint, PortRange, RuleClass, Unit, WireRule } from '@ringfence/contracts';
import { questionId } from '@ringfence/policy-engine';
import { peerSet } from './addresses.js';
import type { PeerSet } from './firewall.model.js';
import { OWN_HOST, probeRules } from './policy-model.js';
import { isRuleOf } from './port-segments.js';

export interface HostedPod {
  readonly endpoint: Pick<Endpoint, 'workload' | 'addresses' | 'pod'>;
  /** Undefined while its policy is not known. */
  readonly unit: Pick<Unit, 'ingress'> | undefined;
}

export interface HostReach {
  /** Egress rules of the node, sorted by group. */
  readonly rules: readonly WireRule[];
  /** Groups that only these rules name. */
  readonly groups: ReadonlyMap<string, PeerSet>;
  /** Equal for equal reach. */
  readonly key: string;
}

interface Reached {
  readonly ref: string;
  readonly class: RuleClass;
  readonly ports: PortRange[];
  readonly addresses: Set<string>;
}

/** `isOwnHost`: whether the group holds the addresses of a Pod's own node. */
export function hostReach(pods: Iterable<HostedPod>, isOwnHost: (group: string) => boolean): HostReach {
  const reached = new Map<string, Reached>();
  for (const pod of pods) {
    for (const { ref, class: ruleClass, ports } of rulesForHost(pod, isOwnHost)) {
      const group = questionId('hosted', ref, ports);
      const known = reached.get(group) ?? { ref, class: ruleClass, ports, addresses: new Set<string>() };
      reached.set(group, known);
      for (const address of pod.endpoint.addresses) known.addresses.add(address);
    }
  }
  const sorted = [...reached].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    rules: sorted.map(([group, { ref, class: ruleClass, ports }]) => ({
      ref,
      class: ruleClass,
      ports,
      peers: [group],
    })),
    groups: new Map(sorted.map(([group, { addresses }]) => [group, peerSet(addresses, [])])),
    key: JSON.stringify(sorted.map(([group, { addresses }]) => [group, [...addresses].sort()])),
  };
}

function rulesForHost({ endpoint, unit }: HostedPod, isOwnHost: (group: string) => boolean): WireRule[] {
  const allowed = (unit?.ingress ?? []).filter(
    (rule) =>
      (rule.class === 'allow' || rule.class === 'essential') &&
      rule.peers.some((peer) => peer === OWN_HOST || isOwnHost(peer)) &&
      isRuleOf(rule, endpoint.workload),
  );
  return [...probeRules(endpoint.pod?.probePorts ?? []), ...allowed];
}
