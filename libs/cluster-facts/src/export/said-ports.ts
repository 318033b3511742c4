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
  const ports: PortManifest[] = [];
  const unsaid = new Set<string>();
  for (const { proto, from, to } of normal) {
    const protocol = PROTOCOLS.get(proto);
    if (protocol === undefined) unsaid.add(proto === 1 || proto === 58 ? 'ICMP' : `protocol ${proto}`);
    else if (from === undefined || (from === 0 && to === LAST)) ports.push({ protocol });
    else {
      // There is no port 0 in a NetworkPolicy.
      if (from === 0) unsaid.add(`port 0 of ${protocol}`);
      const [first, last] = [Math.max(from, 1), to ?? from];
      if (last >= first) ports.push({ protocol, port: first, ...(last > first && { endPort: last }) });
    }
  }
  return { ports, unsaid: [...unsaid] };
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
