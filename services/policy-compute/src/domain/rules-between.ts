/** Which rules speak about a connection, by labels alone: all of them, not only the one that decides. */
import type { PortRange } from '@ringfence/contracts';
import { rulesAbout } from '@ringfence/policy-engine';
import type { Packet } from '@ringfence/policy-engine';
import { enforced, membersFor } from './judged-by-labels.js';
import type { Connection, StandingOf } from './judged-by-labels.js';

export type Ends = Pick<Connection, 'from' | 'to'>;
export type OnPorts = Connection['packet'];

/** Their hrefs: rules that speak, at either end, about all of these packets. */
export function rulesBetween(ends: Ends, packets: readonly OnPorts[], standing: StandingOf): string[] {
  const [first = new Set<string>(), ...others] = packets.map((packet) => speaking(ends, packet, standing));
  return [...first].filter((ref) => others.every((refs) => refs.has(ref)));
}

function speaking({ from, to }: Ends, packet: OnPorts, standing: StandingOf): Set<string> {
  const members = membersFor(from, to, standing);
  const [source, destination] = [enforced(from, standing), enforced(to, standing)];
  const about = (peer: string): Packet => ({ ...packet, peer });
  const found = [
    ...(source === null
      ? []
      : rulesAbout({ ...source, members, direction: 'egress', packet: about(`to:${to.token}`) })),
    ...(destination === null
      ? []
      : rulesAbout({ ...destination, members, direction: 'ingress', packet: about(`from:${from.token}`) })),
  ];
  return new Set(found.map(({ ref }) => ref));
}

const ANY_PROTOCOL = -1;
const ICMP = [1, 58];
/** SCTP stands for every protocol that is neither TCP nor UDP. */
const SOME_PROTOCOLS = [6, 17, 132];
const LAST_PORT = 65_535;

/** The edges of a range: a rule that speaks about them speaks about all of it, as its own ranges are whole. */
export function packetsOf({ proto, from, to, icmpType, icmpCode }: PortRange): OnPorts[] {
  if (proto === ANY_PROTOCOL) return SOME_PROTOCOLS.flatMap((each) => packetsOf({ proto: each }));
  if (ICMP.includes(proto)) return [{ proto, port: (icmpType ?? 0) * 256 + (icmpCode ?? 0) }];
  const ports = [from ?? 0, to ?? from ?? LAST_PORT];
  return [...new Set(ports)].map((port) => ({ proto, port }));
}
