/**
 * Rules with overlapping services → disjoint ranges per protocol, each with its rules in order: nft refuses
 * overlapping keys in a verdict map, and one look-up must find the whole truth about a port.
 */
import type { PortRange, WireRule } from '@ringfence/contracts';
import { FirewallInputError } from './firewall.model.js';
import type { ChainRule, DirectionPolicy, PortSegment } from './firewall.model.js';

export const ICMP = 1;
export const ICMPV6 = 58;
/** Protocols whose conntrack entry has a port (or ICMP's type and code) as its destination. */
export const KEYED_PROTOCOLS: ReadonlySet<number> = new Set([ICMP, 6, 17, 33, ICMPV6, 132, 136]);

const FULL: readonly [number, number] = [0, 65_535];

/** `rules` are in evaluation order already; so are the rules of every segment. */
export function directionPolicy(rules: readonly WireRule[]): DirectionPolicy {
  const protocols = new Set(rules.flatMap((rule) => rule.ports.map((range) => range.proto)));
  protocols.delete(-1);
  return {
    segments: [...protocols].sort((a, b) => a - b).flatMap((proto) => protocolSegments(proto, rules)),
    anyProtocol: rules.filter((rule) => rule.ports.some((range) => range.proto === -1)).map(chainRule),
  };
}

/** The rules of one workload that speak about one port, in order. */
export function rulesOnPort(
  rules: readonly WireRule[],
  of: { readonly workload: string | null; readonly proto: number; readonly port: number },
): ChainRule[] {
  const covers = (range: PortRange): boolean => {
    if (range.proto === -1) return true;
    const [from, to] = keyRange(range);
    return range.proto === of.proto && from <= of.port && of.port <= to;
  };
  return rules.filter((rule) => isRuleOf(rule, of.workload) && rule.ports.some(covers)).map(chainRule);
}

/** False for a rule that names workloads of the label set, and not this one. */
export function isRuleOf({ onlyWorkloads }: WireRule, workload: string | null): boolean {
  return onlyWorkloads === undefined || (workload !== null && onlyWorkloads.includes(workload));
}

/** The keys of one range, as conntrack sees them. */
function keyRange(range: PortRange): readonly [number, number] {
  if (range.proto === ICMP || range.proto === ICMPV6) return icmpRange(range);
  if (range.from === undefined || !KEYED_PROTOCOLS.has(range.proto)) return FULL;
  const to = range.to ?? range.from;
  if (to < range.from)
    throw new FirewallInputError(
      'invalid_port_range',
      `port range ${range.from}-${to} ends before it begins`,
    );
  return [range.from, to];
}

function icmpRange(range: PortRange): readonly [number, number] {
  if (range.icmpType === undefined) return FULL;
  const first = range.icmpType * 256;
  return range.icmpCode === undefined
    ? [first, first + 255]
    : [first + range.icmpCode, first + range.icmpCode];
}

function protocolSegments(proto: number, rules: readonly WireRule[]): PortSegment[] {
  const spans = rules.flatMap((rule, order) =>
    rule.ports.filter((range) => range.proto === proto).map((range) => ({ order, keys: keyRange(range) })),
  );
  const always = new Set(
    rules.flatMap((rule, order) => (rule.ports.some((range) => range.proto === -1) ? [order] : [])),
  );
  const starts = [...new Set(spans.flatMap(({ keys: [from, to] }) => [from, to + 1]))].sort((a, b) => a - b);
  const segments: { from: number; to: number; orders: number[] }[] = [];
  starts.slice(0, -1).forEach((from, i) => {
    const to = (starts[i + 1] ?? from + 1) - 1;
    const covering = spans.filter(({ keys }) => keys[0] <= from && from <= keys[1]).map(({ order }) => order);
    if (covering.length === 0) return;
    const orders = [...new Set([...covering, ...always])].sort((a, b) => a - b);
    const previous = segments[segments.length - 1];
    if (previous !== undefined && previous.to === from - 1 && sameNumbers(previous.orders, orders))
      previous.to = to;
    else segments.push({ from, to, orders });
  });
  return segments.map(({ from, to, orders }) => ({
    proto,
    from,
    to,
    rules: orders.flatMap((order) => {
      const rule = rules[order];
      return rule === undefined ? [] : [chainRule(rule)];
    }),
  }));
}

function chainRule(rule: WireRule): ChainRule {
  return { ref: rule.ref, class: rule.class, peers: rule.peers };
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
