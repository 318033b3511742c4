/** Ports of a rule as NetworkPolicies can say them: TCP, UDP and SCTP. */
import type { PortRange } from '@ringfence/contracts';
import { normalisePorts } from '@ringfence/policy-engine';
import type { PortManifest } from './manifest.js';

const PROTOCOLS = new Map<number, PortManifest['protocol']>([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);
const LAST = 65_535;

export interface SaidPorts {
  /** null: every protocol and port. Empty: none can be said. */
  readonly ports: readonly PortManifest[] | null;
  readonly unsaid: readonly string[];
}

export function saidPorts(ranges: readonly PortRange[]): SaidPorts {
  const normal = normalisePorts(ranges);
  if (normal.some(({ proto }) => proto === -1)) return { ports: null, unsaid: [] };
  const all = normal.map(saidRange);
  return {
    ports: all.flatMap(({ port }) => port ?? []),
    unsaid: [...new Set(all.flatMap(({ unsaid }) => unsaid ?? []))],
  };
}

interface SaidRange {
  readonly port?: PortManifest;
  readonly unsaid?: string;
}
function saidRange({ proto, from, to = from }: PortRange): SaidRange {
  const protocol = PROTOCOLS.get(proto);
  if (protocol === undefined) return { unsaid: ICMP.has(proto) ? 'ICMP' : `protocol ${proto}` };
  if (from === undefined || to === undefined) return { port: { protocol } };
  return from === 0 && to === LAST ? { port: { protocol } } : saidInterval(protocol, from, to);
}
const ICMP = new Set([1, 58]);

function saidInterval(protocol: PortManifest['protocol'], from: number, to: number): SaidRange {
  // There is no port 0 in a NetworkPolicy.
  const unsaid = from === 0 ? { unsaid: `port 0 of ${protocol}` } : {};
  const port = Math.max(from, 1);
  if (to < port) return unsaid;
  return { ...unsaid, port: { protocol, port, ...(to > port && { endPort: to }) } };
}

/** Whether any packet could be on both. */
export function haveCommonPort(a: readonly PortRange[], b: readonly PortRange[]): boolean {
  return a.some((one) =>
    b.some((other) => {
      if (one.proto === -1 || other.proto === -1) return true;
      if (one.proto !== other.proto) return false;
      if (one.from === undefined || other.from === undefined) return true;
      return one.from <= (other.to ?? other.from) && other.from <= (one.to ?? one.from);
    }),
  );
}
