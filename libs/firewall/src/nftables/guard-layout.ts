/**
 * A node's forward path. Behind a translated address (NodePort, load balancer) a Pod sees its own or another node instead
 * of the client; here, before the source is translated, the client is still visible. So a translated connection to a Pod,
 * of this node or another, is judged for its real client by the Pod's own policy, in both directions, and what was found is
 * said to the Pod (`judgement.ts`). A Pod that reaches itself through its own Service is always allowed.
 *
 *   hook_forward ─▶ (hairpin) ─▶ guard_4/6 ─vmap (address, protocol, port)─▶ s_guard_… ─▶ pass | undecided | drop
 *   hook_arriving: no word of a node that it cannot be from
 *   hook_leaving: what leaves under the node's address says so
 */
import type { RuleClass } from '@ringfence/contracts';
import { isIpv6 } from '../model/addresses.js';
import { ClassedRules } from './class-layout.js';
import type { RealmClasses } from './class-layout.js';
import { isDenial } from '../model/firewall.model.js';
import type { ForwardGuard, GuardedPort } from '../model/firewall.model.js';
import { FAMILIES, writerChain } from './flow-sets.js';
import { serviceName } from './names.js';
import type { ChainLayout, TableLayout } from './nft-layout.js';
import { arrivingChain, distrust, sayingChains, verdictMarks } from './judgement.js';

/** `hasFlowSets`: what the guard drops is counted as blocked; a table with nothing but the guard only counts packets. */
export function guardLayout(guard: ForwardGuard, classes: RealmClasses, hasFlowSets: boolean): TableLayout {
  const classed = new ClassedRules(
    'guard',
    guard.targets.map(({ rules }) => rules),
    classes,
  );
  const chains = new Map<string, ChainLayout>();
  const known = new Map<string, string>();
  const dispatch = { 4: [] as string[], 6: [] as string[] };
  for (const target of guard.targets) {
    const { mode, rules } = target;
    const content = JSON.stringify([mode, rules.map((rule) => [isDenial(rule.class), rule.peers])]);
    const name = known.get(content) ?? serviceName('guard', known.size, target.port);
    known.set(content, name);
    if (!chains.has(`s_${name}`)) chains.set(`s_${name}`, { rules: targetRules(name, target, classed) });
    dispatch[isIpv6(target.address) ? 6 : 4].push(
      `${target.address} . ${target.proto} . ${target.port} : goto s_${name}`,
    );
  }
  const counted = hasFlowSets ? [`ct direction original jump ${writerChain('nb')}`] : [];
  const all: [string, ChainLayout][] = [
    ...chains,
    arrivingChain(),
    ['guard_pass', { rules: [verdictMarks.allowed, 'accept'] }],
    ['guard_undecided', { rules: [verdictMarks.undecided, 'accept'] }],
    ['guard_drop', { rules: [...counted, 'counter name c_guard', 'drop'] }],
    ...FAMILIES.flatMap((family) => dispatchChains(family, dispatch[family])),
    [
      'hook_forward',
      {
        hook: 'type filter hook forward priority filter - 10; policy accept;',
        rules: [
          ...distrust(),
          verdictMarks.forwarded,
          ...FAMILIES.flatMap((family) => hairpinRules(family, guard.hairpins)),
          ...FAMILIES.flatMap((family) => [
            `meta nfproto ipv${family} ct status dnat ct direction original goto guard_${family}`,
            `meta nfproto ipv${family} ct status dnat ct direction reply goto guard_back_${family}`,
          ]),
        ],
      },
    ],
    ...sayingChains(guard.podNetworks),
  ];
  return { sets: classed.sets, chains: new Map(all) };
}

/** Its own requests come back to it with the source still untranslated here; likewise its answers. */
function hairpinRules(family: 4 | 6, addresses: readonly string[]): string[] {
  const header = family === 4 ? 'ip' : 'ip6';
  const own = addresses.filter((address) => isIpv6(address) === (family === 6));
  if (own.length === 0) return [];
  const pairs = own.map((address) => `${address} . ${address}`).join(', ');
  return [`ct status dnat ${header} saddr . ${header} daddr { ${pairs} } goto guard_pass`];
}

function dispatchChains(family: 4 | 6, entries: readonly string[]): [string, ChainLayout][] {
  const header = family === 4 ? 'ip' : 'ip6';
  const map = `vmap { ${entries.join(', ')} }`;
  const there = entries.length === 0 ? [] : [`${header} daddr . meta l4proto . th dport ${map}`];
  const back = entries.length === 0 ? [] : [`${header} saddr . meta l4proto . th sport ${map}`];
  return [
    [`guard_${family}`, { rules: [...there, 'goto guard_undecided'] }],
    [`guard_back_${family}`, { rules: [...back, 'accept'] }],
  ];
}

/** Only what a rule allows is passed as allowed; whatever else goes through is left for the Pod to see. */
function targetRules(name: string, { mode, rules }: GuardedPort, classed: ClassedRules): string[] {
  const denied = mode === 'visibility_only' ? 'goto guard_undecided' : 'goto guard_drop';
  const verdict = (ruleClass: RuleClass): string => (isDenial(ruleClass) ? denied : 'goto guard_pass');
  const rest = mode === 'full' ? 'goto guard_drop' : 'goto guard_undecided';
  return [...classed.entry(), ...classed.lines(name, rules, verdict), ...classed.exit(), rest];
}
