/** Ports of services: one normal form, and whether a packet is on them. */
import type { PortRange } from '@ringfence/contracts';

const ANY_PROTOCOL = -1;
const ICMP = 1;
const ICMPV6 = 58;

/** What of a packet a rule can ask about; `peer` is the other end's address as this end sees it. */
export interface Packet {
  readonly proto: number;
  /** Destination port; for ICMP type · 256 + code, as in flows, where `icmp` is absent. */
  readonly port: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly peer: string;
}

const isIcmp = (proto: number): boolean => proto === ICMP || proto === ICMPV6;

/** Disjoint and sorted, so that equal services have equal text; everything swallows what it covers. */
export function normalisePorts(ranges: readonly PortRange[]): PortRange[] {
  if (ranges.some((range) => range.proto === ANY_PROTOCOL)) return [{ proto: ANY_PROTOCOL }];
  if (ranges.length === 1) return normaliseProtocol(ranges[0]!.proto, ranges);
  const protocols = [...new Set(ranges.map((range) => range.proto))].sort((a, b) => a - b);
  return protocols.flatMap((proto) => {
    return normaliseProtocol(
      proto,
      ranges.filter((range) => range.proto === proto),
    );
  });
}

const normaliseProtocol = (proto: number, ranges: readonly PortRange[]): PortRange[] =>
  isIcmp(proto) ? normaliseIcmp(proto, ranges) : mergePorts(proto, ranges);

function mergePorts(proto: number, ranges: readonly PortRange[]): PortRange[] {
  if (ranges.some((range) => range.from === undefined)) return [{ proto }];
  if (ranges.length === 1) return [closed(proto, ranges[0]!)];
  const sorted = ranges.map((range) => closed(proto, range)).sort((a, b) => a.from - b.from);
  const merged: { proto: number; from: number; to: number }[] = [];
  for (const next of sorted) {
    const previous = merged.at(-1);
    if (previous === undefined || next.from > previous.to + 1) merged.push(next);
    else previous.to = Math.max(previous.to, next.to);
  }
  return merged;
}

const closed = (proto: number, { from, to }: PortRange): { proto: number; from: number; to: number } => ({
  proto,
  from: from!,
  to: Math.max(to ?? from!, from!),
});

function normaliseIcmp(proto: number, ranges: readonly PortRange[]): PortRange[] {
  if (ranges.some((range) => range.icmpType === undefined)) return [{ proto }];
  const wholeTypes = new Set(
    ranges.filter((range) => range.icmpCode === undefined).map((range) => range.icmpType!),
  );
  const codes = ranges
    .filter((range) => range.icmpCode !== undefined && !wholeTypes.has(range.icmpType!))
    .map((range) => range.icmpType! * 256 + range.icmpCode!);
  const normal: PortRange[] = [
    ...[...wholeTypes].map((icmpType) => ({ proto, icmpType })),
    ...[...new Set(codes)].map((code) => ({ proto, icmpType: code >>> 8, icmpCode: code & 255 })),
  ];
  return normal.sort((a, b) => a.icmpType! - b.icmpType! || (a.icmpCode ?? -1) - (b.icmpCode ?? -1));
}

export function onPorts(ranges: readonly PortRange[], packet: Packet): boolean {
  return ranges.some((range) => onRange(range, packet));
}

function onRange(range: PortRange, packet: Packet): boolean {
  if (range.proto === ANY_PROTOCOL) return true;
  if (range.proto !== packet.proto) return false;
  if (isIcmp(packet.proto)) return onIcmp(range, packet);
  if (range.from === undefined) return true;
  return packet.port >= range.from && packet.port <= (range.to ?? range.from);
}

function onIcmp(range: PortRange, packet: Packet): boolean {
  const { type, code } = packet.icmp ?? { type: packet.port >>> 8, code: packet.port & 255 };
  if (range.icmpType === undefined) return true;
  return range.icmpType === type && (range.icmpCode === undefined || range.icmpCode === code);
}
