/** What the kernel would do with a packet, read off the model in plain loops: an oracle that must stay too simple to be wrong. */
import type { Verdict } from '@ringfence/contracts';
import { parseAddress, parseCidr } from '@ringfence/policy-engine';
import type { ChainRule, FirewallModel, PeerSet } from '../model/firewall.model.js';

export interface NaivePacket {
  readonly direction: 'ingress' | 'egress';
  readonly proto: number;
  /** As conntrack keeps it: for ICMP type · 256 + code. */
  readonly port: number;
  readonly peer: string;
}

export function naiveKernel(model: FirewallModel, packet: NaivePacket): Verdict {
  if (model.mode === 'idle') return 'unknown';
  const mode = model.isolated?.[packet.direction] === true ? 'full' : model.mode;
  const policy = model[packet.direction];
  const segment = policy.segments.find(
    ({ proto, from, to }) => proto === packet.proto && from <= packet.port && packet.port <= to,
  );
  for (const rule of [...(segment?.rules ?? []), ...policy.anyProtocol]) {
    if (!rule.peers.some((peer) => isIn(model.peers.get(peer)!, packet.peer))) continue;
    return verdictOn(rule, mode);
  }
  return mode === 'full' ? 'blocked' : 'potentially_blocked';
}

function verdictOn({ class: ruleClass }: ChainRule, mode: FirewallModel['mode']): Verdict {
  if (ruleClass === 'essential' || ruleClass === 'allow') return 'allowed';
  return mode === 'visibility_only' ? 'potentially_blocked' : 'blocked';
}

function isIn(set: PeerSet, address: string): boolean {
  const value = parseAddress(address)!;
  if (set.hosts4.has(address) || set.hosts6.has(address)) return true;
  return [...set.cidrs4, ...set.cidrs6].some((cidr) => {
    const { version, first, last } = parseCidr(cidr)!;
    return version === value.version && first <= value.value && value.value <= last;
  });
}
