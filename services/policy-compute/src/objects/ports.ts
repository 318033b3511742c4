/** Protocols with ports or ICMP types: bodies ⇄ domain, and whether they make sense. */
import type { PortRange, ServicePortBody } from '@ringfence/contracts';
import type { Rejection } from '@ringfence/decider';
import { invalid } from './invalid.js';
import { withoutAbsent } from './view.js';
import type { Body } from './view.js';

const ICMP = [1, 58];
const WITH_PORTS = [6, 17];

export function portRangeOf(body: ServicePortBody): PortRange {
  const to = body.to_port === body.port ? undefined : body.to_port;
  const numbers = { from: body.port, to, icmpType: body.icmp_type, icmpCode: body.icmp_code };
  return { proto: body.proto, ...(withoutAbsent(numbers) as Partial<PortRange>) };
}

export function showPortRange({ proto, from, to, icmpType, icmpCode }: PortRange): Body {
  return {
    ...(from !== undefined && { port: from }),
    ...(to !== undefined && { to_port: to }),
    proto,
    // Read of every ICMP, and null where it is any.
    ...(ICMP.includes(proto) && { icmp_type: icmpType ?? null, icmp_code: icmpCode ?? null }),
  };
}

/** The first of them that makes no sense, or null. `field` is where they stand, for the message. */
export function portsProblem(ranges: readonly PortRange[], field: string): Rejection | null {
  for (const range of ranges) {
    const message = numbersProblem(range) ?? icmpProblem(range);
    if (message !== null) return invalid(`${field}: ${message}`);
  }
  return null;
}

function numbersProblem({ proto, from, to }: PortRange): string | null {
  if (from === undefined) return to === undefined ? null : 'to_port needs port';
  if (!WITH_PORTS.includes(proto)) return `protocol ${proto} has no ports`;
  return to !== undefined && to < from ? `to_port ${to} is below port ${from}` : null;
}

function icmpProblem({ proto, icmpType, icmpCode }: PortRange): string | null {
  if (icmpType === undefined) return icmpCode === undefined ? null : 'icmp_code needs icmp_type';
  return ICMP.includes(proto) ? null : `protocol ${proto} has no ICMP types`;
}

/** Whether one of them holds this port. */
export const onPort = (ranges: readonly PortRange[], port: number): boolean =>
  ranges.some(({ from, to }) => from !== undefined && port >= from && port <= (to ?? from));
