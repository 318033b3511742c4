/** The inside of a service's chain: which peer sets are looked up, in which order, and where a hit goes. */
import type { RuleClass } from '@ringfence/contracts';
import type { ChainRule, PeerSet } from './firewall.model.js';
import { FAMILIES } from './flow-sets.js';
import { peerSetName } from './names.js';

/** One line per set of every peer group; a group that an earlier rule has judged needs no second look-up. */
export function lookups(
  rules: readonly ChainRule[],
  peers: ReadonlyMap<string, PeerSet>,
  key: (family: 4 | 6) => string,
  verdict: (ruleClass: RuleClass) => string,
): string[] {
  const groups = new Map<string, RuleClass>();
  for (const rule of rules)
    for (const group of rule.peers) if (!groups.has(group)) groups.set(group, rule.class);
  return [...groups].flatMap(([group, ruleClass]) =>
    FAMILIES.flatMap((family) => {
      const cidrs = family === 4 ? peers.get(group)?.cidrs4 : peers.get(group)?.cidrs6;
      const kinds = (cidrs?.length ?? 0) > 0 ? (['h', 'n'] as const) : (['h'] as const);
      return kinds.map((kind) => `${key(family)} @${peerSetName(kind, group, family)} ${verdict(ruleClass)}`);
    }),
  );
}

/** Denies only what is denied by class; both allow classes lead to the same mark. */
export function verdictChain(ruleClass: RuleClass): 'v_allow' | 'v_deny' {
  return ruleClass === 'deny' || ruleClass === 'override_deny' ? 'v_deny' : 'v_allow';
}
