/**
 * One direction's rules as chains. Single ports are found by their value, a few by comparison, ranges behind them by search; a list
 * of rules that several ports share is one chain, with one look-up of the peer's class (`class-layout.ts`).
 */
import type { RuleClass } from '@ringfence/contracts';
import { ClassedRules, FEW } from './class-layout.js';
import type { RealmClasses } from './class-layout.js';
import { isDenial } from '../model/firewall.model.js';
import type { DirectionPolicy, PortSegment } from '../model/firewall.model.js';
import { serviceName } from './names.js';
import type { ChainLayout, TableLayout } from './nft-layout.js';
import { ICMP, ICMPV6, KEYED_PROTOCOLS } from '../model/port-segments.js';

type Direction = 'in' | 'out';

/**
 * By which port what comes in is judged. A Pod has the one that was called: a proxy in it may take connections over under a
 * port of its own. On a node it is the one that answers: a Service may lead from any port to any port of the node itself.
 */
export type PortOfServer = 'called' | 'answering';

/** `i`: of a direction in which the place is isolated; `v`: by its mode. */
export type Ends = 'v' | 'i';

export interface DirectionOptions {
  readonly ends: Ends;
  /** Rules before all others. */
  readonly entry?: readonly string[];
  readonly port: PortOfServer;
}

export function policyChains(
  direction: Direction,
  policy: DirectionPolicy,
  classes: RealmClasses,
  { entry = [], ends, port }: DirectionOptions,
): TableLayout {
  const lists = [...policy.segments.map(({ rules }) => rules), policy.anyProtocol];
  const verdict = (ruleClass: RuleClass): string => verdictOf(ruleClass, ends);
  const classed = new ClassedRules(direction, lists, classes);
  const chains = new Map<string, ChainLayout>();
  const known = new Map<string, string>();
  const dispatch = new Map<number, [PortSegment, string][]>();
  for (const segment of policy.segments) {
    const content = JSON.stringify(segment.rules.map((rule) => [isDenial(rule.class), rule.peers]));
    const name = known.get(content) ?? serviceName(direction, segment.proto, segment.from);
    known.set(content, name);
    if (!chains.has(`s_${name}`))
      chains.set(`s_${name}`, { rules: classed.lines(name, segment.rules, verdict) });
    dispatch.set(segment.proto, [...(dispatch.get(segment.proto) ?? []), [segment, `jump s_${name}`]]);
  }
  const rules = [
    ...entry,
    ...classed.entry(),
    ...[...dispatch].flatMap(([proto, entries]) => dispatchRules(port, proto, entries)),
    ...classed.lines(`${direction}_any`, policy.anyProtocol, verdict),
    ...classed.exit(),
    `goto ${ends}_unmatched`,
  ];
  return { sets: classed.sets, chains: new Map([...chains, [`p_${direction}`, { rules }]]) };
}

/** `jump`, not `goto`: what a service's chain leaves undecided comes back and ends in `v_unmatched`, never in the policy. */
export function dispatchRules(
  port: PortOfServer,
  proto: number,
  entries: readonly (readonly [PortSegment, string])[],
): string[] {
  if (!KEYED_PROTOCOLS.has(proto)) return entries.map(([, jump]) => `meta l4proto ${proto} ${jump}`);
  // The reply tuple of ICMP has the echo's id in its source "port": type and code stand in the original tuple only.
  const key =
    port === 'called' || proto === ICMP || proto === ICMPV6 ? 'ct original proto-dst' : 'ct reply proto-src';
  const single = entries.filter(([{ from, to }]) => from === to);
  const ranges = entries.filter(([{ from, to }]) => from !== to);
  const these = `meta l4proto ${proto} ${key}`;
  const found = (some: typeof entries): string =>
    `${these} vmap { ${some.map(([segment, jump]) => `${keys(segment)} : ${jump}`).join(', ')} }`;
  const compared = single.map(([{ from }, jump]) => `${these} ${from} ${jump}`);
  return [
    ...(single.length > FEW ? [found(single)] : compared),
    ...(ranges.length > 0 ? [found(ranges)] : []),
  ];
}

function keys({ from, to }: PortSegment): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

export function verdictOf(ruleClass: RuleClass, ends: Ends): string {
  return `goto ${isDenial(ruleClass) ? `${ends}_deny` : 'v_allow'}`;
}
